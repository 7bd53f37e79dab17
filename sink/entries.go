package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// entries reads some of a shard's outbox, by XRANGE or XREVRANGE and what they
// are to be asked behind the key.
//
// The answer is read as Redis sends it: as a map of texts for each entry it is
// a third of what deliveries cost. But who reads so is not told of errors, nor
// led to the node of a cluster that has the key by now. So after an answer that
// is an error the command is sent once more in the usual way.
func (s *Store) entries(ctx context.Context, shard int, command string, arguments ...any) ([]Entry, error) {
	key := s.keys.outbox(shard)
	words := append([]any{command, key}, arguments...)
	var entries []Entry
	err := s.retry(ctx, "reading outbox", func(ctx context.Context) error {
		raw := redis.NewRawCmd(ctx, words...)
		if err := s.client.Process(ctx, raw); err != nil {
			return err
		}
		r := &reading{answer: raw.Val(), texts: map[string]string{}}
		if len(r.answer) > 0 && r.answer[0] == '-' {
			answer, err := s.client.Do(ctx, words...).Slice()
			if err != nil {
				return err
			}
			r.answer = appendAnswer(nil, answer)
		}
		var err error
		if entries, err = r.entries(); err != nil {
			return final("%w", err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return entries, nil
}

// appendAnswer writes arrays and texts as Redis sends them.
func appendAnswer(b []byte, answer any) []byte {
	switch a := answer.(type) {
	case []any:
		b = fmt.Appendf(b, "*%d\r\n", len(a))
		for _, part := range a {
			b = appendAnswer(b, part)
		}
		return b
	default:
		text := fmt.Sprint(a)
		return fmt.Appendf(b, "$%d\r\n%s\r\n", len(text), text)
	}
}

// errAnswer is returned for an answer that has another form than that of
// entries.
var errAnswer = errors.New("the answer of Redis is no list of entries")

// reading is an answer of Redis that is read: arrays and texts, each with its
// length before it.
type reading struct {
	answer []byte            // what is left of it
	texts  map[string]string // that come again and again: segments, causes and runs
}

// entries reads an array of entries.
func (r *reading) entries() ([]Entry, error) {
	count, err := r.length('*')
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, max(0, min(count, len(r.answer)/16))) // none is shorter
	if len(entries) < count {
		return nil, errAnswer
	}
	for i := range entries {
		if err := r.entry(&entries[i]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// entry reads an array of an id and an array of fields.
func (r *reading) entry(e *Entry) error {
	if parts, err := r.length('*'); err != nil || parts != 2 {
		return errAnswer
	}
	id, err := r.text()
	if err != nil {
		return err
	}
	e.ID = string(id)
	count, err := r.length('*')
	if err != nil || count%2 != 0 {
		return errAnswer
	}
	for range count / 2 {
		field, err := r.text()
		if err != nil {
			return err
		}
		value, err := r.text()
		if err != nil {
			return err
		}
		if err := r.field(e, field, value); err != nil {
			return fmt.Errorf("entry %s: %w", e.ID, err)
		}
	}
	return nil
}

// field takes a field in; those that are not known are passed over.
func (r *reading) field(e *Entry, name, value []byte) (err error) {
	c := &e.Change
	switch string(name) {
	case "segment":
		c.Segment = r.known(value)
	case "profile":
		c.Profile = string(value)
	case "kind":
		c.Entered = string(value) == kindEntered
	case "cause":
		c.Cause = pipeline.Cause(r.known(value))
	case "run":
		c.Run = r.known(value)
	case "at":
		c.At, err = strconv.ParseInt(string(value), 10, 64)
	case "version":
		c.Version, err = strconv.ParseUint(string(value), 10, 64)
	case "offset":
		e.Offset, err = strconv.ParseInt(string(value), 10, 64)
	}
	if err != nil {
		return fmt.Errorf("%q in field %s is no number", value, name)
	}
	return nil
}

// known returns a text that may have come before.
func (r *reading) known(text []byte) string {
	if before, ok := r.texts[string(text)]; ok {
		return before
	}
	own := string(text)
	r.texts[own] = own
	return own
}

// length reads the length that an array (*) or a text ($) begins with.
func (r *reading) length(kind byte) (int, error) {
	end := bytes.IndexByte(r.answer, '\n')
	if end < 2 || r.answer[0] != kind {
		return 0, errAnswer
	}
	n, err := strconv.Atoi(string(r.answer[1 : end-1]))
	if err != nil || n < 0 {
		return 0, errAnswer
	}
	r.answer = r.answer[end+1:]
	return n, nil
}

// text reads a text, which is valid as long as the answer.
func (r *reading) text() ([]byte, error) {
	n, err := r.length('$')
	if err != nil || len(r.answer)-2 < n {
		return nil, errAnswer
	}
	text := r.answer[:n]
	r.answer = r.answer[n+2:]
	return text, nil
}
