package snapshot

import "muster/event"

// The codes of what is no value. Those of values follow.
const (
	codeNone  = 0 // the profile has no such trait
	codeOther = 1 // a list, an object, a long text, or a value beyond the bounds
	codeFirst = 2
)

// valueKey is what makes two values the same.
type valueKey struct {
	kind   event.Kind
	number float64
	text   string
}

// keyOf returns the key of a value with codeFirst, or the code of what has none.
func keyOf(v event.Value) (key valueKey, code uint16) {
	key.kind = v.Kind()
	switch v.Kind() {
	case event.KindMissing:
		return key, codeNone
	case event.KindBool, event.KindNumber:
		key.number = v.Number()
	case event.KindString:
		key.text = v.Text()
	default:
		return key, codeOther
	}
	return key, codeFirst
}
