package observe_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"muster/observe"
)

// The times of a part that fails, in seconds: what it tells, and whether the
// process counts as ready after that.
func TestAPartIsAwayAfterPatienceAndBackAfterPatience(t *testing.T) {
	const fails, works, nothing = "fails", "works", ""
	for name, steps := range map[string][]struct {
		after time.Duration
		told  string
		ready bool
	}{
		"one failure": {{0, fails, true}, {observe.Patience - 1, nothing, true}, {1, nothing, false}, {time.Hour, nothing, false}},
		"mended soon": {{0, fails, true}, {observe.Patience - 1, works, true}, {time.Hour, nothing, true}},
		"up and down": {
			{0, fails, true}, {2 * time.Second, works, true}, {time.Second, fails, true}, {2 * time.Second, works, true},
			{0, fails, true}, {2 * time.Second, fails, true}, {time.Second, fails, false},
		},
		"away and back": {
			{0, fails, true}, {time.Minute, works, false}, {observe.Patience - 1, nothing, false}, {1, nothing, true},
			{0, fails, true}, {observe.Patience - 1, nothing, true}, {1, nothing, false},
		},
		"back for a moment": {
			{0, fails, true}, {time.Minute, works, false}, {observe.Patience - 1, fails, false}, {time.Minute, works, false},
			{observe.Patience, nothing, true},
		},
		"back unseen":  {{0, fails, true}, {time.Minute, works, false}, {time.Hour, fails, true}},
		"works always": {{0, works, true}, {time.Hour, works, true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := observe.NewHealth()
				for i, s := range steps {
					time.Sleep(s.after)
					switch s.told {
					case fails:
						h.Fail("redis", "", "refused")
					case works:
						h.Mend("redis", "")
					}
					if waiting := h.Waiting(); (len(waiting) == 0) != s.ready {
						t.Errorf("after step %d it waits for %q", i, waiting)
					}
				}
			})
		})
	}
}

func TestAPartFailsWhileItHasCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := observe.NewHealth()
		expect := func(want string) {
			t.Helper()
			if got := strings.Join(h.Waiting(), "; "); got != want {
				t.Errorf("it waits for %q, want %q", got, want)
			}
		}
		h.Fail("kafka", "a", "a: refused")
		h.Fail("kafka", "b", "b: refused")
		time.Sleep(observe.Patience)
		expect("kafka: b: refused (and 1 more like it)")
		h.Mend("kafka", "a")
		h.Mend("kafka", "never told of")
		expect("kafka: b: refused")
		h.Mend("kafka", "b")
		expect("kafka: works again, for less than 3s; before: b: refused")
		h.Wait("kafka", "not reached yet")
		time.Sleep(observe.Patience)
		expect("kafka: not reached yet")
	})
}

// What stream tells shows in readiness and metrics.
func TestStreamsTroublesAreTold(t *testing.T) {
	failure := errors.New("refused")
	for part, test := range map[string]struct{ fail, mend func(w *observe.Watch) }{
		"group g: joining anew: its partitions are being shared out": {
			func(w *observe.Watch) { w.Stream().Unassigned("g") }, func(w *observe.Watch) { w.Stream().Assigned("g", 1, nil) },
		},
		"kafka: joining group g: refused": {
			func(w *observe.Watch) { w.Stream().GroupError("g", failure) }, func(w *observe.Watch) { w.Stream().Assigned("g", 1, nil) },
		},
		"kafka: reading partition 1 of keyed: refused": {
			func(w *observe.Watch) { w.Stream().FetchError("keyed", 1, failure, time.Second) },
			func(w *observe.Watch) { w.Stream().FetchSettled("keyed", 1) },
		},
		"kafka: writing partition 1 of keyed: refused": {
			func(w *observe.Watch) { w.Stream().ProduceError("keyed", 1, failure, time.Second) },
			func(w *observe.Watch) { w.Stream().ProduceSettled("keyed", 1) },
		},
		"partition 1 of keyed: refused": {
			func(w *observe.Watch) { w.Stream().WorkError("keyed", 1, failure, time.Second) },
			func(w *observe.Watch) { w.Stream().Resumed("keyed", 1) },
		},
		"partition 2 of keyed: refused": {
			func(w *observe.Watch) { w.Stream().WorkError("keyed", 2, failure, time.Second) },
			func(w *observe.Watch) { w.Stream().Released("keyed", 2, time.Second) },
		},
	} {
		t.Run(part, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := observe.New(zap.NewNop())
				test.fail(w)
				time.Sleep(observe.Patience)
				if code, text := get(t, w, "/readyz"); code != 503 || text != part+"\n" {
					t.Errorf("readyz is %d %q", code, text)
				}
				_, metrics := get(t, w, "/metrics")
				mustContain(t, metrics, "muster_ready 0")
				if strings.HasPrefix(part, "partition") {
					mustContain(t, metrics, "muster_failing_partitions 1")
				} else {
					mustContain(t, metrics, "muster_failing_partitions 0")
				}
				test.mend(w)
				_, while := get(t, w, "/metrics")
				if strings.HasPrefix(part, "partition") {
					mustContain(t, while, "muster_failing_partitions 1")
				}
				time.Sleep(observe.Patience)
				_, metrics = get(t, w, "/metrics")
				mustContain(t, metrics, "muster_ready 1", "muster_failing_partitions 0")
			})
		})
	}
}

// A partition that was withdrawn is the next owner's to tell about.
func TestWorkThatFailsWhenWithdrawnIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := observe.New(zap.NewNop())
		w.Stream().WorkError("keyed", 1, errors.New("refused"), 0)
		time.Sleep(observe.Patience)
		if code, text := get(t, w, "/readyz"); code != 200 {
			t.Errorf("readyz is %d %q", code, text)
		}
		_, metrics := get(t, w, "/metrics")
		mustContain(t, metrics, `muster_work_errors_total{partition="1",topic="keyed"} 1`)
	})
}
