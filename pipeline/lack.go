package pipeline

import (
	"muster/profile"
	"muster/rules"
)

// LacksOf lists the segments of a rule set that a shard can't be exact about
// at an instant, in ms since 1970 UTC, in the order of the set: it has not kept
// all events that they count. Since of a mark is from when on it has. Stored
// are the entries of the shard's catalog. A series that the shard does not know
// yet, as its owner has not taken the rules over, counts as kept since the
// instant.
//
// A window that has moved on past the instant since when its events are kept
// lacks nothing any more. So a mark goes away by itself, in time.
func LacksOf(set *rules.Set, stored map[string]string, instant int64) []Mark {
	series := readCatalog(stored).series
	since := make(map[string]int64, len(set.Schema().Series)) // by key; only what lacks something
	for i := range set.Schema().Series {
		one := &set.Schema().Series[i]
		e, known := series[profile.NameOfSeries(one.Key)]
		if !known {
			e.tracked = instant
		}
		since[one.Key] = e.tracked
	}
	return lacksOf(set, since, instant)
}

// LacksOfDraft is LacksOf of a rule set that nobody has taken over, as if the
// shard did so at the instant: what its rules ask for beyond those in force
// counts as kept since then, also where only a window is longer.
func LacksOfDraft(set *rules.Set, stored map[string]string, instant int64) []Mark {
	series, _ := seriesWith(readCatalog(stored).series, set.Schema(), instant)
	since := make(map[string]int64, len(set.Schema().Series))
	for i := range set.Schema().Series {
		key := set.Schema().Series[i].Key
		since[key] = series[profile.NameOfSeries(key)].tracked
	}
	return lacksOf(set, since, instant)
}

// lacksOf lists the segments that lack something, given since when each series
// of their set is kept, by key.
func lacksOf(set *rules.Set, tracked map[string]int64, instant int64) []Mark {
	since := make(map[string]int64, len(tracked)) // only what lacks something
	for i := range set.Schema().Series {
		one := &set.Schema().Series[i]
		if at := tracked[one.Key]; at != 0 && (one.Window == 0 || instant-one.Window < at) {
			since[one.Key] = at
		}
	}
	var marks []Mark
	if len(since) == 0 {
		return marks
	}
	for position, id := range set.IDs() {
		latest := int64(0)
		for _, key := range set.SeriesOf(position) {
			latest = max(latest, since[key])
		}
		if latest != 0 {
			marks = append(marks, Mark{id, latest})
		}
	}
	return marks
}
