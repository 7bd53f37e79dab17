package engine

import (
	"maps"
	"slices"
	"sync"

	"muster/catalogue"
	"muster/profile"
	"muster/rules/internal/language"
)

// Builder turns checked rules into a Set. It numbers what they look at.
type Builder struct {
	set        *Set
	traits     []profile.Path
	series     map[string]int
	list       []profile.Series
	scales     []*scale
	scaleOf    map[string]*scale
	bits       []*bitSensor
	sensorOf   map[string]*bitSensor
	residuals  []residualCondition
	residualOf map[string]int
	held       conditions
	sources    sources
	envs       *sync.Pool          // of *env, for predicates and projections of series
	position   func(id string) int // of a segment that a rule mentions
	key        []byte              // scratch: of a scale or a sensor
}

// sources are the terms that scales, bit sensors and residuals read, by
// their numbers.
type sources struct {
	scales, bits, residuals []*language.Term
}

// NewBuilder returns a builder of no rules yet. It asks position for the
// positions of the segments that the rules given to it mention, and tables for
// what they look up.
func NewBuilder(position func(id string) int, tables catalogue.Tables) *Builder {
	return &Builder{
		position: position, set: &Set{dependents: map[int][]int{}, tables: tables}, series: map[string]int{},
		scaleOf: map[string]*scale{}, sensorOf: map[string]*bitSensor{}, residualOf: map[string]int{},
		held: conditions{number: map[string]int{}, holdOf: map[hold]int{}},
		envs: &sync.Pool{New: func() any { return new(env) }},
	}
}

// Rule takes a checked rule in. The segments that it mentions must have
// positions already.
func (b *Builder) Rule(t *language.Term) Rule {
	root := b.root(t)
	return Rule{root, len(b.held.keys)}
}

// root is a rule as a formula. Segments that it mentions must have positions.
func (b *Builder) root(t *language.Term) *formula {
	if f := b.normalize(t, false); f.literals() <= maxLiterals {
		return f
	}
	return &formula{lit: &literal{kind: literalResidual, index: b.residual(t)}}
}

// Build makes the Set of rules, in the order of their positions. It empties
// the list, as a formula takes much room and goes as soon as it is filed.
func (b *Builder) Build(rules []Rule, options Options) *Set {
	set := b.set
	set.segments, set.rank = len(rules), options.Rank
	formulas := make([]*formula, len(rules))
	for position, one := range rules {
		formulas[position] = one.root
		b.held.upTo = append(b.held.upTo, one.conditions)
	}
	clear(rules)
	formulas, b.held.roots = append(formulas, b.held.roots...), nil
	b.connect()
	b.noteTimings()
	set.schema = profile.NewSchema(b.traits, b.list)
	set.schema.Conditions = b.held.keys
	set.index = index{scales: b.scales, sensors: b.bits, residuals: b.residuals}
	b.orderEvaluation()
	b.listen()
	b.resolve(formulas)
	b.noteBoundaries(formulas)
	set.index.readBlank(set)
	b.file(formulas, newSampled(set, options.draw(set.schema), options.Now))
	return set
}

// connect compiles what scales, bit sensors and residuals read. Only now,
// that all traits are known, can these be numbered.
func (b *Builder) connect() {
	from := &b.sources
	b.traits = traitPaths(from.scales, from.bits, from.residuals)
	for i, s := range b.scales {
		s.value, s.inputs = b.sensed(from.scales[i], s.domain), b.inputsOf(from.scales[i])
		s.trait = b.traitOf(from.scales[i], s.domain)
		s.inputs.clock = s.inputs.clock || s.domain == domainAge
	}
	for i, s := range b.bits {
		s.value, s.inputs = compileValue(from.bits[i], b), b.inputsOf(from.bits[i])
	}
	for i, t := range from.residuals {
		b.residuals[i] = residualCondition{compileCondition(t, b), b.inputsOf(t), t.Text()}
		t.Each(b.noteMoment)
	}
}

// listen connects every sensor with its inputs.
func (b *Builder) listen() {
	listeners := &b.set.listeners
	listeners.traits, listeners.series = make([]sensors, len(b.traits)), make([]sensors, len(b.list))
	for i, s := range b.scales {
		listeners.of(s.inputs, func(to *sensors) { to.scales = append(to.scales, int32(i)) })
		if s.domain == domainAge {
			b.set.ages = append(b.set.ages, i)
		}
	}
	for i, s := range b.bits {
		listeners.of(s.inputs, func(to *sensors) { to.bits = append(to.bits, int32(i)) })
	}
	for i, r := range b.residuals {
		listeners.of(r.inputs, func(to *sensors) { to.residuals = append(to.residuals, int32(i)) })
	}
}

// resolve numbers cells and bits and turns literals into tests.
func (b *Builder) resolve(formulas []*formula) {
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
func (b *Builder) file(formulas []*formula, sample *sampled) {
	ix := &b.set.index
	ix.byScale = make([]scalePostings, len(b.scales))
	ix.full.byScale = make([]scalePostings, len(b.scales))
	ix.late = newBitset(len(formulas))
	filing := newFiling(ix)
	for i, root := range formulas {
		root.estimate(sample)
		ix.programs.add(root)
		late := b.noteDependents(i, root)
		if late {
			ix.late.add(uint32(i))
		}
		filing.rule(i, root, late)
		formulas[i] = nil
	}
	filing.file()
	ix.programs.code, ix.programs.start = slices.Clone(ix.programs.code), slices.Clone(ix.programs.start)
	for _, s := range b.scales {
		s.shareBelow = nil
	}
}

// noteDependents notes under each segment that the rule at position i mentions
// it, and reports whether there is any.
func (b *Builder) noteDependents(i int, root *formula) bool {
	late := false
	add := func(segment int) {
		ix := &b.set.index
		if ix.mentioned == nil {
			ix.mentioned = make(bitset, len(ix.late))
		}
		ix.mentioned.add(uint32(segment))
		b.set.dependents[segment] = appendOnce(b.set.dependents[segment], i)
		late = true
	}
	root.each(func(lit *literal) {
		switch lit.kind {
		case literalMember:
			add(lit.index)
		case literalHeld:
			add(b.set.segments + b.held.holds[lit.index].condition)
		case literalResidual:
			for _, s := range b.residuals[lit.index].inputs.segments {
				add(s)
			}
		}
	})
	return late
}

// traitPaths lists the paths that terms mention, sorted.
func traitPaths(lists ...[]*language.Term) []profile.Path {
	seen := map[profile.Path]struct{}{}
	for _, t := range slices.Concat(lists...) {
		t.Each(func(t *language.Term) {
			if t.Op == language.OpTrait {
				seen[profile.Path(t.Name)] = struct{}{}
			}
		})
	}
	return slices.Sorted(maps.Keys(seen))
}

// residual numbers a condition that no scale or bit can tell.
func (b *Builder) residual(term *language.Term) int {
	key := term.String()
	if i, known := b.residualOf[key]; known {
		return i
	}
	term.Each(func(term *language.Term) {
		if term.Op == language.OpHeld {
			b.hold(term)
		}
	})
	i := len(b.residuals)
	b.residualOf[key] = i
	b.residuals, b.sources.residuals = append(b.residuals, residualCondition{}), append(b.sources.residuals, term)
	return i
}

// noteMoment notes a comparison with the current time inside a residual, so
// that its deadline is known.
func (b *Builder) noteMoment(t *language.Term) {
	if _, compares := mirrored[t.Op]; !compares {
		return
	}
	for i, side := range t.Args {
		if side.Op == language.OpInstant {
			b.set.moments = append(b.set.moments, momentTest{compileValue(t.Args[1-i], b), side.Offset})
		}
	}
}

// appendOnce appends a position unless it stands last already.
func appendOnce(list []int, position int) []int {
	if n := len(list); n > 0 && list[n-1] == position {
		return list
	}
	return append(list, position)
}

func (b *Builder) trait(p profile.Path) int {
	i, _ := slices.BinarySearch(b.traits, p)
	return i
}

func (b *Builder) segment(id string) int { return b.position(id) }

func (b *Builder) column(id, name string) *catalogue.Column { return b.set.tables.Column(id, name) }
