package profile

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/murmur3"
)

// formatVersion is the first byte of every blob that is written, but for
// those with shadows. Decoding reads shadowFormat, journalFormat and the older
// formats too and refuses others.
const formatVersion = 3

const (
	// inlineFormat had the traits between groups and message ids.
	inlineFormat = 2
	// oldFormat had them there too, the sums of lumps as numbers, rounded at each
	// addition, and no traits of groups.
	oldFormat = 1
)

// Codec turns profiles into blobs and back. Series, segments and conditions
// are written as numbers: positions in the shard's list of names, which only grows, so a
// blob stays readable when the rules change. A Codec is immutable.
type Codec struct {
	schema     *Schema
	names      []string
	series     numbering
	segments   numbering
	conditions numbering
	narrow     bool // reads no more than its schema needs, see Retiring
	spares     *Spares
	seams      Seams  // of the shard
	retired    []bool // by number: segments that Retired may name; nil for all
	alphabet   func() *alphabet
}

// numbering maps positions in a rule set to numbers in the list of names.
type numbering struct {
	number    []uint64
	position  []int32 // by number, absent for a name that is not of this kind or not in the rule set
	ascending bool    // whether the numbers grow with the positions
}

// absent is the position of what a rule set does not have.
const absent = -1

// at returns the position of a number, and false for what is absent.
func (n *numbering) at(number uint64) (int, bool) {
	if number >= uint64(len(n.position)) || n.position[number] == absent {
		return 0, false
	}
	return int(n.position[number]), true
}

// invert fills in the positions, of as many numbers as there are names.
func (n *numbering) invert(names int) {
	n.ascending = slices.IsSorted(n.number)
	n.position = slices.Repeat([]int32{absent}, names)
	for position, number := range n.number {
		n.position[number] = int32(position)
	}
}

const (
	nameSegment   = "s:"
	nameSeries    = "a:"
	nameCondition = "h:"
)

// NewCodec returns the codec of a schema and the segment ids of its rule
// set, given the names a shard has numbered so far, and the names that it
// adds at the end of them.
func NewCodec(schema *Schema, segments, names []string) (*Codec, []string) {
	codec := &Codec{schema: schema, names: slices.Clone(names)}
	known := make(map[string]uint64, len(names))
	for i, name := range names {
		known[name] = uint64(i)
	}
	number := func(numbers *numbering, name string) {
		at, ok := known[name]
		if !ok {
			at = uint64(len(codec.names))
			known[name] = at
			codec.names = append(codec.names, name)
		}
		numbers.number = append(numbers.number, at)
	}
	for _, s := range schema.Series {
		number(&codec.series, NameOfSeries(s.Key))
	}
	for _, id := range segments {
		number(&codec.segments, NameOfSegment(id))
	}
	for _, key := range schema.Conditions {
		number(&codec.conditions, NameOfCondition(key))
	}
	for _, numbers := range []*numbering{&codec.series, &codec.segments, &codec.conditions} {
		numbers.invert(len(codec.names))
	}
	codec.alphabet = sync.OnceValue(codec.newAlphabet)
	return codec, codec.names[len(names):]
}

// Names returns the list of names with those that the codec added at its
// end. It is the codec's own: only look.
func (c *Codec) Names() []string { return c.names }

// Retiring returns a codec that puts only segments into Retired whose names
// are chosen, and passes over others that its rule set does not have. It is
// for looking at profiles with a part of the rule set they are stored under:
// of what it reads, a profile has only the traits and series that the rules
// ask for, and it refers to the blob. Such a profile must not be stored or
// kept.
func (c *Codec) Retiring(chosen func(segment string) bool) *Codec {
	narrow := *c
	narrow.narrow = true
	narrow.retired = make([]bool, len(c.names))
	for number, name := range c.names {
		id, ok := SegmentName(name)
		narrow.retired[number] = ok && chosen(id)
	}
	return &narrow
}

// Sharing returns a codec whose profiles take memory from spares and give it
// back there. It is for the goroutine that these belong to.
func (c *Codec) Sharing(spares *Spares) *Codec {
	sharing := *c
	sharing.spares = spares
	return &sharing
}

// New returns a profile that has seen nothing.
func (c *Codec) New(id string) *Profile {
	p := &Profile{}
	c.Begin(p, id)
	return p
}

// Begin makes a profile that nobody refers to any more one that has seen
// nothing. It uses its memory again.
func (c *Codec) Begin(p *Profile, id string) {
	p.empty()
	p.ID, p.spares = strings.Clone(id), c.spares
}

// digest shortens the key of a series or condition to 128 bits, so that long
// rules do not make long names.
func digest(key string) string {
	h1, h2 := murmur3.StringSum128(key)
	return hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h1), h2))
}

// NameOfSegment is the entry of a list of names that is about a segment.
func NameOfSegment(id string) string { return nameSegment + id }

// NameOfSeries is the entry of a list of names that is about a series.
func NameOfSeries(key string) string { return nameSeries + digest(key) }

// NameOfCondition is the entry of a list of names that is about a condition.
func NameOfCondition(key string) string { return nameCondition + digest(key) }

// SegmentName returns the segment id that an entry of a list of names is
// about; false when it is about something else.
func SegmentName(name string) (id string, ok bool) { return strings.CutPrefix(name, nameSegment) }

// IsSeriesName reports whether an entry of a list of names is about a series.
func IsSeriesName(name string) bool { return strings.HasPrefix(name, nameSeries) }

// IsConditionName reports whether an entry of a list of names is about a condition.
func IsConditionName(name string) bool { return strings.HasPrefix(name, nameCondition) }

// Segment returns the id of a retired segment by its number.
func (c *Codec) Segment(number uint64) string { return c.names[number][len(nameSegment):] }
