package wire

import "encoding/binary"

// Newer versions of Kafka's requests write lengths as varints, one more than
// they are so that 0 is null, and leave room for tagged fields.

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// compactCount returns the length of an array or a text, 0 for a null one.
// Every element takes at least one byte, so one beyond the input is an error.
func (d *decoder) compactCount() int {
	n := d.uvarint()
	if n > uint64(len(d.rest))+1 {
		d.fail()
	}
	if d.err != nil || n == 0 {
		return 0
	}
	return int(n - 1)
}

func (d *decoder) skipCompact() { d.take(d.compactCount()) }

func (d *decoder) skipTags() {
	for range d.uvarint() {
		d.uvarint() // which
		size := d.uvarint()
		if size > uint64(len(d.rest)) {
			d.fail()
		}
		if d.err != nil {
			return
		}
		d.take(int(size))
	}
}
