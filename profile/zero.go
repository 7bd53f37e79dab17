package profile

import (
	"strings"

	"muster/event"
)

// minusZero is how -0 is encoded. It equals 0, so the two are one distinct
// value, though their encodings differ.
const minusZero = string(rune(tagFloat)) + "\x00\x00\x00\x00\x00\x00\x00\x80"

// withoutMinusZero returns a value with 0 for every -0 in it.
func withoutMinusZero(value event.Value) event.Value {
	switch value.Kind() {
	case event.KindNumber:
		if value.Number() == 0 {
			return event.NumberOf(0)
		}
	case event.KindArray:
		list := make([]event.Value, value.Len())
		for i, one := range value.Elements() {
			list[i] = withoutMinusZero(one)
		}
		return event.ArrayOf(list)
	case event.KindObject:
		pairs := make([]event.Value, 0, 2*value.Len())
		for i := range value.Len() {
			key, one := value.Field(i)
			pairs = append(pairs, event.StringOf(key), withoutMinusZero(one))
		}
		return event.ObjectOf(pairs)
	}
	return value
}

// distinctForm returns an encoded value as it is counted among distinct ones:
// equal values, and only they, have equal forms. Few hold a -0 at all, so
// only those that seem to are taken apart.
func distinctForm(encoded string) string {
	if !strings.Contains(encoded, minusZero) {
		return encoded
	}
	return encodeValue(withoutMinusZero(decodeValue(encoded)))
}
