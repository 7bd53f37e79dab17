package event

import "time"

// Plain returns the value as encoding/json knows values: bool, float64, string,
// []any, map[string]any, or nil for what is missing. A time is a text as RFC
// 3339 has it, in UTC and with milliseconds.
func (v Value) Plain() any {
	switch v.Kind() {
	case KindBool:
		return v.True()
	case KindNumber:
		return v.Number()
	case KindTime:
		return time.UnixMilli(v.Millis()).UTC().Format("2006-01-02T15:04:05.000Z")
	case KindArray:
		list := make([]any, v.Len())
		for i, e := range v.Elements() {
			list[i] = e.Plain()
		}
		return list
	case KindObject:
		object := make(map[string]any, v.Len())
		for i := range v.Len() {
			key, value := v.Field(i)
			object[key] = value.Plain()
		}
		return object
	case KindMissing:
		return nil
	}
	return v.Text()
}
