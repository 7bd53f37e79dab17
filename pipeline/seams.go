package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"muster/profile"
	"muster/rules"
)

// The seams of a Shard, see docs/backfill-seam.md. They are part of its
// catalog, so that whoever opens the shard next goes on with them. An entry is
//
//	r:<run>   "open <at> <series>...", "closed <at> <series>..." or "given-up <at> <series>..."
//
// where at is the seam, an arrival time in ms since 1970 UTC, and the series
// are the names of those that the run gives, and of the conditions of held(...)
// that it tells of.

const (
	// openSeams is how many seams of a shard are open at once: of each series
	// that is given, every one has its own copy of what arrives.
	openSeams = 4
	// keptSeams is how many seams a shard knows, closed ones included. Past it
	// the closed one that is oldest is forgotten.
	keptSeams = 16
)

const (
	nameRun    = "r:"
	seamOpen   = "open"
	seamClosed = "closed"
	seamLeft   = "given-up"
)

// seamEntry is a seam as the catalog knows it. It is immutable.
type seamEntry struct {
	at     int64
	state  string   // seamOpen, seamClosed or seamLeft
	series []string // names, those of conditions too, sorted
}

func nameOfRun(run string) string { return nameRun + run }

func runName(name string) (run string, ok bool) { return strings.CutPrefix(name, nameRun) }

func (e seamEntry) equal(other seamEntry) bool {
	return e.at == other.at && e.state == other.state && slices.Equal(e.series, other.series)
}

func (e seamEntry) text() string {
	return strings.Join(append([]string{e.state, strconv.FormatInt(e.at, 10)}, e.series...), " ")
}

func readSeamEntry(text string) (seamEntry, bool) {
	fields := strings.Fields(text)
	if len(fields) < 2 || !slices.Contains([]string{seamOpen, seamClosed, seamLeft}, fields[0]) {
		return seamEntry{}, false
	}
	at, err := strconv.ParseInt(fields[1], 10, 64)
	return seamEntry{at: at, state: fields[0], series: fields[2:]}, err == nil
}

// seamsWith returns the seams of a rule set that comes after c. A series that
// it does not have, or of which it keeps more, is given by no run any more:
// there was a time in which less was kept. So is a condition that it does not
// have, or that may mean something else by now.
func (c *catalog) seamsWith(set *rules.Set, series map[string]seriesEntry) map[string]seamEntry {
	seams := make(map[string]seamEntry, len(c.seams))
	if len(c.seams) == 0 {
		return seams
	}
	conditions := c.lasting(set)
	for run, e := range c.seams {
		e.series = slices.DeleteFunc(slices.Clone(e.series), func(name string) bool {
			if profile.IsConditionName(name) {
				return !conditions[name]
			}
			now, stays := series[name]
			was := c.series[name]
			return !stays || now.window > was.window || was.newest != 0 && (now.newest == 0 || now.newest > was.newest)
		})
		seams[run] = e
	}
	return seams
}

// lasting names the conditions of a rule set that comes after c which mean what
// they meant before: those of segments that do.
func (c *catalog) lasting(set *rules.Set) map[string]bool {
	names := map[string]bool{}
	for position := range set.Len() {
		if was := c.segments[set.Segment(position).ID]; was.since == 0 || was.meaning != set.Meaning(position) {
			continue
		}
		for _, key := range set.ConditionsOf(position) {
			names[profile.NameOfCondition(key)] = true
		}
	}
	return names
}

// withSeams returns the catalog with other seams.
func (c *catalog) withSeams(seams map[string]seamEntry) *catalog {
	return &catalog{segments: c.segments, series: c.series, seams: seams}
}

// Seam is where the history that a run reads has to end, for one shard.
type Seam struct {
	Run string
	// At is the arrival (ms since 1970 UTC) up to which, itself included,
	// history has to be given.
	At int64
	// Closed says that all of the run was merged, and GivenUp that a part was
	// and no more will be.
	Closed, GivenUp bool

	Series []string // names of the series that the run gives, and of conditions, sorted
}

// SeamsOf lists the seams in a stored catalog, see State, in the order of
// their runs.
func SeamsOf(stored map[string]string) []Seam { return readCatalog(stored).listSeams() }

// openSeam opens the seam of a run. It moves the clock to the arrival of the
// directive, as a record does, and the seam is at the clock: all that the shard
// has taken in so far arrived by then. It returns why it does not, "" if it
// does or did before.
func (s *Shard) openSeam(run string, names []string, arrival int64) string {
	s.clock = max(s.clock, arrival)
	seams := s.livingSeams()
	if known, ok := seams[run]; ok {
		if known.state != seamOpen {
			return fmt.Sprintf("the seam of run %q is %s already: begin another run", run, known.state)
		}
		return ""
	}
	open := 0
	for _, e := range seams {
		if e.state == seamOpen {
			open++
		}
	}
	if open >= openSeams {
		return fmt.Sprintf("run %q finds %d open seams, which is the limit: end another run first", run, open)
	}
	if name := s.unread(names); name != "" {
		return fmt.Sprintf("run %q gives %s, which no rule in force reads: begin another run", run, name)
	}
	own := slices.Compact(slices.Sorted(slices.Values(names)))
	seams[run] = seamEntry{at: s.clock, state: seamOpen, series: own}
	s.takeSeams(seams)
	return ""
}

// unread returns the first name of a series or condition that no rule in force
// has, "" where there is none.
func (s *Shard) unread(names []string) string {
	conditions := map[string]bool{}
	for _, key := range s.set.Schema().Conditions {
		conditions[profile.NameOfCondition(key)] = true
	}
	for _, name := range names {
		if _, read := s.catalog.series[name]; !read && !conditions[name] {
			return name
		}
	}
	return ""
}

// closeSeam closes the seam of a run, all of whose patches have come.
// History is whole from since on, so that much is now known of its series.
func (s *Shard) closeSeam(run string, since int64) string {
	seams := s.livingSeams()
	e, refusal := seams.end(run, seamClosed)
	if e == nil {
		return refusal
	}
	s.catalog = s.catalog.given(s.set, e.series, since)
	s.takeSeams(seams)
	return ""
}

// giveUpSeam ends the seam of a run that is not gone on with. Nothing more is
// known of its series than before. Where there is no such seam there is nothing
// to end: whoever gives a run up can't know which shards still have one.
func (s *Shard) giveUpSeam(run string) string {
	seams := s.livingSeams()
	if _, known := seams[run]; !known {
		return ""
	}
	e, refusal := seams.end(run, seamLeft)
	if e != nil {
		s.takeSeams(seams)
	}
	return refusal
}

// seamsByRun are seams of a shard.
type seamsByRun map[string]seamEntry

// end ends an open seam, and returns it. Where it has ended that way before
// it is nil; where it can't, a refusal says why.
func (seams seamsByRun) end(run, state string) (e *seamEntry, refusal string) {
	known, ok := seams[run]
	switch {
	case !ok:
		return nil, fmt.Sprintf("run %q has no seam here: it was never opened, or ended long ago", run)
	case known.state == state:
		return nil, ""
	case known.state != seamOpen:
		return nil, fmt.Sprintf("the seam of run %q is %s already", run, known.state)
	}
	known.state = state
	seams[run] = known
	seams.forget()
	return &known, ""
}

// livingSeams returns a copy of the seams without those that are older than
// profile.SeamLife. An open one has ended then, and its run must be begun
// anew. Behind a closed one an event that arrived before it and comes later
// than that counts twice.
func (s *Shard) livingSeams() seamsByRun {
	seams := seamsByRun(maps.Clone(s.catalog.seams))
	maps.DeleteFunc(seams, func(_ string, e seamEntry) bool { return e.at < s.clock-profile.SeamLife })
	return seams
}

// forget drops seams that are not open, the oldest first, past the bound.
func (seams seamsByRun) forget() {
	for len(seams) > keptSeams {
		oldest := ""
		for _, run := range slices.Sorted(maps.Keys(seams)) {
			if e := seams[run]; e.state != seamOpen && (oldest == "" || e.at < seams[oldest].at) {
				oldest = run
			}
		}
		if oldest == "" {
			return
		}
		delete(seams, oldest)
	}
}

// takeSeams puts other seams in force. They are stored with the next commit.
func (s *Shard) takeSeams(seams map[string]seamEntry) {
	s.catalog = s.catalog.withSeams(seams)
	s.catalogued = s.catalog.differences(s.stored.catalog)
	s.crossSeams()
}

// crossSeams has profiles taken across the seams of the catalog.
func (s *Shard) crossSeams() {
	s.seams = nil
	for _, run := range slices.Sorted(maps.Keys(s.catalog.seams)) {
		e := s.catalog.seams[run]
		seam := profile.NewSeam(run, e.at, e.state == seamClosed, e.series, s.set.Schema())
		seam.GivenUp = e.state == seamLeft
		s.seams = append(s.seams, seam)
	}
	s.codec = s.codec.Across(s.seams)
}

// Seams lists the seams of the shard, in the order of their runs, those of the
// commit at hand included.
func (d *Driver) Seams() []Seam { return d.shard.catalog.listSeams() }

func (c *catalog) listSeams() []Seam {
	var list []Seam
	for _, run := range slices.Sorted(maps.Keys(c.seams)) {
		e := c.seams[run]
		list = append(list, Seam{Run: run, At: e.at, Closed: e.state == seamClosed, GivenUp: e.state == seamLeft, Series: e.series})
	}
	return list
}
