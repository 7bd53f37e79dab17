package lookup

import (
	"slices"

	"muster/event"
	"muster/profile"
	"muster/rules"
)

// Aggregate is one value that rules ask of a profile's events.
type Aggregate struct {
	Aggregate string `json:"aggregate" doc:"What rules ask for, as text of their language."`
	Kind      string `json:"kind" enum:"missing,bool,number,string,array,object,time,version" doc:"What the value is; missing: there is none."`
	Value     any    `json:"value" doc:"The value, as of at. A time is a text as RFC 3339 has it; null: it is missing."`
	AtLeast   bool   `json:"at_least,omitempty" doc:"Whether it is a count that is kept only as far as rules can tell it, so that there may be more."`
}

// addAggregates adds up to most of what a set's rules ask of a profile's
// events, as of the clock of its shard, whose names it is given.
func (v *Profile) addAggregates(set *rules.Set, p *profile.Profile, names []string, most int) {
	asked := set.Aggregates()
	told := asked[:min(most, len(asked))]
	v.LeftOut = len(asked) - len(told)
	kept := func(string) bool { return true }
	if v.Foreign {
		sorted := slices.Sorted(slices.Values(names))
		kept = func(series string) bool {
			_, found := slices.BinarySearch(sorted, profile.NameOfSeries(series))
			return found
		}
	}
	for i := range told {
		var value event.Value // missing: of what is not kept nobody can say that it is 0
		atLeast := false
		if kept(told[i].Series) {
			value, atLeast = set.Aggregated(p, &told[i], int64(v.At))
		}
		v.Aggregates = append(v.Aggregates, Aggregate{
			Aggregate: told[i].Text, Kind: value.Kind().String(), Value: value.Plain(), AtLeast: atLeast,
		})
	}
}
