package profile

import (
	"strings"

	"muster/event"
)

// cloneValue copies a value out of the memory of the decoder that made it.
func cloneValue(value event.Value) event.Value {
	switch value.Kind() {
	case event.KindString:
		return event.StringOf(strings.Clone(value.Text()))
	case event.KindArray:
		list := make([]event.Value, value.Len())
		for i, e := range value.Elements() {
			list[i] = cloneValue(e)
		}
		return event.ArrayOf(list)
	case event.KindObject:
		pairs := make([]event.Value, 0, 2*value.Len())
		for i := range value.Len() {
			key, child := value.Field(i)
			pairs = append(pairs, event.StringOf(strings.Clone(key)), cloneValue(child))
		}
		return event.ObjectOf(pairs)
	}
	return value
}
