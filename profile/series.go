package profile

import (
	"strings"

	"muster/event"
)

// Keep says what a series remembers of each event.
type Keep uint8

// What a series can keep. The Sliding kinds keep each event of the longest
// window that reads them; the Total kinds fold the events of all time.
const (
	TotalCount     Keep = iota // how many
	TotalNumbers               // count, sum, least and greatest number
	TotalDistinct              // the set of values
	TotalFirst                 // the first event's value
	TotalLast                  // the last event's value
	SlidingTimes               // event times
	SlidingNumbers             // event times and numbers
	SlidingValues              // event times and values of any kind
)

// Sliding reports whether the series keeps single events of a window.
func (k Keep) Sliding() bool { return k >= SlidingTimes }

// Series is one stream of a profile's events that rules read: which events,
// what of them, and for how long. However many rules share it, a profile
// keeps it once.
type Series struct {
	// Key is the series' canonical text. Equal keys are the same series in
	// every rule set, so state outlives a change of rules.
	Key string
	// Name selects events by exact name, or by prefix when Prefix is set.
	Name   string
	Prefix bool
	// Since, when not 0, leaves out events before that instant (ms).
	Since int64
	// Where narrows further; nil takes all.
	Where func(*event.Event) bool
	// Project gives what Numbers, Distinct, First, Last and Values keep.
	Project func(*event.Event) event.Value
	Keep    Keep
	// Window is how far back a Sliding series is read, in milliseconds.
	Window int64
	// Newest, when not 0, is how many of the newest events of SlidingTimes
	// any reader can tell from more: older ones are dropped, whatever the
	// window. It is not part of the Key.
	Newest int
}

// Schema is what a rule set needs profiles to keep. It is immutable.
type Schema struct {
	Traits []Path // trait paths that rules mention, sorted, without repeats
	Series []Series

	exact  map[string][]int
	prefix []int
	traits map[Path]int      // index of each trait path
	inner  map[Path]struct{} // what lies above a trait path
}

// NewSchema returns the schema of sorted trait paths and series.
func NewSchema(traits []Path, series []Series) *Schema {
	s := &Schema{
		Traits: traits, Series: series, exact: map[string][]int{},
		traits: make(map[Path]int, len(traits)), inner: map[Path]struct{}{},
	}
	for i, p := range traits {
		s.traits[p] = i
		for q, ok := p.Parent(); ok; q, ok = q.Parent() {
			s.inner[q] = struct{}{}
		}
	}
	for i, one := range series {
		if one.Prefix {
			s.prefix = append(s.prefix, i)
		} else {
			s.exact[one.Name] = append(s.exact[one.Name], i)
		}
	}
	return s
}

// match calls add with every series that takes the event.
func (s *Schema) match(ev *event.Event, add func(series int)) {
	for _, i := range s.exact[ev.Name] {
		if s.Series[i].takes(ev) {
			add(i)
		}
	}
	for _, i := range s.prefix {
		if strings.HasPrefix(ev.Name, s.Series[i].Name) && s.Series[i].takes(ev) {
			add(i)
		}
	}
}

func (s *Series) takes(ev *event.Event) bool {
	return ev.Time >= s.Since && (s.Where == nil || s.Where(ev))
}
