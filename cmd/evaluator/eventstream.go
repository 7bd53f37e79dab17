package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"
)

// maxEventLine bounds a line of an event stream, in bytes. A change has an
// id of about 12 bytes for each shard; the answer to a draft of 10,000 segments
// takes some 5 MB.
const maxEventLine = 32 << 20

// serverEvent is one of a stream of server-sent events.
type serverEvent struct {
	kind  string // "" where there is only an id or a time to come again
	id    string // that stands at it, "" for none
	data  []byte
	retry time.Duration // 0 where nothing is said
}

// eventReader reads events of the form text/event-stream, as HTML describes it.
type eventReader struct{ lines *bufio.Scanner }

func newEventReader(body io.Reader) *eventReader {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 4096), maxEventLine)
	return &eventReader{lines}
}

// next returns the next event, and io.ErrUnexpectedEOF where there are no more:
// one that is not whole is dropped.
func (r *eventReader) next() (one serverEvent, err error) {
	for some := false; r.lines.Scan(); {
		line := bytes.TrimSuffix(r.lines.Bytes(), []byte("\r"))
		if len(line) == 0 {
			if some {
				return one, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		if len(field) == 0 {
			continue // a comment
		}
		some = true
		one.set(string(field), bytes.TrimPrefix(value, []byte(" ")))
	}
	if err := r.lines.Err(); err != nil {
		return serverEvent{}, fmt.Errorf("reading events from the API: %w", err)
	}
	return serverEvent{}, fmt.Errorf("reading events from the API: %w", io.ErrUnexpectedEOF)
}

// set takes a field of an event over. Those that it does not know are passed
// over, as HTML demands.
func (e *serverEvent) set(field string, value []byte) {
	switch field {
	case "event":
		e.kind = string(value)
	case "id":
		e.id = string(value)
	case "data":
		if e.data != nil {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
	case "retry":
		if ms, err := strconv.ParseInt(string(value), 10, 32); err == nil && ms > 0 {
			e.retry = time.Duration(ms) * time.Millisecond
		}
	}
}
