package pipeline

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/profile"
	"muster/rules"
)

// catalog is immutable. It is what a shard knows of the segments and series of its rule sets
// beyond the set in force: of each segment, since which generation it has
// meant what it means now, and of each series, since when it has been kept.
// It is stored with the shard, so that whoever opens it next knows what an
// edit changes, also one that was made while nobody ran.
//
// An entry's name is that in the shard's list of names. Its text is
//
//	s:<segment>  "<generation> <meaning> <tracked>"  or "gone"
//	a:<series>   "<tracked> <window> <newest>"
//	r:<run>      see seams.go
//
// where meaning is Set.Meaning in hexadecimal, and tracked is the instant in
// ms since 1970 UTC before which nothing is known of the events that the
// segment or series is about, 0 for an instant before all.
type catalog struct {
	segments map[string]segmentEntry
	series   map[string]seriesEntry // by name
	seams    map[string]seamEntry   // by run
}

type segmentEntry struct {
	since   uint64 // generation; 0 for a segment that is gone
	meaning uint64
	tracked int64
}

// seriesEntry is a series by how much of it is kept.
type seriesEntry struct {
	tracked int64
	window  int64 // ms; 0 where a series has none
	newest  int   // events; 0 for all
}

const goneEntry = "gone"

// readCatalog reads stored entries. What it can't read was written by another
// version and counts as gone, so that the segment is evaluated anew.
func readCatalog(stored map[string]string) *catalog {
	c := &catalog{segments: map[string]segmentEntry{}, series: map[string]seriesEntry{}, seams: map[string]seamEntry{}}
	for name, text := range stored {
		if id, ok := profile.SegmentName(name); ok {
			c.segments[id] = readSegmentEntry(text)
		} else if run, ok := runName(name); ok {
			if e, ok := readSeamEntry(text); ok {
				c.seams[run] = e
			}
		} else if e, ok := readSeriesEntry(text); ok {
			c.series[name] = e
		}
	}
	return c
}

func readSegmentEntry(text string) segmentEntry {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return segmentEntry{}
	}
	since, err1 := strconv.ParseUint(fields[0], 10, 64)
	meaning, err2 := strconv.ParseUint(fields[1], 16, 64)
	tracked, err3 := strconv.ParseInt(fields[2], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return segmentEntry{}
	}
	return segmentEntry{since, meaning, tracked}
}

func readSeriesEntry(text string) (seriesEntry, bool) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return seriesEntry{}, false
	}
	tracked, err1 := strconv.ParseInt(fields[0], 10, 64)
	window, err2 := strconv.ParseInt(fields[1], 10, 64)
	newest, err3 := strconv.Atoi(fields[2])
	return seriesEntry{tracked, window, newest}, err1 == nil && err2 == nil && err3 == nil
}

func (e segmentEntry) text() string {
	if e.since == 0 {
		return goneEntry
	}
	return strconv.FormatUint(e.since, 10) + " " + strconv.FormatUint(e.meaning, 16) + " " + strconv.FormatInt(e.tracked, 10)
}

func (e seriesEntry) text() string {
	return strconv.FormatInt(e.tracked, 10) + " " + strconv.FormatInt(e.window, 10) + " " + strconv.Itoa(e.newest)
}

// openCatalog reads what is stored of a shard. Where no catalog was ever
// stored, the shard's names tell what it has kept before. One that was swept
// had a catalog; if there is none, its rule set is empty.
func openCatalog(state *State) *catalog {
	c := readCatalog(state.Catalog)
	if len(state.Catalog) > 0 || state.Swept > 0 {
		return c
	}
	for _, name := range state.Names {
		if id, ok := profile.SegmentName(name); ok {
			c.segments[id] = segmentEntry{}
		} else if profile.IsSeriesName(name) {
			c.series[name] = seriesEntry{window: math.MaxInt64} // since when is not known, so nothing is said to be missing
		}
	}
	return c
}

// with returns the catalog of a rule set that comes after c. Generation is
// that of the set, clock the instant from which on what is new is kept.
func (c *catalog) with(set *rules.Set, generation uint64, clock int64) *catalog {
	series, partly := seriesWith(c.series, set.Schema(), clock)
	next := &catalog{segments: make(map[string]segmentEntry, set.Len()), series: series, seams: c.seamsWith(set, series)}
	for position := range set.Len() {
		id, meaning := set.Segment(position).ID, set.Meaning(position)
		e := c.segments[id]
		if e.since == 0 || e.meaning != meaning {
			e = segmentEntry{since: generation, meaning: meaning}
			if partly {
				e.tracked = next.trackedSince(set, position)
			}
		}
		next.segments[id] = e
	}
	for id := range c.segments {
		if _, ok := set.Position(id); !ok {
			next.segments[id] = segmentEntry{}
		}
	}
	return next
}

// seriesWith notes since when each series of a schema is kept, and whether
// there is one of which not everything is.
func seriesWith(before map[string]seriesEntry, schema *profile.Schema, clock int64) (map[string]seriesEntry, bool) {
	series, partly := make(map[string]seriesEntry, len(schema.Series)), false
	for i := range schema.Series {
		one := &schema.Series[i]
		name := profile.NameOfSeries(one.Key)
		now := seriesEntry{window: one.Window, newest: one.Newest}
		switch was, known := before[name]; {
		case !known || was.newest != 0 && (now.newest == 0 || now.newest > was.newest):
			now.tracked = clock
		case now.window > was.window:
			now.tracked = max(was.tracked, clock-was.window)
		default:
			now.tracked = was.tracked
		}
		partly = partly || now.tracked != 0
		series[name] = now
	}
	return series, partly
}

// trackedSince is the instant from which on all is known that a segment counts.
func (c *catalog) trackedSince(set *rules.Set, position int) int64 {
	tracked := int64(0)
	for _, key := range set.SeriesOf(position) {
		tracked = max(tracked, c.series[profile.NameOfSeries(key)].tracked)
	}
	return tracked
}

// gone lists the segments that no rule set in force has and that are not
// dropped yet.
func (c *catalog) gone() []string {
	var ids []string
	for id, e := range c.segments {
		if e.since == 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// withoutGone returns the catalog without the segments that are gone.
func (c *catalog) withoutGone() *catalog {
	rest := &catalog{segments: maps.Clone(c.segments), series: c.series, seams: c.seams}
	maps.DeleteFunc(rest.segments, func(_ string, e segmentEntry) bool { return e.since == 0 })
	return rest
}

// differences returns the entries of c, as they are stored, that are not
// equal in before, and "" for those that are only there.
func (c *catalog) differences(before *catalog) map[string]string {
	changed := map[string]string{}
	for id, e := range c.segments {
		if was, known := before.segments[id]; !known || was != e {
			changed[profile.NameOfSegment(id)] = e.text()
		}
	}
	for name, e := range c.series {
		if was, known := before.series[name]; !known || was != e {
			changed[name] = e.text()
		}
	}
	for run, e := range c.seams {
		if was, known := before.seams[run]; !known || !was.equal(e) {
			changed[nameOfRun(run)] = e.text()
		}
	}
	for run := range before.seams {
		if _, stays := c.seams[run]; !stays {
			changed[nameOfRun(run)] = ""
		}
	}
	for id := range before.segments {
		if _, stays := c.segments[id]; !stays {
			changed[profile.NameOfSegment(id)] = ""
		}
	}
	for name := range before.series {
		if _, stays := c.series[name]; !stays {
			changed[name] = ""
		}
	}
	return changed
}

// given returns the catalog after a run that gave series from history: of
// what arrived from since on all is known of them.
func (c *catalog) given(set *rules.Set, names []string, since int64) *catalog {
	next := &catalog{segments: maps.Clone(c.segments), series: maps.Clone(c.series), seams: c.seams}
	for _, name := range names {
		if e, known := next.series[name]; known {
			e.tracked = min(e.tracked, since)
			next.series[name] = e
		}
	}
	for position := range set.Len() {
		id := set.Segment(position).ID
		if e := next.segments[id]; e.tracked != 0 {
			e.tracked = min(e.tracked, next.trackedSince(set, position))
			next.segments[id] = e
		}
	}
	return next
}
