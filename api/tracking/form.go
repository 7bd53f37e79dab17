package tracking

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"muster/event"
)

// fields are those of a JSON object, each as its own text. Of a field that is
// there twice the last one counts, as it does for whoever reads the log.
type fields map[string]json.RawMessage

// has reports whether a field says something: null is as good as absent.
func (f fields) has(name string) bool {
	v, ok := f[name]
	return ok && string(v) != "null"
}

// text returns a field that is a text.
func (f fields) text(name string) (text string, ok bool) {
	v := f[name]
	ok = len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &text) == nil
	return text, ok
}

// quoted returns the JSON of a text that has no characters to escape.
func quoted(text string) json.RawMessage { return json.RawMessage(`"` + text + `"`) }

// shared is what a batch says of all its events.
type shared struct {
	context fields
	sentAt  json.RawMessage
}

// sharedOf reads it from the fields of a batch. What is no object is no context.
func sharedOf(batch fields) shared {
	var s shared
	if batch.has("sentAt") {
		s.sentAt = batch["sentAt"]
	}
	s.context, _ = object(batch["context"])
	return s
}

// stamp is what the server adds to an event.
type stamp struct {
	kind     call // "" to leave what the event says
	received time.Time
	id       func() string // a messageId for an event without one
}

// timeForm is how times are written, in UTC, as Segment does.
const timeForm = "2006-01-02T15:04:05.000Z"

// complete brings an event to the form in which Segment keeps one: with what
// its batch says, the server's receivedAt, a messageId, and the client's time as
// originalTimestamp beside the time that it had by the server's clock. The write
// key is taken out: it is a secret, and no part of the event.
func (s *stamp) complete(f fields, of shared) {
	delete(f, "writeKey")
	if s.kind != batchCall {
		f["type"] = quoted(string(s.kind))
	}
	if !f.has("sentAt") && of.sentAt != nil {
		f["sentAt"] = of.sentAt
	}
	if len(of.context) > 0 {
		f.inherit(of.context)
	}
	f["receivedAt"] = quoted(s.received.UTC().Format(timeForm))
	s.correct(f)
	if !f.has("messageId") {
		s.identify(f)
	}
}

// identify gives an event a messageId, by which everything behind the log
// recognises it where it comes twice.
func (s *stamp) identify(f fields) { f["messageId"] = quoted(s.id()) }

// inherit adds to the event's context what its own does not say.
func (f fields) inherit(context fields) {
	own, ok := object(f["context"])
	switch {
	case !f.has("context"):
		own = fields{}
	case !ok:
		return // no object is no context, here as for whoever reads the log
	}
	for name, v := range context {
		if !own.has(name) {
			own[name] = v
		}
	}
	f["context"] = own.appendTo(nil)
}

// correct takes out of the event's time how far the client's clock was off when
// it sent the event. An event that has an originalTimestamp has been through
// this before, and one that can't be corrected keeps what it says.
func (s *stamp) correct(f fields) {
	if f.has("originalTimestamp") || !f.has("timestamp") {
		return
	}
	happened, ok := instant(f["timestamp"])
	if !ok {
		return
	}
	f["originalTimestamp"] = f["timestamp"]
	sent, ok := instant(f["sentAt"])
	if !ok {
		return
	}
	corrected := time.UnixMilli(s.received.UnixMilli() - (sent - happened)).UTC()
	if corrected.UnixMilli() < 0 || corrected.Year() > 9999 {
		return
	}
	f["timestamp"] = quoted(corrected.Format(timeForm))
}

// instant reads a time, in milliseconds since 1970 UTC, from 1970 on.
func instant(v json.RawMessage) (ms int64, ok bool) {
	switch {
	case len(v) == 0:
		return 0, false
	case isNumber(v):
		number, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return 0, false
		}
		ms, ok = event.NumberTime(number)
	default:
		var text string
		if v[0] != '"' || json.Unmarshal(v, &text) != nil {
			return 0, false
		}
		ms, ok = event.ParseTime(text)
	}
	return ms, ok && ms >= 0
}

func isNumber(v json.RawMessage) bool {
	return len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9')
}

// appendTo appends the object, its fields in the order of their names.
func (f fields) appendTo(b []byte) []byte {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendName(b, name), ':')
		b = append(b, f[name]...)
	}
	return append(b, '}')
}

// appendName appends a name in quotes.
func appendName(b []byte, name string) []byte {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(name) // a text always can be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), name...), '"')
}
