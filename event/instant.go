package event

import (
	"unsafe"

	"github.com/valyala/fastjson"
)

// absent stands for a time that a record does not have.
const absent int64 = -1

// readTime returns a field's time in milliseconds since 1970 UTC, absent when
// there is none, or what is wrong with it.
func (d *Decoder) readTime(field string, v *fastjson.Value) (int64, error) {
	if v == nil {
		return absent, nil
	}
	ms, ok := d.time(v)
	if !ok {
		return absent, reject(field, "%s is not a time, as 2026-11-21T10:00:00Z", show(v))
	}
	if ms < 0 {
		return absent, reject(field, "%s is before 1970", show(v))
	}
	return ms, nil
}

// time reads a text or a number as a time.
func (d *Decoder) time(v *fastjson.Value) (int64, bool) {
	switch v.Type() {
	case fastjson.TypeString:
		b := v.GetStringBytes()
		return ParseTime(unsafe.String(unsafe.SliceData(b), len(b))) // which keeps nothing of it
	case fastjson.TypeNumber:
		f, err := parseNumber(d.numberText(v))
		if err != nil {
			return 0, false
		}
		return NumberTime(f)
	}
	return 0, false
}
