package tracking

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"muster/event"
)

// stamped is how much larger an event may be than Config.MaxEvent by what the
// server adds to it: times, type and messageId.
const stamped = 512

// growth is how many times larger than Config.MaxBatch the events of a request
// may be together, as each has the context of the batch.
const growth = 4

// intake is a request on its way to become events.
type intake struct {
	config *Config
	stamp  stamp
	// decoder says whose an event is, and why one can't be used.
	decoder  *event.Decoder
	events   []event.Routed
	rejected []rejected
	bytes    int // of events

	routed  []event.Routed // of the last look
	reasons []event.Rejection
}

// take makes the events of a body that was read into fields.
func (t *intake) take(body fields) *problem {
	if t.stamp.kind == batchCall {
		return t.takeBatch(body)
	}
	if body.has("batch") {
		return refuse(http.StatusBadRequest, "The body has a batch; send it to /v1/batch.")
	}
	return t.add(0, body, shared{})
}

func (t *intake) takeBatch(body fields) *problem {
	if !body.has("batch") {
		return refuse(http.StatusBadRequest, "The body has no batch: it must be {\"batch\": [...]}; a single event goes to /v1/track and the like.")
	}
	items, ok := elements(body["batch"], t.config.MaxEvents)
	if !ok {
		return refuse(http.StatusBadRequest, "The batch is no array of events.")
	}
	if len(items) > t.config.MaxEvents {
		return refuse(http.StatusRequestEntityTooLarge, "The batch has more than %d events; send fewer at once. "+
			"The setting tracking.max_events bounds it.", t.config.MaxEvents)
	}
	of := sharedOf(body)
	for i, item := range items {
		if p := t.item(i, item, of); p != nil {
			return p
		}
	}
	return nil
}

// item adds one of a batch. A null is as good as absent, as Muster's own
// decoder has it.
func (t *intake) item(index int, item json.RawMessage, of shared) *problem {
	if string(item) == "null" {
		return nil
	}
	if len(item) > t.config.MaxEvent {
		return t.tooLarge(index, len(item))
	}
	f, ok := object(item)
	if !ok {
		profile, _ := t.look(item)
		return t.keep(index, bytes.Clone(item), profile)
	}
	return t.add(index, f, of)
}

// add completes an event and keeps it.
func (t *intake) add(index int, f fields, of shared) *problem {
	if f.has("batch") {
		p := refuse(http.StatusBadRequest, "Event %d is a batch itself. Nothing of the request was taken.", index)
		p.index = index
		return p
	}
	t.stamp.complete(f, of)
	value := f.appendTo(nil)
	if len(value) > t.config.MaxEvent+stamped {
		return t.tooLarge(index, len(value))
	}
	profile, unnamed := t.look(value)
	if unnamed { // what it says is no messageId
		t.stamp.identify(f)
		value = f.appendTo(nil)
	}
	return t.keep(index, value, profile)
}

// look returns the profile of an event, and whether it lacks a messageId.
func (t *intake) look(value []byte) (profile string, unnamed bool) {
	defer t.decoder.Reset()
	routed, reasons := t.decoder.Split(t.routed[:0], t.reasons[:0], value, "")
	t.routed, t.reasons = routed, reasons
	if len(routed) != 1 {
		return "", false
	}
	return strings.Clone(routed[0].Profile), routed[0].Rewritten // the decoder's text is gone with its next use
}

// keep adds the event that was looked at last, whether it can be used or not:
// what can't be goes to the log all the same, and its reader makes a dead letter
// of it.
func (t *intake) keep(index int, value []byte, profile string) *problem {
	if t.bytes += len(value); t.bytes > growth*t.config.MaxBatch {
		return refuse(http.StatusRequestEntityTooLarge, "The context of the batch makes its events too large together; send fewer at once.")
	}
	for _, r := range t.reasons {
		t.rejected = append(t.rejected, rejected{Index: index, Reason: r.Reason})
	}
	t.events = append(t.events, event.Routed{Profile: profile, Value: value})
	return nil
}

func (t *intake) tooLarge(index, size int) *problem {
	p := refuse(http.StatusRequestEntityTooLarge, "Event %d has %d bytes with what its batch says of it, and may have %d. "+
		"Nothing of the request was taken. The setting tracking.max_event bounds it.", index, size, t.config.MaxEvent)
	p.index = index
	return p
}

// parse reads a body into fields.
func parse(body []byte) (fields, *problem) {
	text := skipSpace(body)
	if len(text) == 0 {
		return nil, refuse(http.StatusBadRequest, "The body is empty; it must be a JSON object.")
	}
	if !json.Valid(body) {
		var none json.RawMessage
		return nil, refuse(http.StatusBadRequest, "The body is no JSON: %s.", at(json.Unmarshal(body, &none)))
	}
	f, ok := object(text)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "The body is no JSON object.")
	}
	return f, nil
}

// at says where a text stops being JSON.
func at(err error) string {
	if s, ok := err.(*json.SyntaxError); ok { //nolint:errorlint // encoding/json returns it bare
		return fmt.Sprintf("%v at byte %d", s, s.Offset)
	}
	return err.Error()
}
