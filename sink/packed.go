package sink

import (
	"encoding/binary"
	"errors"
	"fmt"

	"muster/pipeline"
)

// packedVersion is the version of the packed form of changes, its first byte.
const packedVersion = 1

// A packed entry of the outbox holds changes of one commit that follow one
// another, oldest first, in one field:
//
//	1 byte    packedVersion
//	varint    how many changes there are, those that were removed among them
//
// and then of each change, the last of which has the number in the entry's id:
//
//	1 byte    flags; 0 for a change that was removed, of which nothing follows
//	text      the cause
//	text      the segment's id
//	text      the run's id; with flagRun alone
//	varint    length of the profile's id, and the id; not with flagSame
//	signed    ms since the change before it that is there; of the first, since 1970 UTC
//	varint    version
//
// A text is a varint. 0 says that a text follows that is new in this entry, as
// a varint of its length and its bytes. Else it is the number of a text that
// was new before, from 1 on. A varint has seven bits in each byte, the lowest
// first, and the highest bit says that there is another one; a signed one is
// twice the number, or for a negative one twice what is missing to -1, plus 1.
//
// docs/outbox.md has the form for readers of other programs.
const (
	flagThere   = 1 << iota // a change that was not removed
	flagEntered             // else it exited
	flagSame                // of the same profile as the change before it that is there
	flagRun                 // it has a run
)

// packedField is the field of a packed entry.
const packedField = "changes"

const (
	// packedMost is how many changes a packed entry has at most.
	packedMost = 1000
	// packedBytes bounds what a packed entry takes, by the lengths of its ids; one
	// change may take more.
	packedBytes = 32 << 10
	// packedRest is what a change is reckoned with beside its ids.
	packedRest = 16
)

// packable returns how many changes at the front go into one entry.
func packable(changes []pipeline.Change) int {
	n, bytes := 0, 0
	for n < min(len(changes), packedMost) {
		c := &changes[n]
		if bytes += len(c.Profile) + len(c.Segment) + len(c.Run) + packedRest; n > 0 && bytes > packedBytes {
			break
		}
		n++
	}
	return n
}

// packer writes packed changes, in memory that is used again.
type packer struct {
	texts map[string]uint64 // numbers of the texts that the entry has
	last  *pipeline.Change  // the change before
}

// begin begins an entry of so many changes.
func (p *packer) begin(b []byte, count int) []byte {
	if p.texts == nil {
		p.texts = map[string]uint64{}
	}
	return binary.AppendUvarint(append(b, packedVersion), uint64(count))
}

// add writes a change, which must stay as it is until the end.
func (p *packer) add(b []byte, c *pipeline.Change) []byte {
	flags, before := byte(flagThere), int64(0)
	if c.Entered {
		flags |= flagEntered
	}
	if c.Run != "" {
		flags |= flagRun
	}
	if p.last != nil {
		before = p.last.At
		if p.last.Profile == c.Profile {
			flags |= flagSame
		}
	}
	p.last = c
	b = p.text(append(b, flags), string(c.Cause))
	b = p.text(b, c.Segment)
	if c.Run != "" {
		b = p.text(b, c.Run)
	}
	if flags&flagSame == 0 {
		b = append(binary.AppendUvarint(b, uint64(len(c.Profile))), c.Profile...)
	}
	b = binary.AppendVarint(b, c.At-before)
	return binary.AppendUvarint(b, c.Version)
}

// remove writes that there was a change.
func (p *packer) remove(b []byte) []byte { return append(b, 0) }

// end forgets the changes.
func (p *packer) end() {
	clear(p.texts)
	p.last = nil
}

func (p *packer) text(b []byte, text string) []byte {
	if number, known := p.texts[text]; known {
		return binary.AppendUvarint(b, number)
	}
	p.texts[text] = uint64(len(p.texts) + 1)
	return append(binary.AppendUvarint(append(b, 0), uint64(len(text))), text...)
}

var (
	errPackedVersion = errors.New("a newer version has written its changes")
	errPacked        = errors.New("its changes have another form")
)

// unpacker reads packed changes one after the other. What it tells is part of
// what it reads. Its memory is used again by the next begin.
type unpacker struct {
	rest    []byte
	left    int64 // changes
	number  int64 // of the next one
	texts   [][]byte
	at      int64
	profile []byte // of the change before
	there   bool   // whether there was one
	err     error
}

// packedChange is a change as an unpacker tells it. Its cause, segment and run
// are places among the texts.
type packedChange struct {
	number              int64
	removed, entered    bool
	cause, segment, run int // run is -1 for none
	profile             []byte
	at                  int64
	version             uint64
}

// begin begins with the changes of the entry whose id has a number.
func (u *unpacker) begin(data []byte, number int64) error {
	*u = unpacker{rest: data, texts: u.texts[:0]}
	if version := u.byte(); u.err == nil && version != packedVersion {
		return fmt.Errorf("packed version %d: %w", version, errPackedVersion)
	}
	count := u.varint()
	if u.err != nil || count == 0 || count > uint64(len(u.rest)) || int64(count) > number {
		return errPacked
	}
	u.left, u.number = int64(count), number-int64(count)+1
	return nil
}

// next reads a change. It returns false at the end, and where err says why it
// can't go on.
func (u *unpacker) next(c *packedChange) bool {
	if u.left == 0 || u.err != nil {
		if len(u.rest) > 0 {
			u.err = errPacked
		}
		return false
	}
	*c = packedChange{number: u.number, run: -1}
	u.left, u.number = u.left-1, u.number+1
	flags := u.byte()
	switch {
	case flags == 0:
		c.removed = true
		return u.err == nil
	case flags&flagThere == 0 || flags >= flagRun<<1 || flags&flagSame != 0 && !u.there:
		u.err = errPacked
		return false
	}
	c.entered = flags&flagEntered != 0
	c.cause, c.segment = u.text(), u.text()
	if flags&flagRun != 0 {
		c.run = u.text()
	}
	if flags&flagSame == 0 {
		u.profile, u.there = u.bytes(), true
	}
	u.at += u.signed()
	c.profile, c.at, c.version = u.profile, u.at, u.varint()
	return u.err == nil
}

func (u *unpacker) byte() byte {
	if len(u.rest) == 0 {
		u.err = errPacked
		return 0
	}
	b := u.rest[0]
	u.rest = u.rest[1:]
	return b
}

func (u *unpacker) varint() uint64 {
	n, length := binary.Uvarint(u.rest)
	if length <= 0 {
		u.err, u.rest = errPacked, nil
		return 0
	}
	u.rest = u.rest[length:]
	return n
}

func (u *unpacker) signed() int64 {
	n, length := binary.Varint(u.rest)
	if length <= 0 {
		u.err, u.rest = errPacked, nil
		return 0
	}
	u.rest = u.rest[length:]
	return n
}

func (u *unpacker) bytes() []byte {
	n := u.varint()
	if n > uint64(len(u.rest)) {
		u.err, u.rest = errPacked, nil
		return nil
	}
	b := u.rest[:n:n]
	u.rest = u.rest[n:]
	return b
}

// text returns the place of a text.
func (u *unpacker) text() int {
	n := u.varint()
	if n == 0 && u.err == nil {
		u.texts = append(u.texts, u.bytes())
		return len(u.texts) - 1
	}
	if n > uint64(len(u.texts)) {
		u.err = errPacked
	}
	if u.err != nil {
		return 0
	}
	return int(n - 1)
}

// repack returns an entry without those of its changes that are gone, how many
// these are, and how many are left.
func repack(data []byte, number int64, gone func(profile string, version uint64) bool) (rest []byte, removed, left int, err error) {
	var u unpacker
	if err := u.begin(data, number); err != nil {
		return nil, 0, 0, err
	}
	var p packer
	rest = p.begin(nil, int(u.left))
	for c := (packedChange{}); u.next(&c); {
		if c.removed {
			rest = p.remove(rest)
			continue
		}
		own := pipeline.Change{
			Segment: string(u.texts[c.segment]), Profile: string(c.profile), Entered: c.entered, At: c.at,
			Version: c.version, Cause: pipeline.Cause(u.texts[c.cause]),
		}
		if c.run >= 0 {
			own.Run = string(u.texts[c.run])
		}
		if gone(own.Profile, own.Version) {
			removed++
			rest = p.remove(rest)
			continue
		}
		left++
		rest = p.add(rest, &own)
	}
	return rest, removed, left, u.err
}

// packedNames reports whether a packed entry names a profile.
func packedNames(text, profile string) bool {
	named := false
	_, _, _, err := repack([]byte(text), 1<<62, func(id string, _ uint64) bool {
		named = named || id == profile
		return false
	})
	return named || err != nil
}
