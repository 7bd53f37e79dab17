package profile

import (
	"slices"
	"strings"

	"muster/event"
)

// Keep says what a series remembers of each event.
type Keep uint8

// What a series can keep. The Sliding kinds keep each event of the longest
// window that reads them; the Total kinds fold the events of all time.
const (
	KeepTotalCount     Keep = iota // how many
	KeepTotalNumbers               // count, sum, least and greatest number
	KeepTotalDistinct              // the set of values
	KeepTotalFirst                 // the first event's value
	KeepTotalLast                  // the last event's value
	KeepSlidingTimes               // event times
	KeepSlidingNumbers             // event times and numbers
	KeepSlidingValues              // event times and values of any kind
	KeepRecentSequence             // when the last sequence of steps within a window began
	KeepTotalSequence              // when the last one of all time began
	KeepTotalAbandoned             // the last event of the first step, unless one of the second stands after it
)

// keeps is how many kinds of series there are.
const keeps = int(KeepTotalAbandoned) + 1

// Sliding reports whether the series keeps single events of a window.
func (k Keep) Sliding() bool { return k >= KeepSlidingTimes && k <= KeepSlidingValues }

// Ordered reports whether the series has several steps and puts their events
// in order.
func (k Keep) Ordered() bool { return k >= KeepRecentSequence }

// expires reports whether the series forgets what is older than its window.
func (k Keep) expires() bool { return k.Sliding() || k == KeepRecentSequence }

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
	// Calls says that it takes events of every type, whatever their name, and
	// keeps values of their context: of KeepTotalLast, and none that is longer
	// than Config.ContextBytes.
	Calls bool
	// Where narrows further; nil takes all.
	Where func(*event.Event) bool
	// Project gives what Numbers, Distinct, First, Last and Values keep.
	Project func(*event.Event) event.Value
	Keep    Keep
	// Spread says that each value of the lists that Project gives counts by
	// itself: of KeepTotalDistinct and KeepSlidingValues.
	Spread bool
	// Steps stand in the place of the fields above where Keep is Ordered: 2
	// for KeepTotalAbandoned, up to MaxSteps for the others. Of a sequence the
	// last event is at most Within milliseconds later than the first.
	Steps  []Step
	Within int64
	// Window is how far back a Sliding series or a KeepRecentSequence is read, in
	// milliseconds.
	Window int64
	// Newest, when not 0, is how many of the newest events of KeepSlidingTimes
	// any reader can tell from more: older ones are dropped, whatever the
	// window. It is not part of the Key.
	Newest int
}

// Schema is what a rule set needs profiles to keep. It is immutable.
type Schema struct {
	Traits []Path // trait paths that rules mention, sorted, without repeats
	Series []Series
	// Conditions are the canonical texts of what a profile remembers since
	// when it is true. Equal texts are the same condition in every rule set.
	// In Members they stand behind the segments.
	Conditions []string

	exact  map[string][]int
	prefix []int
	calls  []int
	traits map[Path]int      // index of each trait path
	inner  map[Path]struct{} // what lies above a trait path
}

// NewSchema returns the schema of sorted trait paths and series.
func NewSchema(traits []Path, series []Series) *Schema {
	schema := &Schema{
		Traits: traits, Series: series, exact: map[string][]int{},
		traits: make(map[Path]int, len(traits)), inner: map[Path]struct{}{},
	}
	for i, p := range traits {
		schema.traits[p] = i
		for q, ok := p.Parent(); ok; q, ok = q.Parent() {
			schema.inner[q] = struct{}{}
		}
	}
	for i := range series {
		schema.file(i)
	}
	return schema
}

// file notes under which names a series is found. One with a step that is a
// prefix is tried with every event.
func (s *Schema) file(i int) {
	one := &s.Series[i]
	if one.Calls {
		s.calls = append(s.calls, i)
		return
	}
	prefix := one.Prefix
	names := []string{one.Name}
	if one.Keep.Ordered() {
		names = nil
		for k := range one.Steps {
			prefix = prefix || one.Steps[k].Prefix
			if !slices.Contains(names, one.Steps[k].Name) {
				names = append(names, one.Steps[k].Name)
			}
		}
	}
	if prefix {
		s.prefix = append(s.prefix, i)
		return
	}
	for _, name := range names {
		s.exact[name] = append(s.exact[name], i)
	}
}

// MayTake reports whether any series may take an event. It goes by the
// event's name, and by whether it has a context.
func (s *Schema) MayTake(ev *event.Event) bool {
	return len(s.exact[ev.Name])+len(s.prefix) > 0 || len(s.calls) > 0 && !ev.Context.IsMissing()
}

// takes reports whether any series may take an event.
func (s *Schema) takes(ev *event.Event) bool {
	return ev.IsBehaviour() || len(s.calls) > 0 && !ev.Context.IsMissing()
}

// match calls add with every series that takes the event, and the set of its
// steps that do.
func (s *Schema) match(ev *event.Event, add func(series int, steps uint8)) {
	if !ev.Context.IsMissing() {
		for _, i := range s.calls {
			s.offer(i, ev, add)
		}
	}
	if !ev.IsBehaviour() {
		return
	}
	for _, i := range s.exact[ev.Name] {
		s.offer(i, ev, add)
	}
	for _, i := range s.prefix {
		if one := &s.Series[i]; one.Keep.Ordered() || strings.HasPrefix(ev.Name, one.Name) {
			s.offer(i, ev, add)
		}
	}
}

func (s *Schema) offer(i int, ev *event.Event, add func(series int, steps uint8)) {
	one := &s.Series[i]
	if one.Keep.Ordered() {
		if set := one.taking(ev); set != 0 {
			add(i, set)
		}
	} else if one.takes(ev) {
		add(i, 0)
	}
}

func (s *Series) takes(ev *event.Event) bool {
	return ev.Time >= s.Since && (s.Where == nil || s.Where(ev))
}
