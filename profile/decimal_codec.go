package profile

import (
	"encoding/binary"
	"errors"
)

// A stored decimal begins with a byte: how many digits behind the point are
// written, times 4, with 2 for a number below 0 and 1 for one that takes all
// three words. Zeros at the end are not written, so most take a few bytes.
const (
	decimalWide     = 1
	decimalNegative = 2
	decimalPlaces   = 4
)

var errDecimal = errors.New("malformed decimal")

func appendDecimal(b []byte, d decimal) []byte {
	magnitude, negative := d.split()
	head := byte(places * decimalPlaces)
	if negative {
		head += decimalNegative
	}
	if shorter, rest := magnitude.over(e18); rest == 0 {
		magnitude, head = shorter, head-18*decimalPlaces
	}
	if magnitude[1] != 0 || magnitude[2] != 0 {
		b = append(b, head+decimalWide)
		for _, word := range magnitude {
			b = binary.LittleEndian.AppendUint64(b, word)
		}
		return b
	}
	word := magnitude[0]
	for ; head >= decimalPlaces && word%10 == 0; head -= decimalPlaces {
		word /= 10
	}
	return binary.AppendUvarint(append(b, head), word)
}

func (r *reader) decimal() decimal {
	head := r.byte()
	count := int(head / decimalPlaces)
	if count > places {
		r.fail(errDecimal)
		return decimal{}
	}
	var d decimal
	if head&decimalWide != 0 {
		for i := range d {
			d[i] = r.fixed()
		}
		if int64(d[2]) < 0 {
			r.fail(errDecimal)
		}
	} else {
		d[0] = r.uvarint()
	}
	if d = d.times(places - count); head&decimalNegative != 0 {
		return d.negative()
	}
	return d
}
