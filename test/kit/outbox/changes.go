// Package outbox reads the entries of an outbox as docs/outbox.md tells it, for
// tests that look at what Redis holds.
//
// It promises to share no code with package sink, so that the page is enough to
// write a reader.
//
// The trap: it reads what is whole and does not check what is not, so a broken
// entry ends in a panic.
package outbox

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// Change is a change of a membership.
type Change struct {
	Profile, Segment, Cause, Run string
	Entered                      bool
	At                           int64
	Version                      uint64
}

// Changes returns the changes of an entry of the stream, by its fields.
func Changes(fields map[string]any) ([]Change, error) {
	text := func(name string) string {
		value, _ := fields[name].(string)
		return value
	}
	if packed, is := fields["changes"].(string); is {
		if packed[0] != 1 {
			return nil, fmt.Errorf("it is packed in version %d", packed[0])
		}
		return unpack(packed[1:]), nil
	}
	c := Change{Segment: text("segment"), Profile: text("profile"), Cause: text("cause"), Run: text("run")}
	switch kind := text("kind"); kind {
	case "entered":
		c.Entered = true
	case "exited":
	default:
		return nil, fmt.Errorf("its kind is %q", kind)
	}
	var err error
	if c.At, err = strconv.ParseInt(text("at"), 10, 64); err != nil {
		return nil, err
	}
	c.Version, err = strconv.ParseUint(text("version"), 10, 64)
	return []Change{c}, err
}

// unpack reads what is behind the version.
func unpack(data string) (changes []Change) {
	varint := func() uint64 {
		n, length := binary.Uvarint([]byte(data[:min(len(data), binary.MaxVarintLen64)]))
		data = data[length:]
		return n
	}
	cut := func(length uint64) string {
		some := data[:length]
		data = data[length:]
		return some
	}
	var texts []string
	text := func() string {
		number := varint()
		if number == 0 {
			texts = append(texts, cut(varint()))
			number = uint64(len(texts))
		}
		return texts[number-1]
	}
	var last Change
	for range varint() {
		flags := cut(1)[0]
		if flags == 0 {
			continue // it was removed
		}
		c := Change{Profile: last.Profile, Entered: flags&2 != 0}
		c.Cause, c.Segment = text(), text()
		if flags&8 != 0 {
			c.Run = text()
		}
		if flags&4 == 0 {
			c.Profile = cut(varint())
		}
		delta := varint()
		c.At = last.At + (int64(delta>>1) ^ -int64(delta&1))
		c.Version = varint()
		changes, last = append(changes, c), c
	}
	return changes
}
