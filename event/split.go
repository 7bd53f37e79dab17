package event

import (
	"bytes"
	"strconv"

	"github.com/valyala/fastjson"
)

// Routed is one event on its way to its profile's partition.
type Routed struct {
	Profile   string // the key to route by
	Value     []byte // the event as a JSON object of its own
	Rewritten bool   // whether Value differs from the record's own bytes
}

// Split appends every event of a record to dst as a record of its own, and
// to rej what Decode would reject. A single event with a messageId keeps its
// bytes. All others get what they lack: the receivedAt, sentAt and context of
// their batch, and as messageId the origin (topic/partition/offset), followed by
// /index for an item of a batch, so that a record routed twice is
// recognised.
//
// What Split routes, Decode accepts, and makes the same events of it; an
// event without any time of its own needs a recordTime for that, so a router
// must carry the record's timestamp over. An event that grows past MaxBytes
// by what it gets is rejected.
//
// Profiles and rewritten values are valid until Reset, others as long as
// data is.
func (d *Decoder) Split(dst []Routed, rej []Rejection, data []byte, origin string) ([]Routed, []Rejection) {
	// Any time will do: the routed record brings its own.
	at := clock{record: 1}
	d.each(data, func(p part, err error) {
		var e Event
		if err == nil {
			err = d.event(&e, at)
		}
		r := Routed{Profile: e.Profile, Value: p.text}
		if r.Rewritten = p.item >= 0 || e.MessageID == ""; err == nil && r.Rewritten {
			r.Value, err = d.rewrite(p, &e, origin)
		}
		if err != nil {
			rej = append(rej, Rejection{Item: p.item, Reason: err.Error(), Value: p.text})
			return
		}
		dst = append(dst, r)
	})
	return dst, rej
}

// rewrite returns the text of d.call with what it lacks put at its end, where
// it wins over an earlier null.
func (d *Decoder) rewrite(p part, e *Event, origin string) ([]byte, error) {
	b := append(d.scratch[:0], bytes.TrimRight(p.text, " \t\r\n")...)
	b = b[:len(b)-1] // an object's closing brace; an event has at least one field
	if d.call.inheritedReceivedAt {
		b = d.appendTime(b, "receivedAt", d.call.receivedAt)
	}
	if d.call.inheritedSentAt {
		b = d.appendTime(b, "sentAt", d.call.sentAt)
	}
	if d.call.shared != nil {
		b = d.appendContext(b)
	}
	if e.MessageID == "" {
		b = append(b, `,"messageId":"`...)
		start := len(b)
		b = appendEscaped(b, origin)
		if p.item >= 0 {
			b = append(b, '/')
			b = strconv.AppendInt(b, int64(p.item), 10)
		}
		if n := len(b) - start; n > d.config.MaxID {
			return nil, reject("messageId", "%d bytes from the record's origin, the limit is %d", n, d.config.MaxID)
		}
		b = append(b, '"')
	}
	b = append(b, '}')
	d.scratch = b
	if len(b) > d.config.MaxBytes {
		return nil, reject("record", "%d bytes once it stands alone, the limit is %d", len(b), d.config.MaxBytes)
	}
	return d.arena.bytes(b), nil
}

// appendTime appends a field that holds a time. A sentAt that is none tells
// nothing, and is left out. A time has no characters to escape.
func (d *Decoder) appendTime(b []byte, name string, v *fastjson.Value) []byte {
	if _, ok := d.time(v); !ok {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return v.MarshalTo(b)
}

// appendEscaped appends a string's text as it stands between JSON quotes.
func appendEscaped(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c == '"' || c == '\\' {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			continue
		}
		b = append(b, c)
	}
	return b
}
