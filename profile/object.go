package profile

import "muster/event"

// Object returns all traits as one object, missing when there are none. It is
// slow and meant for people.
func (t *Traits) Object() event.Value {
	var pairs []event.Value
	last := ""
	for l := range t.all() {
		key := firstKey(l.path)
		if len(pairs) > 0 && key == last {
			continue
		}
		if value := t.Get(PathOf(key)); !value.IsMissing() {
			pairs, last = append(pairs, event.StringOf(key), value), key
		}
	}
	if len(pairs) == 0 {
		return event.Value{}
	}
	return event.ObjectOf(pairs)
}
