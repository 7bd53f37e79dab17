package pipeline_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

func TestSweepInWords(t *testing.T) {
	begun := pipeline.Sweep{Generation: 3, Profiles: 1_204_331, Looked: 500_000}
	for want, s := range map[string]pipeline.Sweep{
		"profiles are being counted":           {Generation: 3},
		"41 % of 1,204,331 profiles looked at": begun,
		"all 12,000 profiles looked at":        {Profiles: 12_000, Looked: 12_000, Done: true},
		"all 7 profiles looked at":             {Profiles: 7, Looked: 7, Done: true},
		"0 % of 1,000,001 profiles looked at":  {Profiles: 1_000_001, Looked: 10_000},
		"75 % of 20 profiles looked at":        pipeline.Sweep{Profiles: 10, Looked: 10, Done: true}.Plus(pipeline.Sweep{Profiles: 10, Looked: 5}),
	} {
		if got := s.String(); got != want {
			t.Errorf("%+v is told as %q, want %q", s, got, want)
		}
	}
	if left := begun.Left(250_000, 5*time.Second); left.Round(time.Second) != 14*time.Second {
		t.Errorf("%s left", left)
	}
	if left := begun.Left(0, time.Hour); left != 0 {
		t.Errorf("%s left, and nothing is known of the pace", left)
	}
}

// TestSweepIsTold: what an observer is told of another rule set, from its
// adoption to the end of the sweep.
func TestSweepIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var records []pipeline.Record
		for i, user := range []string{"a", "b", "c"} {
			records = append(records, bought(int64(i), user, began))
		}
		live := pipeline.NewLive(weekly(t))
		var mu sync.Mutex
		var told []string
		byRules := 0
		tell := func(what string, about any) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprintf("%s %+v", what, about))
		}
		watch(t, nil, memory.New(), &still{tape: tape{records: records, size: 3}}, func(w *pipeline.Worker) {
			w.Rules = live
			w.Observer = pipeline.Observer{
				Adopted:   func(_ int, a pipeline.Adoption) { tell("adopted", a) },
				Swept:     func(_ int, s pipeline.Sweep) { tell("swept", s) },
				Committed: func(_ int, b pipeline.BatchStats) { byRules += b.ByRules },
			}
		})
		synctest.Wait()
		live.Publish(compile(t, []rules.Segment{
			rules.NewSegment("buyers", `count(events("Bought", "7d")) > 0`),
			rules.NewSegment("viewers", `count(events("Viewed", "7d")) == 0`),
		}))
		time.Sleep(2 * poll)
		synctest.Wait()
		want := []string{
			"adopted {Edition:1 Marks:[]}", "swept all 0 profiles looked at",
			fmt.Sprintf("adopted {Edition:2 Marks:[{Segment:viewers Since:%d}]}", began.UnixMilli()),
			"swept profiles are being counted", "swept all 3 profiles looked at",
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(told, want) {
			t.Errorf("told\n%q\nwant\n%q", told, want)
		}
		if byRules != 3 {
			t.Errorf("%d changes have the cause rules, want 3", byRules)
		}
	})
}
