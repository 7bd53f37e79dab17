package observe

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"muster/pipeline"
	"muster/segments"
)

const (
	// sweepPart is the name under which Health knows the sweeps.
	sweepPart = "sweep"
	// sweepLook is how soon after their begin sweeps are told in the log for
	// the first time. Shards take an edit over within some milliseconds of each
	// other, so what is over by then is one line and not one a shard.
	sweepLook = time.Second
	// sweepEvery is how long the log is silent between two lines about sweeps.
	sweepEvery = 10 * time.Second
)

// sweeps adds up how far the sweeps of this process's shards are. A round
// lasts from the first shard that begins until all are done or left. It is
// safe for concurrent use, and is given the time.
type sweeps struct {
	mu      sync.Mutex
	health  *Health
	edit    segments.Published // the newest
	round   map[int]*shardSweep
	began   time.Time
	told    time.Time // when the log was last told of this round; zero before
	waiting bool      // whether due is going to be called
}

// shardSweep is one shard in a round.
type shardSweep struct {
	is    pipeline.Sweep
	first int64     // how many were looked at when began was
	began time.Time // when its profiles were counted; zero before
}

func newSweeps(health *Health) *sweeps { return &sweeps{health: health, round: map[int]*shardSweep{}} }

// published notes an edit. The log is told of the sweeps that follow at once,
// those of an edit before begin anew.
func (s *sweeps) published(p segments.Published) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edit, s.told = p, time.Time{}
}

// take notes how far a shard is. It reports whether the caller has to call
// due, sweepLook from now.
func (s *sweeps) take(shard int, is pipeline.Sweep, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.round[shard]
	if one == nil && is.Done {
		return false // there was nothing to look at
	}
	if len(s.round) == 0 || one != nil && one.is.Generation != is.Generation {
		s.began = now
	}
	if len(s.round) == 0 {
		s.told = time.Time{}
	}
	if one == nil || one.is.Generation != is.Generation {
		one = &shardSweep{}
		s.round[shard] = one
	}
	if one.began.IsZero() && is.Profiles > 0 {
		one.first, one.began = is.Looked, now
	}
	one.is = is
	s.note(now)
	wasWaiting := s.waiting
	s.waiting = true
	return !wasWaiting
}

// leave drops a shard: its sweep is the next owner's to tell.
func (s *sweeps) leave(shard int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.round, shard)
	s.note(now)
}

// note has readiness say how far the sweeps are. The lock is held, so that of
// two shards the later one has the last word.
func (s *sweeps) note(now time.Time) {
	sum, left := s.sum(now)
	if sum.Done {
		s.health.Clear(sweepPart)
		return
	}
	s.health.Note(sweepPart, sum.String()+leftWords(left))
}

// sum adds up the shards of the round, and estimates how long what is left
// takes. Of no shard it is done.
func (s *sweeps) sum(now time.Time) (sum pipeline.Sweep, left time.Duration) {
	sum.Done = true
	looked, began := int64(0), now
	for _, one := range s.round {
		sum = sum.Plus(one.is)
		if !one.began.IsZero() {
			looked += one.is.Looked - one.first
			if one.began.Before(began) {
				began = one.began
			}
		}
	}
	return sum, sum.Left(looked, now.Sub(began))
}

// sweepLine is what the log is told of a round.
type sweepLine struct {
	text   string
	fields []zap.Field
}

// due returns what the log is to be told now, nil for nothing, and whether
// the caller has to call it again, sweepLook from now.
func (s *sweeps) due(now time.Time) (line *sweepLine, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum, left := s.sum(now)
	switch {
	case len(s.round) == 0:
	case sum.Done:
		took := now.Sub(s.began).Round(100 * time.Millisecond)
		line = s.line(sum, "", zap.Duration("took", took))
		clear(s.round)
	case s.told.IsZero() || now.Sub(s.told) >= sweepEvery:
		s.told = now
		line = s.line(sum, leftWords(left), zap.Duration("left", left.Round(time.Second)))
	}
	s.waiting = len(s.round) > 0
	return line, s.waiting
}

// line says how far the round is. In the edition that a process starts with
// nothing was edited: then the profiles are of rules that another had.
func (s *sweeps) line(sum pipeline.Sweep, left string, more zap.Field) *sweepLine {
	edit := s.edit
	cause := "segments in force: " + editWords(edit) + "; "
	if edit.Edition <= 1 {
		edit, cause = segments.Published{}, "profiles of older rules: "
	}
	return &sweepLine{cause + sum.String() + left, []zap.Field{
		zap.Int("added", edit.Added), zap.Int("changed", edit.Changed), zap.Int("removed", edit.Removed),
		zap.Int64("profiles", sum.Profiles), zap.Int64("looked", sum.Looked), more,
	}}
}

// editWords says what an edit did: "added 3, removed 1".
func editWords(p segments.Published) string {
	var words []string
	for _, one := range []struct {
		did  string
		many int
	}{{"added", p.Added}, {"changed", p.Changed}, {"removed", p.Removed}} {
		if one.many > 0 {
			words = append(words, fmt.Sprintf("%s %d", one.did, one.many))
		}
	}
	return strings.Join(words, ", ")
}

// leftWords says how long is left, rounded up; nothing where nobody knows.
func leftWords(left time.Duration) string {
	const roundUp = time.Second - 1
	switch {
	case left <= 0:
		return ""
	case left < 2*time.Minute:
		return fmt.Sprintf(", %d s left", (left+roundUp)/time.Second)
	case left < 2*time.Hour:
		return fmt.Sprintf(", %.0f min left", left.Minutes())
	}
	return fmt.Sprintf(", %.0f h left", left.Hours())
}

// shardSwept is told with every turn of a sweep.
func (w *Watch) shardSwept(shard int, s pipeline.Sweep) {
	m, label, sweeping := &w.metrics, shardLabel(shard), 0.0
	if !s.Done {
		sweeping = 1
	}
	m.sweeping.WithLabelValues(label).Set(sweeping)
	m.sweepProfiles.WithLabelValues(label).Set(float64(s.Profiles))
	m.sweepLooked.WithLabelValues(label).Set(float64(s.Looked))
	if w.sweeps.take(shard, s, time.Now()) {
		time.AfterFunc(sweepLook, w.logSweeps)
	}
}

// logSweeps logs how far the sweeps are, and goes on until they are done.
func (w *Watch) logSweeps() {
	line, again := w.sweeps.due(time.Now())
	if line != nil {
		w.log.Info(line.text, line.fields...)
	}
	if again {
		time.AfterFunc(sweepLook, w.logSweeps)
	}
}
