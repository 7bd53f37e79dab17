package rules

import (
	"cmp"
	"slices"
	"strings"

	"muster/event"
	"muster/profile"
	"muster/rules/internal/engine"
	"muster/rules/internal/language"
)

// Aggregate is one value that rules of a Set ask of a profile's events.
type Aggregate struct {
	Text   string // of the language
	Series string // the key of the series that it is read off
	query  profile.Query
	newest int // see profile.Series.Newest
}

// Aggregates returns what the rules ask of events, each once, in the order of
// the texts. The first call reads all rules anew, some 20 us each; what it
// returns is the set's own: only look.
func (s *Set) Aggregates() []Aggregate { return s.aggregates() }

// listAggregates makes what Aggregates returns.
func (s *Set) listAggregates() []Aggregate {
	inspect, series := engine.NewInspector(s.compiled, nil, 0, s.mentioned), s.Schema().Series
	listed := []Aggregate{}
	seen := map[profile.Query]bool{}
	for _, position := range s.byID {
		rule, mistakes := language.Check(s.segments[position].Rule)
		if len(mistakes) > 0 {
			continue // can't be: the set is compiled
		}
		rule.Term.Deep(func(t *language.Term) {
			if t.Op != language.OpAggregate {
				return
			}
			query := inspect.Query(t.Aggregate)
			if seen[query] {
				return
			}
			seen[query] = true
			of := &series[query.Series]
			listed = append(listed, Aggregate{Text: t.Aggregate.Text(), Series: of.Key, query: query, newest: of.Newest})
		})
	}
	slices.SortFunc(listed, func(a, b Aggregate) int {
		return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.Series, b.Series))
	})
	return listed
}

// Aggregated returns the value of one of the Aggregates for a profile at stream
// time now, and whether it is a count that is kept only as far as rules can
// tell it, so that there may be more.
func (s *Set) Aggregated(p *profile.Profile, a *Aggregate, now int64) (value event.Value, atLeast bool) {
	value = p.Read(s.Schema(), a.query, now)
	return value, a.newest > 0 && value.Number() >= float64(a.newest)
}
