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
	c := readCatalog(stored)
	since := make(map[string]int64, len(set.Schema().Series)) // by key; only what lacks something
	for i := range set.Schema().Series {
		one := &set.Schema().Series[i]
		e, known := c.series[profile.NameOfSeries(one.Key)]
		if !known {
			e.tracked = instant
		}
		if e.tracked != 0 && (one.Window == 0 || instant-one.Window < e.tracked) {
			since[one.Key] = e.tracked
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
