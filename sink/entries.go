package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// read adds to a reading what an outbox has, by XRANGE or XREVRANGE and what they
// are to be asked behind the key. It returns how many entries that were.
//
// The answer is read as Redis sends it: as a map of texts for each entry it is
// a third of what deliveries cost. But who reads so is not told of errors, nor
// led to the node of a cluster that has the key by now. So after an answer that
// is an error the command is sent once more in the usual way.
func (s *Store) read(ctx context.Context, r *reading, key, command string, arguments ...any) (entries int, err error) {
	words := append([]any{command, key}, arguments...)
	err = s.retry(ctx, "reading outbox", func(ctx context.Context) error {
		raw := redis.NewRawCmd(ctx, words...)
		if err := s.client.Process(ctx, raw); err != nil {
			return err
		}
		r.answer = raw.Val()
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
		return 0, fmt.Errorf("reading %s: %w", key, err)
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

// reading is the reading of an outbox, in one answer of Redis or several: arrays
// and texts, each with its length before it.
type reading struct {
	answer []byte            // what is left of it
	texts  map[string]string // that come again and again: segments, causes and runs
	after  changeID          // changes up to this one are passed over
	most   int               // changes that are wanted; 0 for all
	// backwards says that the newest entry comes first.
	backwards bool

	found []Entry
	came  int    // entries that were read
	last  string // id of the last entry; at first the one that reading goes on behind, "" for none

	packed  unpacker
	inEntry []string // texts of the packed entry at hand, once they were wanted
	id      []byte
}

func newReading(after string, most int) (*reading, error) {
	id, err := changeIDOf(after)
	return &reading{texts: map[string]string{}, after: id, most: most, last: after}, err
}

// from is where to go on, for XRANGE.
func (r *reading) from() string {
	if r.last == "" {
		return "-"
	}
	return "(" + r.last
}

// trip returns how many entries to ask for behind the last so many: as many as it
// takes if they have as many changes as those that came, and twice as many as
// before where these were larger; 0 for none.
func (r *reading) trip(before int) int {
	left := r.most - len(r.found)
	if left <= 0 {
		return 0
	}
	each := max(1, len(r.found)/max(1, r.came))
	return min(max(left/each+1, before*2), before*8, left, outboxTrip)
}

// full reports whether all changes that are wanted were found.
func (r *reading) full() bool { return r.most > 0 && len(r.found) >= r.most }

// entries reads an array of entries, and returns how many it has. Where as many
// changes as are wanted are found before its end, it is not read to that.
func (r *reading) entries() (count int, err error) {
	if count, err = r.length('*'); err != nil {
		return 0, err
	}
	if count > len(r.answer)/16 { // none is shorter
		return 0, errAnswer
	}
	r.found = slices.Grow(r.found, count)
	for range count {
		if r.full() {
			break
		}
		if err := r.entry(); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// entry reads an array of an id and an array of fields.
func (r *reading) entry() error {
	if parts, err := r.length('*'); err != nil || parts != 2 {
		return errAnswer
	}
	id, err := r.text()
	if err != nil {
		return err
	}
	r.last, r.came = string(id), r.came+1
	count, err := r.length('*')
	if err != nil || count%2 != 0 {
		return errAnswer
	}
	e, packed := Entry{ID: r.last}, []byte(nil)
	for range count / 2 {
		field, err := r.text()
		if err != nil {
			return err
		}
		value, err := r.text()
		if err != nil {
			return err
		}
		if string(field) == packedField {
			packed = value
			continue
		}
		if err := r.field(&e, field, value); err != nil {
			return fmt.Errorf("entry %s: %w", e.ID, err)
		}
	}
	if packed == nil {
		r.found = append(r.found, e)
		return nil
	}
	if err := r.unpack(packed); err != nil {
		return fmt.Errorf("entry %s: %w", e.ID, err)
	}
	return nil
}

// unpack adds the changes of a packed entry that are wanted.
func (r *reading) unpack(data []byte) error {
	id, err := changeIDOf(r.last)
	if err != nil {
		return err
	}
	if err := r.packed.begin(data, id.number); err != nil {
		return err
	}
	first := len(r.found)
	r.inEntry = r.inEntry[:0]
	var c packedChange
	for !r.full() && r.packed.next(&c) {
		own := changeID{id.offset, c.number}
		if c.removed || !r.after.before(own) {
			continue
		}
		r.id = own.append(r.id[:0])
		e := Entry{ID: string(r.id), Offset: own.offset, Change: pipeline.Change{
			Segment: r.unpacked(c.segment), Profile: string(c.profile), Entered: c.entered, At: c.at, Version: c.version,
			Cause: pipeline.Cause(r.unpacked(c.cause)),
		}}
		if c.run >= 0 {
			e.Change.Run = r.unpacked(c.run)
		}
		r.found = append(r.found, e)
	}
	if r.backwards {
		slices.Reverse(r.found[first:])
	}
	return r.packed.err
}

// unpacked returns a text of the packed entry at hand.
func (r *reading) unpacked(place int) string {
	for len(r.inEntry) <= place {
		r.inEntry = append(r.inEntry, r.known(r.packed.texts[len(r.inEntry)]))
	}
	return r.inEntry[place]
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
