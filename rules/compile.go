package rules

import (
	"fmt"
	"slices"
	"sync"

	"muster/profile"
	"muster/rules/internal/engine"
	"muster/rules/internal/language"
)

// compilation is a rule set on its way from segments to what matches: it is
// arranged, which finds every mistake, and then built.
type compilation struct {
	segments   []Segment
	byID       []int32            // indexes of segments, by id
	order      []int32            // the index of each position
	checks     []language.Checked // by index; empty once the rule is in built
	held       []bool             // by index: whether the rule itself uses held
	asked      []lookedUp         // by index
	conditions int                // of held(...), each as often as it is used
	context    contextFields
	errs       Errors
	builder    *engine.Builder // nil where nothing is built
	built      []engine.Rule   // by index
	set        *Set
}

// compile checks segments and makes a Set of them. When some are missing
// because they could not be read, a mention of an unknown one is no mistake.
func compile(segments []Segment, missing bool, options Options) (*Set, error) {
	c, err := arrange(segments, missing, options.Checks, true)
	if err != nil {
		return nil, err
	}
	return c.build(&options)
}

// arrange checks segments and puts them in order, or returns every mistake.
// What is not to be built keeps nothing to build it from.
func arrange(segments []Segment, missing bool, known *Checks, toBuild bool) (*compilation, error) {
	if err := checkCount(len(segments)); err != nil {
		return nil, err
	}
	c := &compilation{
		segments: segments, byID: idOrder(segments), checks: make([]language.Checked, len(segments)), held: make([]bool, len(segments)),
		asked: make([]lookedUp, len(segments)), context: contextFields{}, errs: checkIDs(segments), set: &Set{},
	}
	var err error
	if c.set.tables, err = joint(segments); err != nil {
		return nil, err
	}
	c.set.aggregates = sync.OnceValue(c.set.listAggregates)
	if toBuild {
		c.builder, c.built = engine.NewBuilder(c.set.mentioned, c.set.tables), make([]engine.Rule, len(segments))
	}
	for _, i := range c.byID {
		c.check(i, known)
	}
	var unordered Errors
	c.order, unordered = dependencyOrder(segments, c.byID, c.checks, missing)
	if c.errs = append(c.errs, unordered...); len(c.errs) > 0 {
		sortErrors(c.errs)
		return nil, c.errs
	}
	c.set.number(segments, c.order, c.asked)
	c.set.mean(c.order, c.checks)
	c.set.hold(c.order, c.held)
	c.set.context = c.context.sorted()
	return c, nil
}

// check checks the rule at an index and, if it mentions nobody, hands it to
// the builder at once, as terms that nobody keeps take much room.
func (c *compilation) check(i int32, known *Checks) {
	segment := &c.segments[i]
	one, mistakes := known.check(segment.Rule)
	if len(one.Lookups) > 0 && len(mistakes) == 0 && !segment.unread {
		mistakes = segment.fit()
	}
	for _, m := range mistakes {
		c.errs = append(c.errs, segment.origin.errorAt(segment.ID, segment.Rule, m))
	}
	c.context.add(one.context)
	c.held[i] = one.conditions > 0
	c.asked[i] = lookedUpBy(one.Lookups, segment.tables)
	c.conditions += one.conditions
	switch {
	case c.builder == nil:
		one.Term = nil
	case len(c.errs) == 0 && len(one.Uses) == 0:
		c.built[i], one.Checked = c.builder.Rule(one.Term), language.Checked{}
	}
	c.checks[i] = one.Checked
}

// build makes the Set that was arranged.
func (c *compilation) build(options *Options) (*Set, error) {
	rules := make([]engine.Rule, len(c.order))
	for position, i := range c.order {
		if rules[position] = c.built[i]; c.checks[i].Term != nil {
			rules[position] = c.builder.Rule(c.checks[i].Term)
		}
	}
	set := c.set
	set.compiled = c.builder.Build(rules, engine.Options{Rank: set.rank(), Draw: options.draw(set), Now: options.Now})
	if err := checkCount(set.compiled.Positions()); err != nil {
		return nil, err
	}
	return set, nil
}

// number gives the segments their positions.
func (s *Set) number(segments []Segment, order []int32, asked []lookedUp) {
	s.segments, s.asked = make([]Segment, len(order)), make([]lookedUp, len(order))
	for position, i := range order {
		s.segments[position], s.asked[position] = segments[i], asked[i]
		s.segments[position].origin, s.segments[position].idFrom = nil, nil // what is compiled has no mistakes to place
	}
	s.byID = idOrder(s.segments)
	s.print = fingerprint(s.segments, s.asked)
}

// rank returns each position's index in the order of ids, nil when that is
// the position.
func (s *Set) rank() []int {
	if slices.IsSorted(s.byID) {
		return nil
	}
	rank := make([]int, len(s.segments))
	for i, position := range s.byID {
		rank[position] = i
	}
	return rank
}

// draw returns what gives the profiles to learn from.
func (o *Options) draw(s *Set) func(*profile.Schema) []*profile.Profile {
	return func(schema *profile.Schema) []*profile.Profile {
		if o.Draw == nil {
			return o.Sample
		}
		return slices.Concat(o.Sample, o.Draw(schema, s.IDs()))
	}
}

func checkCount(segments int) error {
	if segments > engine.MaxSegments {
		return fmt.Errorf("compiling: %d segments are more than a set can have, which is %d", segments, engine.MaxSegments)
	}
	return nil
}
