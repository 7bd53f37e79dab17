package profile

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/twmb/murmur3"

	"muster/event"
)

// Tags of encoded values. Equal values, and only they, encode to equal
// bytes, but for -0: objects are written with sorted keys, integers in their
// own form.
const (
	tagMissing = iota
	tagFalse
	tagTrue
	tagInteger
	tagFloat
	tagString
	tagArray
	tagObject
	tagTime
	tagVersion
	tagDigest
)

var errValue = errors.New("malformed value")

// maxValueDepth bounds the nesting that decoding accepts; events are
// bounded well below it.
const maxValueDepth = 256

func encodeValue(v event.Value) string { return string(appendValue(nil, v)) }

// digestFrom is the length from which a distinct value is kept as a 128-bit
// murmur3 digest in place of itself.
const digestFrom = 18

func encodeKey(v event.Value) string {
	b := appendValue(nil, withoutMinusZero(v))
	if len(b) < digestFrom {
		return string(b)
	}
	h1, h2 := murmur3.Sum128(b)
	b = append(b[:0], tagDigest)
	b = binary.LittleEndian.AppendUint64(b, h1)
	return string(binary.LittleEndian.AppendUint64(b, h2))
}

func appendValue(b []byte, value event.Value) []byte {
	switch value.Kind() {
	case event.KindMissing:
		return append(b, tagMissing)
	case event.KindBool:
		if value.True() {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case event.KindNumber:
		return appendNumber(b, value.Number())
	case event.KindString:
		return appendText(append(b, tagString), value.Text())
	case event.KindVersion:
		return appendText(append(b, tagVersion), value.Text())
	case event.KindTime:
		return binary.AppendVarint(append(b, tagTime), value.Millis())
	case event.KindArray:
		b = binary.AppendUvarint(append(b, tagArray), uint64(value.Len()))
		for _, e := range value.Elements() {
			b = appendValue(b, e)
		}
		return b
	}
	return appendObject(b, value)
}

// appendNumber writes a number. Minus zero has no form among the integers.
func appendNumber(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 && (f != 0 || !math.Signbit(f)) {
		return binary.AppendVarint(append(b, tagInteger), int64(f))
	}
	return binary.LittleEndian.AppendUint64(append(b, tagFloat), math.Float64bits(f))
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendObject(b []byte, value event.Value) []byte {
	order := make([]int, value.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, _ := value.Field(i)
		c, _ := value.Field(j)
		return strings.Compare(a, c)
	})
	b = binary.AppendUvarint(append(b, tagObject), uint64(len(order)))
	for _, i := range order {
		key, child := value.Field(i)
		b = appendValue(appendText(b, key), child)
	}
	return b
}

// decodeValue decodes what encodeValue wrote. What is malformed is missing;
// blobs are checked as a whole when they are decoded.
func decodeValue(s string) event.Value {
	r := reader{blob: s}
	v := r.value(0)
	if r.err != nil {
		return event.Value{}
	}
	return v
}

func (r *reader) value(depth int) event.Value {
	if depth > maxValueDepth {
		r.fail(errValue)
		return event.Value{}
	}
	switch tag := r.byte(); tag {
	case tagMissing:
		return event.Value{}
	case tagFalse, tagTrue:
		return event.BoolOf(tag == tagTrue)
	case tagInteger:
		return event.NumberOf(float64(r.varint()))
	case tagFloat:
		return event.NumberOf(r.float())
	case tagString:
		return event.StringOf(r.text())
	case tagVersion:
		return event.VersionOf(r.text())
	case tagTime:
		return event.TimeOf(r.varint())
	case tagArray:
		return event.ArrayOf(r.values(r.count(1), depth))
	case tagObject:
		return r.object(depth)
	}
	r.fail(errValue)
	return event.Value{}
}

// skip passes over what value would read, and fails where that does.
func (r *reader) skip(depth int) {
	if depth > maxValueDepth {
		r.fail(errValue)
		return
	}
	switch r.byte() {
	case tagMissing, tagFalse, tagTrue:
	case tagInteger, tagTime:
		r.uvarint()
	case tagFloat:
		r.fixed()
	case tagString, tagVersion:
		r.text()
	case tagArray:
		for range r.count(1) {
			r.skip(depth + 1)
		}
	case tagObject:
		for range r.count(2) {
			r.text()
			r.skip(depth + 1)
		}
	default:
		r.fail(errValue)
	}
}

func (r *reader) values(n, depth int) []event.Value {
	list := make([]event.Value, 0, n)
	for range n {
		list = append(list, r.value(depth+1))
	}
	return list
}

func (r *reader) object(depth int) event.Value {
	n := r.count(2)
	pairs := make([]event.Value, 0, 2*n)
	for range n {
		key := r.text()
		pairs = append(pairs, event.StringOf(key), r.value(depth+1))
	}
	return event.ObjectOf(pairs)
}
