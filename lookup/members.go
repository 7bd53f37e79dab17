package lookup

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"muster/sink"
)

// Members calls fn with the profiles in a segment, in no order, from a cursor
// on, "" for the beginning. It stops after about limit of them, 0 for none, and
// returns where to go on, "" when these were all. A cursor is of one segment.
func (r *Reader) Members(ctx context.Context, segment, cursor string, limit int, fn func(profile string) error) (next string, err error) {
	from, err := cursorOf("segment", segment, cursor)
	if err != nil {
		return "", err
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	if _, known := r.rules().Position(segment); !known {
		if err := r.UnknownSegment(ctx, segment); err != nil {
			return "", err
		}
	}
	at, more, err := r.store.MembersFrom(ctx, segment, from, limit, fn)
	switch {
	case errors.Is(err, sink.ErrCursor):
		return "", input("%v", err)
	case err != nil:
		return "", err
	case !more:
		return "", nil
	}
	return textOf(segment, at), nil
}

// textOf is a cursor as a text that tells which segment or destination it is of.
func textOf(name string, c sink.Cursor) string {
	return fmt.Sprintf("%s.%08x", c, crc32.ChecksumIEEE([]byte(name)))
}

func cursorOf(kind, name, text string) (sink.Cursor, error) {
	if text == "" {
		return sink.Cursor{}, nil
	}
	cut := strings.LastIndexByte(text, '.')
	c, err := sink.ParseCursor(text[:max(0, cut)])
	switch {
	case cut <= 0 || err != nil:
		return sink.Cursor{}, input("%s is no cursor; take it from the answer before, or begin without one", Shown(text))
	case textOf(name, c) != text:
		return sink.Cursor{}, input("the cursor %s is of another %s than %s; begin without one", Shown(text), kind, name)
	}
	return c, nil
}
