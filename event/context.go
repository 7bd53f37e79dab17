package event

import (
	"slices"

	"github.com/valyala/fastjson"
)

// sharedFields is how many fields the context of a batch may have. One of
// more is passed over.
const sharedFields = 64

// fewNames is up to how many names are compared one by one.
const fewNames = 8

// contextReader is what a Decoder reads of contexts.
type contextReader struct {
	some  bool // only the fields named; else all
	names []string
	slot  map[string]int    // index in names, nil where they are few
	found []*fastjson.Value // by slot
}

// ReadContext says which fields of a context, such as device, Decode gives to
// an event from now on: those of these names, for nil none. A new Decoder
// gives all, which takes the more time the more clients send.
func (d *Decoder) ReadContext(names []string) {
	if d.contexts.some && slices.Equal(d.contexts.names, names) {
		return
	}
	r := contextReader{some: true, names: slices.Clone(names), found: make([]*fastjson.Value, len(names))}
	if len(names) > fewNames {
		r.slot = make(map[string]int, len(names))
		for i, name := range names {
			r.slot[name] = i
		}
	}
	d.contexts = r
}

// any reports whether any field is asked for.
func (r *contextReader) any() bool { return !r.some || len(r.names) > 0 }

// slotOf returns the index of a name among those asked for, or -1.
func (r *contextReader) slotOf(key []byte) int {
	if r.slot != nil {
		if i, wanted := r.slot[string(key)]; wanted {
			return i
		}
		return -1
	}
	for i, name := range r.names {
		if string(key) == name {
			return i
		}
	}
	return -1
}

// context converts what is asked for of d.call's context. No event is lost
// for its context, as most readers pass over it: what is no object is no
// context, and a field of it is left out if it can't be converted or has more
// than MaxTraits leaves.
func (d *Decoder) context() Value {
	r := &d.contexts
	own, shared := objectIn(d.call.context), objectIn(d.call.shared)
	if own == nil && shared == nil {
		return Value{}
	}
	d.fields = d.fields[:0]
	if r.some {
		d.pickFields(own, shared)
	} else {
		d.allFields(own, shared)
	}
	pairs := d.arena.values.take(2 * len(d.fields))[:0]
	for i := range len(d.fields) {
		f := d.fields[i]
		if v := d.contextField(f.value); !v.IsMissing() {
			pairs = append(pairs, StringOf(f.key), v)
		}
	}
	if len(pairs) == 0 {
		return Value{}
	}
	return ObjectOf(pairs)
}

// pickFields pushes the fields that are asked for.
func (d *Decoder) pickFields(own, shared *fastjson.Object) {
	r := &d.contexts
	clear(r.found)
	for _, o := range []*fastjson.Object{shared, own} {
		if o == nil {
			continue
		}
		o.Visit(func(key []byte, v *fastjson.Value) {
			if i := r.slotOf(key); i >= 0 {
				r.found[i] = v
			}
		})
		if o == own && shared != nil {
			d.keepShared(shared)
		}
	}
	for i, v := range r.found {
		if v != nil {
			d.fields = append(d.fields, field{r.names[i], v})
		}
	}
}

// keepShared puts back what the batch's context says where a field of the
// item's is null.
func (d *Decoder) keepShared(shared *fastjson.Object) {
	r := &d.contexts
	shared.Visit(func(key []byte, v *fastjson.Value) {
		if i := r.slotOf(key); i >= 0 && r.found[i].Type() == fastjson.TypeNull {
			r.found[i] = v
		}
	})
}

// allFields pushes all fields.
func (d *Decoder) allFields(own, shared *fastjson.Object) {
	if own != nil {
		d.collect(own)
	}
	if shared == nil {
		return
	}
	n := len(d.fields)
	d.collect(shared)
	for _, f := range d.fields[n:] {
		i := slices.IndexFunc(d.fields[:n], func(g field) bool { return g.key == f.key })
		if i >= 0 && d.fields[i].value.Type() != fastjson.TypeNull {
			continue
		}
		if i >= 0 {
			d.fields[i].value = f.value
		} else {
			d.fields = append(d.fields[:n], f)
			n++
		}
	}
	d.fields = d.fields[:n]
}

// contextField converts one field of a context, missing if that can't be.
func (d *Decoder) contextField(v *fastjson.Value) Value {
	d.leaves = 0
	base := len(d.fields)
	value, err := d.value(v)
	d.fields = d.fields[:base]
	if err != nil || d.leaves > d.config.MaxTraits {
		return Value{}
	}
	return value
}

// channel is what a call says of where it comes from.
func (d *Decoder) channel() string {
	v := d.call.channel
	if v.Type() != fastjson.TypeString {
		return ""
	}
	switch b := v.GetStringBytes(); string(b) {
	case "server":
		return "server"
	case "browser":
		return "browser"
	case "mobile":
		return "mobile"
	case "web":
		return "web"
	default:
		return d.arena.string(b)
	}
}

// objectIn returns the object that a value is, nil when it is none.
func objectIn(v *fastjson.Value) *fastjson.Object {
	if v == nil || v.Type() != fastjson.TypeObject {
		return nil
	}
	return v.GetObject()
}

// lastOf returns the last value of a key, nil for none or null.
func lastOf(o *fastjson.Object, name string) *fastjson.Value {
	var last *fastjson.Value
	if o != nil {
		o.Visit(func(key []byte, v *fastjson.Value) {
			if string(key) == name {
				last = v
			}
		})
	}
	if last != nil && last.Type() == fastjson.TypeNull {
		return nil
	}
	return last
}

// appendContext appends the context that d.call has together with its batch.
func (d *Decoder) appendContext(b []byte) []byte {
	own, shared := objectIn(d.call.context), objectIn(d.call.shared)
	b = append(b, `,"context":{`...)
	start := len(b)
	add := func(key []byte, v *fastjson.Value) {
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = appendEscaped(b, string(key))
		b = v.MarshalTo(append(b, `":`...))
	}
	if own != nil {
		own.Visit(add)
	}
	shared.Visit(func(key []byte, v *fastjson.Value) {
		if lastOf(own, string(key)) == nil {
			add(key, v)
		}
	})
	return append(b, '}')
}
