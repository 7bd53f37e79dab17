package activation

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// The log of a destination has each attempt, so that an operator can say what
// became of a profile's change. An attempt is written with the round that it
// belongs to; one whose round was cut off by a crash is made again and is in
// the log only then.

const (
	// loggedChanges and loggedBytes bound an entry of the log: an attempt with
	// more changes has several entries. An entry may pass loggedBytes by one
	// change.
	loggedChanges = 16
	loggedBytes   = 4 << 10
	// loggedReason bounds the reason in an entry, in bytes.
	loggedReason = 400
)

// LogEntry is one attempt in the log of a destination, with some or all of its
// changes.
type LogEntry struct {
	At      time.Time     // when its answer had come
	Message string        // id of the message, "" when it could not be encoded
	Verdict Verdict       // what came of it
	Status  int           // as Answer has it
	Reason  string        // why it was not taken, "" when it was; at most 400 bytes
	Took    time.Duration // in whole microseconds
	Attempt int           // of the message, from 1
	Changes []Change      // without Entry, At and Cause
}

// storedEntry is the form of a LogEntry in the log.
type storedEntry struct {
	At      int64          `json:"at"` // ms since 1970 UTC
	Message string         `json:"id,omitempty"`
	Verdict Verdict        `json:"verdict"`
	Status  int            `json:"status,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Took    int64          `json:"us"`
	Attempt int            `json:"attempt"`
	Changes []loggedChange `json:"changes"`
}

type loggedChange struct {
	Number  int64  `json:"n"`
	Profile []byte `json:"p"` // an id may hold any bytes, which a text in JSON can't
	Segment string `json:"s"`
	Entered bool   `json:"in,omitempty"`
	Version uint64 `json:"v"`
}

// logOf returns the entries of one attempt to send a message.
func logOf(p *parcel, message string, answer Answer, at time.Time) ([][]byte, error) {
	var out [][]byte
	entry := storedEntry{
		At: at.UnixMilli(), Message: message, Verdict: answer.Verdict, Status: answer.Status, Reason: cut(answer.Reason, loggedReason),
		Took: answer.Took.Microseconds(), Attempt: p.failed + 1,
	}
	size := 0
	for i := range p.changes {
		c := &p.changes[i]
		entry.Changes = append(entry.Changes, loggedChange{c.Number, []byte(c.Profile), c.Segment, c.Entered, c.Version})
		size += len(c.Profile) + len(c.Segment)
		if len(entry.Changes) < loggedChanges && size < loggedBytes && i < len(p.changes)-1 {
			continue
		}
		text, err := json.Marshal(entry)
		if err != nil {
			return nil, fmt.Errorf("writing the log of message %d: %w", p.number, err)
		}
		out, entry.Changes, size = append(out, text), entry.Changes[:0], 0
	}
	return out, nil
}

// cut returns the beginning of a text that is no longer than most bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// DecodeLog reads an entry that Step.Log has stored.
func DecodeLog(text []byte) (LogEntry, error) {
	var s storedEntry
	if err := json.Unmarshal(text, &s); err != nil {
		return LogEntry{}, fmt.Errorf("decoding an entry of the log: %w", err)
	}
	e := LogEntry{
		At: time.UnixMilli(s.At).UTC(), Message: s.Message, Verdict: s.Verdict, Status: s.Status, Reason: s.Reason,
		Took: time.Duration(s.Took) * time.Microsecond, Attempt: s.Attempt,
	}
	for _, c := range s.Changes {
		e.Changes = append(e.Changes, Change{Number: c.Number, Profile: string(c.Profile), Segment: c.Segment, Entered: c.Entered, Version: c.Version})
	}
	return e, nil
}
