package oracle

import (
	"strings"

	"muster/event"
)

// The values of the language as the virtual machine sees them: nil for
// missing, bool, float64, string, []any, map[string]any, instant and version.
type instant int64 // milliseconds since 1970 UTC

// plain copies a value into plain Go data. Strings are cloned because those
// of a decoded event die with the decoder's arena.
func plain(v event.Value) any {
	switch v.Kind() {
	case event.KindBool:
		return v.True()
	case event.KindNumber:
		return v.Number()
	case event.KindString:
		return strings.Clone(v.Text())
	case event.KindTime:
		return instant(v.Millis())
	case event.KindVersion:
		return versionOf(strings.Clone(v.Text()))
	case event.KindArray:
		list := []any{}
		for _, element := range v.Elements() {
			list = append(list, plain(element))
		}
		return list
	case event.KindObject:
		return object(v)
	}
	return nil
}

// object copies an object; anything else gives an empty one.
func object(v event.Value) map[string]any {
	fields := map[string]any{}
	if v.Kind() != event.KindObject {
		return fields
	}
	for i := range v.Len() {
		key, value := v.Field(i)
		fields[strings.Clone(key)] = plain(value)
	}
	return fields
}

// field is x.key: a field of a missing value, or of anything that is not an
// object, is missing.
func field(x, key any) any {
	fields, _ := x.(map[string]any)
	return fields[key.(string)]
}

// isTrue is a value where a condition is wanted: only true is true.
func isTrue(x any) bool {
	b, ok := x.(bool)
	return ok && b
}

// elements is a value where an array is wanted: anything else is empty.
func elements(x any) []any {
	if list, ok := x.([]any); ok {
		return list
	}
	return []any{}
}
