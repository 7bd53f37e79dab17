package sink

import (
	"encoding/binary"
	"errors"
	"slices"

	"muster/pipeline"
)

// An entry of the chronicle is, one behind the other:
//
//	1 byte    1 for entered, and the cause's place in chronicleCauses from bit 1 on
//	varint    length of the segment's id, and the id
//	varint    ms since the list's day began
//	varint    version
//	varint    length of the run's id, and the id; only of the cause backfill
//	1 byte    0, so that a search for an id finds it as a word of its own
//	rest      the profile's id
//
// The segment's id is written out, and not its number among the shard's names:
// so a reshard can carry entries over as they are.

// chronicleCauses are numbered by their places, which are stored: add at the
// end.
var chronicleCauses = []pipeline.Cause{
	"", pipeline.CauseEvent, pipeline.CauseTime, pipeline.CauseRules, pipeline.CauseBackfill, pipeline.CauseErased,
}

var errChronicled = errors.New("the entry can't be read by this version")

// appendChronicled writes an entry.
func appendChronicled(b []byte, c *pipeline.Change) []byte {
	head := byte(max(0, slices.Index(chronicleCauses, c.Cause)) << 1)
	if c.Entered {
		head |= 1
	}
	b = append(binary.AppendUvarint(append(b, head), uint64(len(c.Segment))), c.Segment...)
	b = binary.AppendUvarint(b, uint64(max(0, c.At)%dayMillis))
	b = binary.AppendUvarint(b, c.Version)
	if c.Cause == pipeline.CauseBackfill {
		b = append(binary.AppendUvarint(b, uint64(len(c.Run))), c.Run...)
	}
	return append(append(b, 0), c.Profile...)
}

// chronicledOf reads an entry of a day's list.
func chronicledOf(day int64, text string) (c pipeline.Change, err error) {
	r := entryReader{rest: text}
	head := r.byte()
	cause := int(head >> 1)
	c.Entered = head&1 != 0
	c.Segment = r.text()
	c.At = day*dayMillis + int64(r.number())
	c.Version = r.number()
	if cause < len(chronicleCauses) {
		c.Cause = chronicleCauses[cause]
	}
	if c.Cause == pipeline.CauseBackfill {
		c.Run = r.text()
	}
	if r.byte() != 0 || r.failed || cause >= len(chronicleCauses) {
		return c, final("an entry of %d bytes in the chronicle: %w", len(text), errChronicled)
	}
	c.Profile = r.rest
	return c, nil
}

// entryReader reads an entry from its beginning.
type entryReader struct {
	rest   string
	failed bool
}

func (r *entryReader) byte() byte {
	if r.rest == "" {
		r.failed = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *entryReader) number() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.failed = true
	return 0
}

func (r *entryReader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.failed = true
		return ""
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

// chronicleNames reports whether an entry is of a profile.
func chronicleNames(text, profile string) bool {
	c, err := chronicledOf(0, text)
	return text != "" && (err != nil || c.Profile == profile)
}
