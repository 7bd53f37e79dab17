package rehearsal

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
)

func testOptions() Options {
	return Options{
		Pipeline: pipeline.Default(), Batch: 100, Events: 5000, For: time.Hour,
		Plan: Deployment{Profiles: 1_000_000, OutboxMax: 1_000_000, ReachDays: 400},
	}
}

func play(t *testing.T, s *Sample, o Options) *Figures {
	t.Helper()
	f, err := Play(shopRules(t), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFiguresAreTheSame: but for CPU, and what follows from it, two runs of as
// many events say the same.
func TestFiguresAreTheSame(t *testing.T) {
	untimed := func() *Figures {
		f := play(t, newSample(t, append(shopLines(700, 37), "not json")...), testOptions())
		if f.Micros.Total <= 0 || f.Micros.Match < 0 || f.Micros.Apply <= 0 || f.PerCore <= 0 {
			t.Errorf("nothing was measured: %+v", f.Micros)
		}
		f.Micros, f.PerCore, f.Sizing.Rows = Micros{}, 0, nil
		return f
	}
	first, second := untimed(), untimed()
	if !reflect.DeepEqual(first, second) {
		t.Errorf("two runs said\n%+v\n%+v", first, second)
	}
	if m := first.Measured; m.Events != 5000 || !m.Warm || m.Plays < 8 {
		t.Errorf("measured are %+v, want 5000 events after a whole playing", m)
	}
	if e := first.PerEvent; e.Changes <= 0 || e.Written <= 0 || e.Repeats != 0 || e.Loaded != 0 {
		t.Errorf("an event brings about %+v, want changes and writes alone", e)
	}
	if p := first.Profile; p.StoredP50 <= 0 || p.StoredP99 < p.StoredP50 || p.MemoryP50 <= p.StoredP50 {
		t.Errorf("profiles have %+v", p)
	}
}

// TestTimeEndsIt: with no time at all a batch is measured all the same, and
// said to be of young profiles.
func TestTimeEndsIt(t *testing.T) {
	o := testOptions()
	o.For = time.Nanosecond
	f := play(t, newSample(t, shopLines(700, 37)...), o)
	if f.Measured.Events != o.Batch || f.Measured.Warm {
		t.Errorf("measured are %+v, want one batch that is not warm", f.Measured)
	}
}

// TestEventsThatDoNotFitAreRefusedOnce: their line is told, and the next
// playing does not count them again.
func TestEventsThatDoNotFitAreRefusedOnce(t *testing.T) {
	o := testOptions()
	o.Pipeline.Profiles.Traits = 1
	lines := append(shopLines(300, 37), `{"type":"identify","userId":"u1","timestamp":"2026-11-01T11:00:00Z","traits":{"a":1,"b":2}}`)
	f := play(t, newSample(t, lines...), o)
	if f.Sample.Refused != 1 || f.Sample.Refusals[0].Line != 301 || !strings.HasPrefix(f.Sample.Refusals[0].Reason, "traits: ") {
		t.Errorf("refusals are %+v, want one of line 301", f.Sample.Refusals)
	}
}

func TestNothingToPlay(t *testing.T) {
	if _, err := Play(shopRules(t), newSample(t, "not json"), testOptions()); err == nil {
		t.Error("a sample without events was played")
	}
	old := newSample(t, `{"type":"page","userId":"u","timestamp":"1971-01-01T00:00:00Z"}`, `{"type":"page","userId":"u","timestamp":"9000-01-01T00:00:00Z"}`)
	if _, err := Play(shopRules(t), old, testOptions()); err == nil || !strings.Contains(err.Error(), "fewer years") {
		t.Errorf("the error is %v, want that times can't be moved on", err)
	}
}
