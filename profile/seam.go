package profile

import (
	"slices"
	"strings"

	"muster/event"
)

// Seam is where the history that a run has read and what a shard takes in
// itself meet: an arrival time. History gives what arrived at it or before,
// and of what arrived later the shard keeps a copy of its own for the run, in
// a profile's shadow, so that nothing is in both and nothing in neither.
type Seam struct {
	Run string
	At  int64 // arrival, ms since 1970 UTC
	// Closed says that all patches of the run have come.
	Closed bool
	// GivenUp says that no more will, although not all have: profiles that got
	// theirs go on as behind a closed seam, and others as if there were none.
	GivenUp bool

	covered    map[string]int // positions of the schema's series that the run gives, by name
	others     Members        // all other positions
	conditions map[string]int // positions of the schema's conditions that the run tells of, by name
}

// Seams are the seams of a shard, in the order of their runs. What they hold
// is immutable.
type Seams []Seam

// SeamLife is for how long a seam is open at most, in ms of stream time. The
// patches of a run that takes longer find none.
const SeamLife = 30 * 24 * 60 * 60 * 1000

// seenAcross is for how long behind a seam a shadow remembers message ids, in
// ms: a day, in which a repeat of what history has may come, and another for
// histories that read past the seam.
const seenAcross = 2 * repeatWindow

// NewSeam returns the seam of a run that gives the series of these names, and
// tells of the conditions of these names. Of names that the schema does not have
// nothing is kept.
func NewSeam(run string, at int64, closed bool, names []string, schema *Schema) Seam {
	seam := Seam{Run: run, At: at, Closed: closed, covered: make(map[string]int, len(names)), conditions: map[string]int{}}
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	for i := range schema.Series {
		if name := NameOfSeries(schema.Series[i].Key); wanted[name] {
			seam.covered[name] = i
		} else {
			seam.others.Set(i, true)
		}
	}
	for i, key := range schema.Conditions {
		if name := NameOfCondition(key); wanted[name] {
			seam.conditions[name] = i
		}
	}
	return seam
}

// Open returns the seam of a run if it is open at stream time now (ms), and
// nil if not.
func (s Seams) Open(run string, now int64) *Seam {
	for i := range s {
		if seam := &s[i]; seam.Run == run && seam.open(now) {
			return seam
		}
	}
	return nil
}

// open reports whether patches of the run may still come.
func (seam *Seam) open(now int64) bool {
	return !seam.Closed && !seam.GivenUp && now <= seam.At+SeamLife
}

// shadow is what a profile keeps for a run whose seam is open: of the series
// that the run gives, what arrived behind the seam.
type shadow struct {
	run  string
	at   int64 // the seam, by which a run is told from an earlier one of its id
	done []int // series that the run has given, ascending: nothing more is kept of them here
	// after holds the events of the others in its series, and the ids of their
	// messages. It has nothing else that a profile has.
	after *Profile

	journal      []entry // events behind the seam, for a run that tells of conditions
	journalBytes int     // what it takes when stored, as estimated
	lost         bool    // the journal has passed its bound
	told         bool    // the run has told since when its conditions are true
}

// shadowOf returns the shadow for a seam, nil where there is none.
func (p *Profile) shadowOf(seam *Seam) *shadow {
	for i := range p.shadows {
		if own := &p.shadows[i]; own.run == seam.Run && own.at == seam.At {
			return own
		}
	}
	return nil
}

// makeShadow returns the shadow for a seam, an empty one where there is none.
// It is valid until the next one is made.
func (p *Profile) makeShadow(seam *Seam) *shadow {
	if known := p.shadowOf(seam); known != nil {
		return known
	}
	i, stale := slices.BinarySearchFunc(p.shadows, seam.Run, func(s shadow, run string) int { return strings.Compare(s.run, run) })
	if !stale {
		p.shadows = slices.Insert(p.shadows, i, shadow{})
	}
	p.shadows[i] = shadow{run: strings.Clone(seam.Run), at: seam.At, after: &Profile{}}
	return &p.shadows[i]
}

// given returns the series that have from history what arrived at an instant,
// so that an event of that arrival is in them already.
func (p *Profile) given(seams Seams, arrival, now int64) Members {
	var given Members
	for i := range seams {
		seam := &seams[i]
		if arrival > seam.At || now > seam.At+SeamLife {
			continue
		}
		if seam.Closed {
			for _, series := range seam.covered {
				given.Set(series, true)
			}
		} else if own := p.shadowOf(seam); own != nil {
			for _, series := range own.done {
				given.Set(series, true)
			}
		}
	}
	return given
}

// ApplyAcross is Apply in a shard that has seams. Series that history has
// given leave out what arrived at its seam or before, and what arrived behind
// an open seam is kept for its run as well.
func (p *Profile) ApplyAcross(seams Seams, schema *Schema, cfg *Config, ev *event.Event, now int64, changed *Changed) Outcome {
	outcome := p.apply(schema, cfg, ev, now, changed, p.given(seams, ev.Arrival, now))
	if outcome != Applied {
		return outcome
	}
	for i := range seams {
		seam := &seams[i]
		if !seam.open(now) || ev.Arrival <= seam.At {
			continue
		}
		if schema.takes(ev) {
			p.keepBehind(seam, schema, cfg, ev, now)
		}
		p.noteBehind(seam, schema, cfg, ev, now)
	}
	return outcome
}

// keepBehind keeps an event that arrived behind a run's seam for that run.
func (p *Profile) keepBehind(seam *Seam, schema *Schema, cfg *Config, ev *event.Event, now int64) {
	own, except := p.shadowOf(seam), seam.others
	if own != nil && len(own.done) > 0 {
		except = slices.Clone(except)
		for _, series := range own.done {
			except.Set(series, true)
		}
	}
	wanted := false
	schema.match(ev, func(series int, _ uint8) { wanted = wanted || !except.Has(series) })
	if !wanted {
		return
	}
	own = p.makeShadow(seam)
	own.after.applySeries(schema, cfg, ev, now, &Changed{}, except)
	if ev.MessageID != "" && now <= seam.At+seenAcross {
		own.after.seen.keep(hashOf(ev.MessageID), now, cfg.MessageIDs)
	}
}

// leaveSeams forgets the shadows of runs whose seams are not open at stream
// time now. Of a run that was given up only what it has given is remembered,
// and no journal is kept for one that tells of no condition any more.
func (p *Profile) leaveSeams(seams Seams, now int64) {
	for i := range p.shadows {
		s := &p.shadows[i]
		if len(s.done) > 0 && seams.givenUp(s, now) {
			*s = shadow{run: s.run, at: s.at, done: s.done, after: &Profile{}}
		}
		if seam := seams.Open(s.run, now); seam != nil && len(seam.conditions) == 0 {
			s.leaveJournal()
			s.lost, s.told = false, false
		}
	}
	p.shadows = slices.DeleteFunc(p.shadows, func(s shadow) bool {
		if seam := seams.Open(s.run, now); seam != nil && seam.At == s.at {
			return false
		}
		return len(s.done) == 0 || !seams.givenUp(&s, now)
	})
}

// givenUp reports whether the run of a shadow was given up, and events that
// arrived before its seam may still come.
func (s Seams) givenUp(of *shadow, now int64) bool {
	return slices.ContainsFunc(s, func(seam Seam) bool {
		return seam.GivenUp && seam.Run == of.run && seam.At == of.at && now <= seam.At+SeamLife
	})
}
