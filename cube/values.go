package cube

import (
	"encoding/binary"
	"math"

	"muster/event"
)

// Other names the cell of what has no cell of its own: cells that were folded
// because there were too many, and values that are too long.
const Other = "\x00"

// maxText is how long a text may be that has a cell of its own, in bytes.
const maxText = 200

// Kinds of values within the name of a cell.
const (
	valueMissing = 'm'
	valueFalse   = 'f'
	valueTrue    = 't'
	valueNumber  = 'n'
	valueText    = 's'
)

// appendValue appends a value to the name of a cell, false for one that is too
// long. A list or an object counts as missing.
func appendValue(dst []byte, v event.Value) ([]byte, bool) {
	switch v.Kind() {
	case event.KindBool:
		if v.True() {
			return append(dst, valueTrue), true
		}
		return append(dst, valueFalse), true
	case event.KindNumber:
		return binary.BigEndian.AppendUint64(append(dst, valueNumber), math.Float64bits(v.Number()+0)), true // -0 is 0
	case event.KindString:
		text := v.Text()
		if len(text) > maxText {
			return dst, false
		}
		return append(binary.AppendUvarint(append(dst, valueText), uint64(len(text))), text...), true
	}
	return append(dst, valueMissing), true
}

// valuesOf returns the values in the name of a cell of so many dimensions, and
// false for any other name.
func valuesOf(name string, dimensions int) ([]event.Value, bool) {
	values := make([]event.Value, dimensions)
	rest := numbers{rest: []byte(name)}
	for i := range values {
		if len(rest.rest) == 0 {
			return nil, false
		}
		kind := rest.rest[0]
		rest.rest = rest.rest[1:]
		switch kind {
		case valueMissing:
		case valueFalse, valueTrue:
			values[i] = event.BoolOf(kind == valueTrue)
		case valueNumber:
			if len(rest.rest) < 8 {
				return nil, false
			}
			values[i] = event.NumberOf(math.Float64frombits(binary.BigEndian.Uint64(rest.rest)))
			rest.rest = rest.rest[8:]
		case valueText:
			values[i] = event.StringOf(rest.text())
		default:
			return nil, false
		}
	}
	return values, !rest.broken && len(rest.rest) == 0
}
