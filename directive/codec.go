package directive

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// magic is the first byte of a directive: no JSON begins with it.
const magic = 0x00

// formVersion is the second byte. Others are refused.
const formVersion = 1

var errShort = errors.New("cut short")

// Is reports whether a record's value begins as a directive does. Who reads
// the keyed topic asks for the header first.
func Is(value []byte) bool { return len(value) > 0 && value[0] == magic }

// Append writes a directive behind b. It fails for one that passes a bound or
// that Decode would refuse.
func Append(b []byte, d *Directive) ([]byte, error) {
	if err := d.check(); err != nil {
		return b, fmt.Errorf("writing a directive: %w", err)
	}
	start := len(b)
	b = appendText(append(b, magic, formVersion, byte(d.Kind)), d.Run)
	switch d.Kind {
	case Open:
		b = binary.AppendUvarint(b, uint64(len(d.Series)))
		for _, name := range d.Series {
			b = appendText(b, name)
		}
	case Patch:
		b = append(appendText(b, d.Profile), d.Body...)
	case Close:
		b = binary.AppendVarint(b, d.Since)
	case Erase:
		b = binary.AppendVarint(appendText(b, d.Profile), d.Until)
	}
	if len(b)-start > MaxBytes {
		return b[:start], fmt.Errorf("writing a directive: %d bytes are more than %d: give fewer series at a time", len(b)-start, MaxBytes)
	}
	return b, nil
}

func (d *Directive) check() error {
	switch {
	case d.Kind < Open || d.Kind > Erase:
		return fmt.Errorf("kind %d is none of 1 to 5", d.Kind)
	case d.Run == "" || len(d.Run) > MaxRun:
		return fmt.Errorf("the id of the run or request has %d bytes; it must have 1 to %d", len(d.Run), MaxRun)
	case len(d.Series) > MaxSeries:
		return fmt.Errorf("%d series are more than %d", len(d.Series), MaxSeries)
	case d.HasProfile() && (d.Profile == "" || len(d.Profile) > MaxProfile):
		return fmt.Errorf("the profile's id has %d bytes; it must have 1 to %d", len(d.Profile), MaxProfile)
	}
	return nil
}

// Decode reads what Append wrote. What it returns refers to the value. An
// error says what is wrong with it, for a dead letter.
func Decode(value []byte) (Directive, error) {
	r := reader{rest: value}
	switch first, form := r.byte(), r.byte(); {
	case r.err != nil || first != magic:
		return Directive{}, errors.New("a record with the header " + Header + " is no directive of Muster's")
	case form != formVersion:
		return Directive{}, fmt.Errorf("a directive of version %d, of which this program reads %d: upgrade it, and give the run again", form, formVersion)
	case len(value) > MaxBytes:
		return Directive{}, fmt.Errorf("a directive of %d bytes, of which %d are allowed", len(value), MaxBytes)
	}
	d := Directive{Kind: Kind(r.byte())}
	d.Run = r.text()
	switch d.Kind {
	case Open:
		for range r.count() {
			d.Series = append(d.Series, r.text())
		}
	case Patch:
		d.Profile = r.text()
		d.Body, r.rest = r.rest, nil
	case Close:
		d.Since = r.varint()
	case Erase:
		d.Profile, d.Until = r.text(), r.varint()
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.rest))
	}
	if r.err == nil {
		r.err = d.check()
	}
	if r.err != nil {
		return Directive{}, fmt.Errorf("a damaged directive: %w", r.err)
	}
	return d, nil
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes a directive apart. Its first error sticks, and everything
// behind it reads as nothing.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errShort
	}
	r.rest = nil
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// count reads a number of things that take a byte each at least.
func (r *reader) count() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)-size) {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

func (r *reader) varint() int64 {
	v, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return v
}
