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
	set        *Set
	terms      []*Term // by position
	traits     []profile.Path
	series     map[string]int
	list       []profile.Series
	scales     []*scale
	scaleOf    map[string]*scale
	bits       []*bitSensor
	sensorOf   map[string]*bitSensor
	residuals  []residualCondition
	residualOf map[string]int
}

func newBuilder(segments []Segment, rules []checked, order []int) *builder {
	b := &builder{
		set: &Set{position: map[string]int{}}, series: map[string]int{},
		scaleOf: map[string]*scale{}, sensorOf: map[string]*bitSensor{}, residualOf: map[string]int{},
	}
	b.set.segments = make([]Segment, 0, len(order))
	for position, i := range order {
		one := segments[i]
		one.origin, one.idFrom = nil, nil // what is compiled has no mistakes to place
		b.set.segments = append(b.set.segments, one)
		b.set.position[segments[i].ID] = position
		b.terms = append(b.terms, rules[i].term)
	}
	b.traits = traitPaths(b.terms)
	return b
}

func (b *builder) build(o Options) *Set {
	s := b.set
	s.bySegment = map[int][]int{}
	formulas := make([]*formula, len(b.terms))
	for i, t := range b.terms {
		if formulas[i] = b.normalize(t, false); formulas[i].literals() > maxLiterals {
			formulas[i] = &formula{lit: &literal{kind: residual, index: b.residual(t)}}
		}
	}
	s.schema = profile.NewSchema(b.traits, b.list)
	s.rank = ranks(s.segments)
	s.print = fingerprint(s.segments)
	s.index = index{scales: b.scales, sensors: b.bits, residuals: b.residuals}
	b.listen()
	b.resolve(formulas)
	s.index.readBlank(s)
	sample := newSampled(s, o.draw(s), o.Now)
	b.file(formulas, sample)
	return s
}

// listen connects every sensor with its inputs.
func (b *builder) listen() {
	l := &b.set.listeners
	l.traits, l.series = make([]sensors, len(b.traits)), make([]sensors, len(b.list))
	for i, s := range b.scales {
		l.of(s.inputs, func(to *sensors) { to.scales = append(to.scales, int32(i)) })
		if s.domain == age {
			b.set.ages = append(b.set.ages, i)
		}
	}
	for i, s := range b.bits {
		l.of(s.inputs, func(to *sensors) { to.bits = append(to.bits, int32(i)) })
	}
	for i, r := range b.residuals {
		l.of(r.inputs, func(to *sensors) { to.residuals = append(to.residuals, int32(i)) })
	}
}

// resolve numbers cells and bits and turns literals into tests.
func (b *builder) resolve(formulas []*formula) {
	ix := &b.set.index
	for _, s := range b.scales {
		s.resolve()
	}
	first := 0
	for _, s := range b.bits {
		first = s.resolve(first)
	}
	ix.bitWords = first / 64
	r := resolver{ix: ix, words: map[string]uint32{}, lists: map[string]uint32{}}
	for _, f := range formulas {
		f.simplify()
		f.each(r.resolve)
	}
}

// file writes programs and postings.
func (b *builder) file(formulas []*formula, sample *sampled) {
	ix := &b.set.index
	ix.byScale = make([]scalePostings, len(b.scales))
	ix.access.byScale = make([]scalePostings, len(b.scales))
	ix.late = make([]uint64, (len(formulas)+63)/64)
	f := &filing{ix: ix}
	for i, root := range formulas {
		root.estimate(sample)
		ix.programs.add(root)
		late := b.dependents(i, root)
		if late {
			ix.late[i>>6] |= 1 << (i & 63)
		}
		f.rule(i, root, late)
	}
	f.file()
}

// dependents notes under each segment that the rule at position i mentions
// it, and reports whether there is any.
func (b *builder) dependents(i int, root *formula) bool {
	late := false
	add := func(segment int) {
		ix := &b.set.index
		if ix.mentioned == nil {
			ix.mentioned = make([]uint64, (len(b.terms)+63)/64)
		}
		ix.mentioned[segment>>6] |= 1 << (segment & 63)
		b.set.bySegment[segment] = note(b.set.bySegment[segment], i)
		late = true
	}
	root.each(func(l *literal) {
		switch l.kind {
		case member:
			add(l.index)
		case residual:
			for _, s := range b.residuals[l.index].inputs.segments {
				add(s)
			}
		}
	})
	return late
}

// traitPaths lists the paths that rules mention, sorted.
func traitPaths(terms []*Term) []profile.Path {
	var paths []profile.Path
	for _, t := range terms {
		t.each(func(t *Term) {
			if t.op == opTrait {
				paths = append(paths, profile.Path(t.name))
			}
		})
	}
	slices.Sort(paths)
	return slices.Clone(slices.Compact(paths))
}

// residual numbers a condition that no scale or bit can tell.
func (b *builder) residual(t *Term) int {
	key := t.String()
	i, known := b.residualOf[key]
	if !known {
		i = len(b.residuals)
		b.residualOf[key] = i
		b.residuals = append(b.residuals, residualCondition{compileCondition(t, b), b.inputsOf(t), t.format()})
		t.each(b.moment)
	}
	return i
}

// moment notes a comparison with the current time inside a residual, so
// that its deadline is known.
func (b *builder) moment(t *Term) {
	if _, compares := mirrored[t.op]; !compares {
		return
	}
	for i, side := range t.args {
		if side.op == opInstant {
			b.set.moments = append(b.set.moments, momentTest{compileValue(t.args[1-i], b), side.offset})
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

func (b *builder) trait(p profile.Path) int {
	i, _ := slices.BinarySearch(b.traits, p)
	return i
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
		b.set.queries = append(b.set.queries, nil)
	}
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
	s := profile.Series{
		Key: a.key(), Name: st.name, Prefix: st.prefix, Since: st.window.since, Keep: keepOf(a.reduce, st.window.sliding),
	}
	if st.where != nil {
		where := compileCondition(st.where, b)
		s.Where = func(ev *event.Event) bool { return where(&env{event: ev}) }
	}
	if st.project != nil {
		project := compileValue(st.project, b)
		s.Project = func(ev *event.Event) event.Value { return project(&env{event: ev}) }
	}
	return s
}

// key identifies the series that an aggregate reads.
func (a *aggregate) key() string {
	st := a.stream
	parts := []string{
		strconv.Itoa(int(keepOf(a.reduce, st.window.sliding))), strconv.Quote(st.name), strconv.FormatBool(st.prefix),
		strconv.FormatInt(st.window.since, 10), "", "",
	}
	if st.where != nil {
		parts[4] = st.where.String()
	}
	if st.project != nil {
		parts[5] = st.project.String()
	}
	return strings.Join(parts, "|")
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

// ranks gives each position its place in the order of ids, nil when they
// are the same.
func ranks(segments []Segment) []int {
	order := make([]int, len(segments))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(segments[a].ID, segments[b].ID) })
	rank, same := make([]int, len(segments)), true
	for place, i := range order {
		rank[i] = place
		same = same && place == i
	}
	if same {
		return nil
	}
	return rank
}
