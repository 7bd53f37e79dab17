package queue

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"context"
)

// entry is a request of a phase, by its letter.
func entryOf(a Asked, phase Phase, stages ...Stage) *Entry {
	return &Entry{Asked: a, State: State{Phase: phase, Stages: stages, Keeps: a.Keeps}}
}

func with(a Asked, change func(*Asked)) Asked { change(&a); return a }

// Turns come by priority, then by when a request was asked for, as long as not
// too many run.
func TestJudge(t *testing.T) {
	reads, replays := Stage{Name: "index", Reads: true}, Stage{Name: "evaluate"}
	late := func(a *Asked) { a.At = a.At.Add(time.Hour) }
	urgent := func(a *Asked) { late(a); a.Priority = 60 }
	elsewhere := func(a *Asked) { a.Reading = "other" }
	for name, c := range map[string]struct {
		active []*Entry
		most   int
		come   string // ids whose turn it is
	}{
		"the first":           {[]*Entry{entryOf(asked("a"), Waiting), entryOf(with(asked("b"), late), Waiting)}, 1, "a"},
		"the urgent":          {[]*Entry{entryOf(asked("a"), Waiting), entryOf(with(asked("b"), urgent), Waiting)}, 1, "b"},
		"two at a time":       {[]*Entry{entryOf(asked("a"), Waiting), entryOf(with(asked("b"), late), Waiting)}, 2, "a b"},
		"no room":             {[]*Entry{entryOf(asked("a"), Running, replays), entryOf(asked("b"), Waiting)}, 1, ""},
		"room":                {[]*Entry{entryOf(asked("a"), Running, replays), entryOf(asked("b"), Waiting)}, 2, "b"},
		"read for":            {[]*Entry{entryOf(asked("a", "x", "y"), Running, reads), entryOf(asked("b", "y"), Waiting)}, 2, ""},
		"read for, no stage":  {[]*Entry{entryOf(asked("a", "x", "y"), Running), entryOf(asked("b", "y"), Waiting)}, 2, ""},
		"was read for":        {[]*Entry{entryOf(asked("a", "x", "y"), Running, replays), entryOf(asked("b", "y"), Waiting)}, 2, "b"},
		"reads more":          {[]*Entry{entryOf(asked("a", "x"), Running, reads), entryOf(asked("b", "y"), Waiting)}, 2, "b"},
		"reads others":        {[]*Entry{entryOf(asked("a", "x"), Running, reads), entryOf(with(asked("b", "x"), elsewhere), Waiting)}, 2, "b"},
		"others pass by":      {[]*Entry{entryOf(asked("a", "x"), Running, reads), entryOf(asked("b", "x"), Waiting), entryOf(with(asked("c", "z"), late), Waiting)}, 2, "c"},
		"a smaller bound now": {[]*Entry{entryOf(asked("a"), Running, replays), entryOf(asked("b"), Running, replays), entryOf(asked("c"), Waiting)}, 1, ""},
		"ended":               {[]*Entry{entryOf(asked("a"), Done), entryOf(asked("b"), Interrupted), entryOf(asked("c"), Waiting)}, 1, "c"},
	} {
		var come []string
		for _, e := range c.active {
			if e.State.Phase != Waiting {
				continue
			}
			mine := judge(c.active, e.ID, c.most)
			if mine.come {
				come = append(come, e.ID)
			} else if mine.why == "" {
				t.Errorf("%s: %s is not told why", name, e.ID)
			}
		}
		if got := strings.Join(come, " "); got != c.come {
			t.Errorf("%s: it is the turn of %q, want %q", name, got, c.come)
		}
	}
}

// Whoever's turn comes reads for all that wait for the same objects.
func TestReadingAlong(t *testing.T) {
	waiting := []*Entry{
		entryOf(asked("a", "x"), Waiting), entryOf(asked("b", "y"), Waiting),
		entryOf(with(asked("c", "z"), func(a *Asked) { a.Reading = "other" }), Waiting), entryOf(asked("d", "v"), Done),
	}
	if got := fmt.Sprint(judge(waiting, "a", 1).along); got != fmt.Sprint([]any{asked("", "y").Keeps}) {
		t.Errorf("along go %s", got)
	}
}

// Requests that come at once run one by one, and the first of them reads what
// all of them keep.
func TestNoMoreRunThanMay(t *testing.T) { everywhere(t, noMoreRunThanMay) }

func noMoreRunThanMay(t *testing.T, q *Queue) {
	var holds []*Hold
	for i := range 5 {
		holds = append(holds, take(t, q, asked(fmt.Sprint("q", i), fmt.Sprint("n", i))))
	}
	var mu sync.Mutex
	running, most, widest := 0, 0, 0
	var group sync.WaitGroup
	for _, h := range holds {
		group.Go(func() {
			along, err := h.Await(t.Context(), 2, noTelling)
			if err != nil {
				t.Error(err)
				return
			}
			err = h.Run(t.Context(), func() Figures { return Figures{Stages: []Stage{{Name: "evaluate"}}} }, func(context.Context) error {
				mu.Lock()
				running++
				most, widest = max(most, running), max(widest, len(along))
				mu.Unlock()
				time.Sleep(3 * time.Millisecond) // so that another may begin, if it dares
				mu.Lock()
				running--
				mu.Unlock()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if most > 2 || widest != 4 {
		t.Errorf("%d ran at a time, and %d were read for", most, widest)
	}
}

// A rate is that of the last minute, and what has ended keeps how long it took.
func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(0, 0)
	at := func(second int, stages ...Stage) []Stage {
		p.take(stages, now.Add(time.Duration(second)*time.Second))
		return stages
	}
	at(0, Stage{Name: "index", All: 10_000})
	for second := 1; second <= 100; second++ { // 10 a second, later 50
		done := int64(10 * second)
		if second > 30 {
			done = 300 + int64(50*(second-30))
		}
		at(second, Stage{Name: "index", Done: done, All: 10_000})
	}
	s := at(101, Stage{Name: "index", Done: 3850, All: 10_000})[0]
	if s.Rate < 49 || s.Rate > 51 || s.Left < 120 || s.Left > 126 || s.Took != 101 {
		t.Errorf("%+v", s)
	}
	both := at(102, Stage{Name: "index", Done: 10_000, All: 10_000}, Stage{Name: "evaluate", All: 5})
	both = at(105, both[0], Stage{Name: "evaluate", Done: 3, All: 5})
	if both[0].Took != 102 || both[1].Took != 3 || both[1].Rate != 1 || both[1].Left != 2 {
		t.Errorf("%+v", both)
	}
	indexing := Stage{Took: 10, Left: 30, Rest: 0.5}
	if left := indexing.left(); left != 30+20 || both[1].left() != 2 || (&Stage{Took: 10, Rest: 0.5}).left() != 0 {
		t.Errorf("%g seconds are left", left)
	}
	if len(p.samples) > paceSamples {
		t.Errorf("%d samples", len(p.samples))
	}
}
