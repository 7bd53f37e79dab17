package rules

import (
	"slices"
	"strconv"
	"strings"

	"muster/event"
	"muster/profile"
)

// builder turns checked rules into a Set. It numbers what they look at.
type builder struct {
	set    *Set
	terms  []*Term // by position
	series map[string]int
	list   []profile.Series
	used   map[int]bool // series that the rule being compiled reads
}

func newBuilder(segments []Segment, rules []checked, order []int) *builder {
	b := &builder{set: &Set{position: map[string]int{}}, series: map[string]int{}}
	for position, i := range order {
		b.set.segments = append(b.set.segments, segments[i])
		b.set.position[segments[i].ID] = position
		b.terms = append(b.terms, rules[i].term)
	}
	return b
}

func (b *builder) build() *Set {
	s := b.set
	traits := b.traitPaths()
	s.byTrait = make([][]int, len(traits))
	s.bySegment = make([][]int, len(s.segments))
	seen := map[string]bool{}
	for i, t := range b.terms {
		b.used = map[int]bool{}
		s.rules = append(s.rules, compileCondition(t, b))
		b.index(i, t, traits, seen)
	}
	s.schema = profile.NewSchema(traits, b.list)
	s.rank = ranks(s.segments)
	s.print = fingerprint(s.segments)
	return s
}

// traitPaths lists the paths that rules mention, sorted.
func (b *builder) traitPaths() []profile.Path {
	var paths []profile.Path
	for _, t := range b.terms {
		t.each(func(t *Term) {
			if t.op == opTrait {
				paths = append(paths, profile.Path(t.name))
			}
		})
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// index notes what the rule at position i looks at.
func (b *builder) index(i int, t *Term, traits []profile.Path, seen map[string]bool) {
	s := b.set
	t.each(func(t *Term) {
		switch t.op {
		case opTrait:
			at, _ := slices.BinarySearch(traits, profile.Path(t.name))
			s.byTrait[at] = note(s.byTrait[at], i)
		case opFirstSeen:
			s.byFirstSeen = note(s.byFirstSeen, i)
		case opLastSeen:
			s.byLastSeen = note(s.byLastSeen, i)
		case opGroups:
			s.byGroups = note(s.byGroups, i)
		case opSegment:
			at := s.position[t.name]
			s.bySegment[at] = note(s.bySegment[at], i)
		}
		if moment, other, ok := instantOf(t); ok {
			s.byInstant = note(s.byInstant, i)
			if key := other.String() + strconv.FormatInt(moment.offset, 10); !seen[key] {
				seen[key] = true
				s.instants = append(s.instants, instant{compileValue(other, b), moment.offset})
			}
		}
	})
	for _, at := range slices.Sorted(keys(b.used)) {
		s.bySeries[at] = note(s.bySeries[at], i)
	}
}

func keys(set map[int]bool) func(func(int) bool) {
	return func(yield func(int) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

// note appends a position unless it stands last already.
func note(list []int, position int) []int {
	if n := len(list); n > 0 && list[n-1] == position {
		return list
	}
	return append(list, position)
}

// instantOf takes a comparison with the current time apart.
func instantOf(t *Term) (moment, other *Term, ok bool) {
	if t.op < opEqual || t.op > opGreaterEqual {
		return nil, nil, false
	}
	switch {
	case t.args[0].op == opInstant:
		return t.args[0], t.args[1], true
	case t.args[1].op == opInstant:
		return t.args[1], t.args[0], true
	}
	return nil, nil, false
}

func (b *builder) segment(id string) int { return b.set.position[id] }

// query numbers the series that an aggregate reads. Aggregates over the same
// events and property share one, whatever their windows.
func (b *builder) query(a *aggregate) profile.Query {
	series := b.seriesOf(a)
	at, known := b.series[series.Key]
	if !known {
		at = len(b.list)
		b.series[series.Key] = at
		b.list = append(b.list, series)
		b.set.bySeries = append(b.set.bySeries, nil)
		b.set.queries = append(b.set.queries, nil)
	}
	b.used[at] = true
	w := a.stream.window
	q := profile.Query{Series: at, Reduce: a.reduce, From: w.from, To: w.to}
	if w.sliding {
		b.list[at].Window = max(b.list[at].Window, w.from)
		window := profile.Query{Series: at, From: w.from, To: w.to}
		if !slices.Contains(b.set.queries[at], window) {
			b.set.queries[at] = append(b.set.queries[at], window)
		}
	}
	return q
}

func (b *builder) seriesOf(a *aggregate) profile.Series {
	st := a.stream
	s := profile.Series{Name: st.name, Prefix: st.prefix, Since: st.window.since, Keep: keepOf(a.reduce, st.window.sliding)}
	parts := []string{strconv.Itoa(int(s.Keep)), strconv.Quote(st.name), strconv.FormatBool(st.prefix), strconv.FormatInt(s.Since, 10), "", ""}
	if st.where != nil {
		parts[4] = st.where.String()
		where := compileCondition(st.where, b)
		s.Where = func(ev *event.Event) bool { return where(&env{event: ev}) }
	}
	if st.project != nil {
		parts[5] = st.project.String()
		project := compileValue(st.project, b)
		s.Project = func(ev *event.Event) event.Value { return project(&env{event: ev}) }
	}
	s.Key = strings.Join(parts, "|")
	return s
}

func keepOf(r profile.Reduce, sliding bool) profile.Keep {
	switch r {
	case profile.Count:
		if sliding {
			return profile.SlidingTimes
		}
		return profile.TotalCount
	case profile.Sum, profile.Mean, profile.Min, profile.Max:
		if sliding {
			return profile.SlidingNumbers
		}
		return profile.TotalNumbers
	}
	switch {
	case sliding:
		return profile.SlidingValues
	case r == profile.Distinct:
		return profile.TotalDistinct
	case r == profile.First:
		return profile.TotalFirst
	}
	return profile.TotalLast
}

// ranks gives each position its place in the order of ids.
func ranks(segments []Segment) []int {
	order := make([]int, len(segments))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(segments[a].ID, segments[b].ID) })
	rank := make([]int, len(segments))
	for place, i := range order {
		rank[i] = place
	}
	return rank
}
