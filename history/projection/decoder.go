package projection

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"muster/event"
)

// maxDepth bounds the objects and arrays that lie within each other. It is
// more than event.Config allows.
const maxDepth = 300

var errBody = errors.New("what is kept of an event is damaged")

// Decoder reads what Encoders wrote. It is not safe for concurrent use. The
// trap: texts of events it returns lie in the body they were read from, and
// objects in the Decoder's memory, which Reset takes back.
type Decoder struct {
	texts  *Texts
	rest   []byte
	failed bool
	chunks [][]event.Value
	at     int // the chunk that is being cut
	used   int // of it
}

// valueChunk is the size of a chunk of values, and maxChunks how many outlive a
// Reset: 3.6 MB.
const (
	valueChunk = 1024
	maxChunks  = 64
)

// Reset takes back the memory of everything that was read.
func (d *Decoder) Reset() {
	if len(d.chunks) > maxChunks {
		clear(d.chunks[maxChunks:])
		d.chunks = d.chunks[:maxChunks]
	}
	d.at, d.used = 0, 0
}

// Decode fills in what an Encoder kept of an event, given the Texts of that
// Encoder. It leaves Profile, MessageID, Time and Arrival alone.
func (d *Decoder) Decode(ev *event.Event, kind int32, body []byte, t *Texts) error {
	d.texts, d.rest, d.failed = t, body, false
	switch {
	case kind == Unread:
		ev.Type = event.Alias
	case kind < 0 && kind >= -int32(event.Alias):
		ev.Type = event.Type(-kind)
	case int(kind) <= len(t.Kinds) && kind > 0 && t.Kinds[kind-1] != "":
		ev.Type, ev.Name = event.Type(t.Kinds[kind-1][0]), t.Kinds[kind-1][1:]
	default:
		return fmt.Errorf("%w: there is no kind %d", errBody, kind)
	}
	if len(body) == 0 {
		return nil
	}
	flags := d.byte()
	if flags&hasBody != 0 {
		ev.Body = d.value(0)
	}
	if flags&hasContext != 0 {
		ev.Context = d.value(0)
	}
	if flags&hasChannel != 0 {
		ev.Channel = d.text()
	}
	if flags&hasGroup != 0 {
		ev.GroupID = d.text()
	}
	if flags&hasName != 0 {
		ev.Name = d.text()
	}
	if d.failed || len(d.rest) > 0 {
		return errBody
	}
	return nil
}

func (d *Decoder) byte() byte {
	if len(d.rest) == 0 {
		d.failed = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *Decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// text returns a text that lies in the body.
func (d *Decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return ""
	}
	text := d.rest[:n]
	d.rest = d.rest[n:]
	return unsafe.String(unsafe.SliceData(text), len(text))
}

func (d *Decoder) value(depth int) event.Value {
	switch d.byte() {
	case tagMissing:
		return event.Value{}
	case tagFalse:
		return event.BoolOf(false)
	case tagTrue:
		return event.BoolOf(true)
	case tagFloat:
		if len(d.rest) < 8 {
			break
		}
		f := math.Float64frombits(binary.LittleEndian.Uint64(d.rest))
		d.rest = d.rest[8:]
		return event.NumberOf(f)
	case tagInteger:
		n, size := binary.Varint(d.rest)
		if size <= 0 {
			break
		}
		d.rest = d.rest[size:]
		return event.NumberOf(float64(n))
	case tagText:
		return event.StringOf(d.text())
	case tagArray:
		if depth < maxDepth {
			return d.array(depth)
		}
	case tagObject:
		if depth < maxDepth {
			return d.object(depth)
		}
	}
	d.failed, d.rest = true, nil
	return event.Value{}
}

func (d *Decoder) array(depth int) event.Value {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return event.Value{}
	}
	list := d.take(int(n))
	for i := range list {
		list[i] = d.value(depth + 1)
	}
	return event.ArrayOf(list)
}

// fewFields is how many fields of an object are gathered without memory of
// their own.
const fewFields = 16

func (d *Decoder) object(depth int) event.Value {
	var few [2 * fewFields]event.Value
	pairs := few[:0]
	for !d.failed {
		n := d.uvarint()
		if n == keyEnd {
			break
		}
		var key string
		switch {
		case n == keyWritten:
			key = d.text()
		case n-keyNumbered < uint64(len(d.texts.Keys)):
			key = d.texts.Keys[n-keyNumbered]
		default:
			d.failed, d.rest = true, nil
		}
		pairs = append(pairs, event.StringOf(key), d.value(depth+1))
	}
	list := d.take(len(pairs))
	copy(list, pairs)
	return event.ObjectOf(list)
}

// take returns memory for some values.
func (d *Decoder) take(n int) []event.Value {
	for ; d.at < len(d.chunks); d.at, d.used = d.at+1, 0 {
		if c := d.chunks[d.at]; n <= len(c)-d.used {
			d.used += n
			return c[d.used-n : d.used : d.used]
		}
	}
	c := make([]event.Value, max(n, valueChunk))
	d.chunks, d.used = append(d.chunks, c), n
	return c[:n:n]
}
