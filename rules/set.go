package rules

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/murmur3"

	"muster/catalogue"
	"muster/profile"
	"muster/rules/internal/engine"
)

// semantics is raised whenever an unchanged rule may get another meaning, so
// that every profile is evaluated anew.
const semantics = 2

// Set is a compiled rule set. It is immutable and may be used by any number
// of Matchers at once. Segments are numbered by position; a segment stands
// behind all that its rule mentions.
type Set struct {
	segments []Segment
	byID     []int32       // positions in the order of ids
	meanings []uint64      // by position, see mean
	wordings []uint64      // by position, see Wording
	uses     map[int][]int // positions that a position mentions
	held     []bool        // by position, see UsesHeld
	seriesOf sync.Map      // what SeriesOf has found, by position
	context  []string      // see ContextFields
	tables   catalogue.Tables
	asked    []lookedUp // by position, what of tables its rule asks
	// aggregates lists what Aggregates returns, when it is first asked for.
	aggregates func() []Aggregate
	print      string
	compiled   *engine.Set
}

// Options are what a Set can be compiled with. But for Catalogues they change its
// speed, never its meaning.
type Options struct {
	// Sample are profiles to learn from how often predicates hold. Their
	// series must be empty or of a Set with the same rules.
	Sample []*profile.Profile
	// Draw, when not nil, gives further profiles. It is told what the Set
	// keeps of profiles and its segments' ids by position, which is what
	// profile.NewCodec needs to read stored profiles of other rules.
	Draw func(schema *profile.Schema, segments []string) []*profile.Profile
	// Now is the stream time at which to look at them, ms since 1970 UTC.
	Now int64
	// Checks, when not nil, know rules that need not be checked again.
	Checks *Checks
	// Catalogues are those that the segments of files may ask beside those that the
	// files declare. They are part of the meaning. Segments that are compiled with
	// CompileWith have their own; of a Set without any these are the catalogues.
	Catalogues catalogue.Tables
}

// Compile checks segments and makes a Set of them, or returns every mistake.
// The outcome depends on the segments alone, not on their order.
func Compile(segments []Segment) (*Set, error) { return compile(segments, false, Options{}) }

// CompileWith is Compile with options.
func CompileWith(segments []Segment, o Options) (*Set, error) {
	o.Checks.begin()
	set, err := compile(segments, false, o)
	if err == nil && set.tables == nil {
		set.tables = o.Catalogues
	}
	return set, err
}

// Load reads and compiles segment files, or returns every mistake in them.
func Load(sources ...Source) (*Set, error) { return LoadWith(Options{}, sources...) }

// LoadWith is Load with options.
func LoadWith(options Options, sources ...Source) (*Set, error) {
	var segments []Segment
	var errs Errors
	var catalogues []declared
	files, unread := map[*yamlReader]map[string]File{}, false
	options.Checks.begin()
	for _, s := range sources {
		one := read(s)
		segments, errs, catalogues = append(segments, one.segments...), append(errs, one.errs...), append(catalogues, one.catalogues...)
		files[one], unread = s.Files, unread || one.unread
	}
	tables, wrong := tablesOf(catalogues, files, options.Catalogues)
	errs = append(errs, wrong...)
	for i := range segments {
		segments[i].tables, segments[i].unread = tables, unread || len(wrong) > 0
	}
	set, err := compile(segments, len(errs) > 0, options)
	var more Errors
	if errors.As(err, &more) {
		errs = append(errs, more...)
	}
	if len(errs) > 0 {
		sortErrors(errs)
		return nil, errs
	}
	return set, err
}

func sortErrors(errs Errors) {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.File == "" && a.Segment != b.Segment {
			return strings.Compare(a.Segment, b.Segment)
		}
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
}

// Schema is what profiles must keep for the set.
func (s *Set) Schema() *profile.Schema { return s.compiled.Schema() }

// Len is the number of segments.
func (s *Set) Len() int { return len(s.segments) }

// Segment returns the segment at a position.
func (s *Set) Segment(position int) *Segment { return &s.segments[position] }

// Position returns the position of a segment.
func (s *Set) Position(id string) (int, bool) {
	index, known := slices.BinarySearchFunc(s.byID, id, func(position int32, id string) int {
		return strings.Compare(s.segments[position].ID, id)
	})
	if !known {
		return 0, false
	}
	return int(s.byID[index]), true
}

// mentioned returns the position of a segment that a rule mentions; 0 when
// there is none of that id, which compiling has refused.
func (s *Set) mentioned(id string) int {
	position, _ := s.Position(id)
	return position
}

// Mentions returns the positions of the segments that the rule of a position
// mentions. All are below it.
func (s *Set) Mentions(position int) []int { return s.uses[position] }

// IDs returns the segments' ids by position.
func (s *Set) IDs() []string {
	ids := make([]string, len(s.segments))
	for i := range s.segments {
		ids[i] = s.segments[i].ID
	}
	return ids
}

// Fingerprint identifies the meaning of the set: equal texts, equal
// memberships.
func (s *Set) Fingerprint() string { return s.print }

func fingerprint(segments []Segment, asked []lookedUp) string {
	hash := murmur3.New128()
	one := binary.AppendUvarint(nil, semantics)
	for i := range segments {
		for _, text := range []string{segments[i].ID, segments[i].Rule} {
			one = append(binary.AppendUvarint(one, uint64(len(text))), text...)
		}
		if asked[i].all != 0 {
			one = binary.BigEndian.AppendUint64(one, asked[i].all)
		}
		_, _ = hash.Write(one) // never fails
		one = one[:0]
	}
	return hex.EncodeToString(hash.Sum(one))
}
