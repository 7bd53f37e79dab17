package rehearsal

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"muster/event"
)

// Bounds of a Sample.
const (
	maxSampleBytes = 256 << 20 // of records; later ones are left out
	maxRefusals    = 20        // kinds that are told apart
)

// Sample is the events to play. It is filled with Add before it is played.
type Sample struct {
	decoder  *event.Decoder
	records  []record
	refusals []Refusal
	profiles map[string]struct{}
	bytes    int
	events   int
	refused  int
	first    int64 // earliest and latest arrival, ms since 1970 UTC
	last     int64
	full     bool
}

// Refusal is what is wrong with some of the records, or items of batches.
type Refusal struct {
	Reason  string `json:"reason"` // of the first of them
	Line    int    `json:"line"`   // of the first of them
	Records int    `json:"records"`

	kind string
}

// NewSample returns an empty sample. Records past the limits are refused.
func NewSample(limits event.Config) (*Sample, error) {
	decoder, err := event.NewDecoder(limits)
	if err != nil {
		return nil, err
	}
	decoder.ReadContext(nil)
	return &Sample{decoder: decoder, profiles: map[string]struct{}{}}, nil
}

// Add takes a record that stands in a line. It reports whether there is room
// for more: a sample holds 256 MB.
func (s *Sample) Add(line int, text []byte) bool {
	s.decoder.Reset()
	events, rejected := s.decoder.Decode(nil, nil, text, 0, 0)
	for _, one := range rejected {
		s.Refuse(line, one.Reason)
	}
	if len(events) == 0 {
		return true
	}
	if s.bytes+len(text) > maxSampleBytes {
		s.full = true
		return false
	}
	r, err := newRecord(text, line, s.decoder.IsID)
	if err != nil {
		s.Refuse(line, err.Error())
		return true
	}
	s.records = append(s.records, r)
	s.bytes += len(text)
	for i := range events {
		s.count(&events[i])
	}
	return true
}

func (s *Sample) count(ev *event.Event) {
	if s.events == 0 {
		s.first, s.last = ev.Arrival, ev.Arrival
	}
	s.events++
	s.first, s.last = min(s.first, ev.Arrival), max(s.last, ev.Arrival)
	if _, known := s.profiles[ev.Profile]; !known {
		s.profiles[strings.Clone(ev.Profile)] = struct{}{}
	}
}

// Refuse counts a record, or an item of one, that can't be used.
func (s *Sample) Refuse(line int, reason string) {
	s.refused++
	kind := KindOf(reason)
	i := slices.IndexFunc(s.refusals, func(r Refusal) bool { return r.kind == kind })
	if i < 0 && len(s.refusals) == maxRefusals {
		i = maxRefusals - 1 // the last one stands for all others
	}
	if i >= 0 {
		s.refusals[i].Records++
		return
	}
	s.refusals = append(s.refusals, Refusal{Reason: reason, Line: line, Records: 1, kind: kind})
}

var index = regexp.MustCompile(`\[\d+\]`)

// KindOf is the field that a reason is about, whatever its value was.
func KindOf(reason string) string {
	field, _, _ := strings.Cut(reason, ": ")
	return index.ReplaceAllString(field, "[]")
}

// Events is how many events there are to play.
func (s *Sample) Events() int { return s.events }

// Refusals returns what was refused, the most frequent first.
func (s *Sample) Refusals() []Refusal {
	return slices.SortedStableFunc(slices.Values(s.refusals), func(a, b Refusal) int { return cmp.Compare(b.Records, a.Records) })
}

// span is how far times are moved on with each playing, in seconds: past all
// that arrived in the one before.
func (s *Sample) span() int64 { return (s.last-s.first)/1000 + 1 }
