package profile

import (
	"strings"

	"muster/event"
)

// cloneValue copies a value out of the memory of the decoder that made it.
func cloneValue(v event.Value) event.Value {
	switch v.Kind() {
	case event.KindString:
		return event.StringOf(strings.Clone(v.Text()))
	case event.KindArray:
		list := make([]event.Value, v.Len())
		for i, e := range v.Elements() {
			list[i] = cloneValue(e)
		}
		return event.ArrayOf(list)
	case event.KindObject:
		pairs := make([]event.Value, 0, 2*v.Len())
		for i := range v.Len() {
			key, child := v.Field(i)
			pairs = append(pairs, event.StringOf(strings.Clone(key)), cloneValue(child))
		}
		return event.ObjectOf(pairs)
	}
	return v
}
