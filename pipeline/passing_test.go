package pipeline_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

// still is a Source whose records are all there from the beginning. After
// them it brings nothing, each time within the poll time; behind is how many
// records it says there are that it doesn't bring.
type still struct {
	tape
	behind int64
}

const poll = 30 * time.Second

func (s *still) Fetch(ctx context.Context) (pipeline.Batch, error) {
	batch, err := s.tape.Fetch(ctx)
	if err == nil {
		return batch, nil
	}
	select {
	case <-time.After(poll):
		return pipeline.Batch{Next: s.next, High: s.next + s.behind}, nil
	case <-ctx.Done():
		return pipeline.Batch{}, ctx.Err()
	}
}

func bought(offset int64, user string, at time.Time) pipeline.Record {
	return pipeline.Record{Offset: offset, Value: fmt.Appendf(nil,
		`{"type":"track","event":"Bought","userId":%q,"receivedAt":%q}`, user, at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))}
}

// watch runs a worker in the background until the test ends.
func watch(t *testing.T, set *rules.Set, store pipeline.Store, source pipeline.Source, change func(*pipeline.Worker)) {
	t.Helper()
	w := newWorker(store, set, nil, 0)
	w.Wall = func() int64 { return time.Now().UnixMilli() }
	w.Open = func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return source, nil }
	if change != nil {
		change(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx, 0) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func weekly(t *testing.T) *rules.Set {
	t.Helper()
	return compile(t, []rules.Segment{rules.NewSegment("buyers", `count(events("Bought", "7d")) > 0`)})
}

const week = 7 * 24 * time.Hour

// TestIdleShardFollowsTheWallClock: a shard without traffic lets a profile
// go a week after its only event, at that very millisecond, as soon as the
// grace is over and not before.
func TestIdleShardFollowsTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		store := memory.New()
		watch(t, weekly(t), store, &still{tape: tape{records: []pipeline.Record{bought(0, "u", began)}, size: 1}}, nil)
		grace := pipeline.Default().IdleGrace
		time.Sleep(week + grace - time.Millisecond)
		synctest.Wait()
		if got := store.Outbox(0); len(got) != 1 || !got[0].Entered {
			t.Fatalf("before the grace is over: %+v", got)
		}
		time.Sleep(2 * poll)
		synctest.Wait()
		want := pipeline.Change{Segment: "buyers", Profile: "u", At: began.Add(week).UnixMilli(), Version: 2, Cause: pipeline.CauseTime}
		if got := store.Outbox(0); len(got) != 2 || got[1] != want {
			t.Fatalf("got %+v, want %+v behind one change", got, want)
		}
		state, err := store.Open(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if now := time.Now().Add(-grace).UnixMilli(); state.Clock < want.At || state.Clock > now {
			t.Errorf("stored clock %d is not within %d..%d", state.Clock, want.At, now)
		}
	})
}

// TestTimeWaitsForWhatIsNotRead: the wall clock is kept out as long as the
// partition holds more than was read, and with `clock: stream`.
func TestTimeWaitsForWhatIsNotRead(t *testing.T) {
	for name, source := range map[string]struct {
		behind int64
		wall   func() int64
	}{
		"records waiting": {1, func() int64 { return time.Now().UnixMilli() }},
		"no wall clock":   {0, func() int64 { return 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.New()
				tape := tape{records: []pipeline.Record{bought(0, "u", time.Now())}, size: 1}
				watch(t, weekly(t), store, &still{tape, source.behind}, func(w *pipeline.Worker) { w.Wall = source.wall })
				time.Sleep(2 * week)
				synctest.Wait()
				if got := store.Outbox(0); len(got) != 1 {
					t.Fatalf("got %+v", got)
				}
			})
		})
	}
}

// TestWallClockMayStepBack: what time has done stays done, and happens once.
func TestWallClockMayStepBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		began := time.Now()
		back := began.Add(week + time.Hour)
		watch(t, weekly(t), store, &still{tape: tape{records: []pipeline.Record{bought(0, "u", began)}, size: 1}}, func(w *pipeline.Worker) {
			w.Wall = func() int64 {
				if now := time.Now(); now.Before(back) {
					return now.UnixMilli()
				}
				return time.Now().Add(-week).UnixMilli()
			}
		})
		time.Sleep(3 * week)
		synctest.Wait()
		if got := store.Outbox(0); len(got) != 2 || got[1].At != began.Add(week).UnixMilli() {
			t.Fatalf("got %+v", got)
		}
	})
}

// wave is a log in which very many profiles are due at once while events of
// the same and other profiles go on.
func wave(began time.Time, profiles, records int) []pipeline.Record {
	var list []pipeline.Record
	for i := range profiles {
		list = append(list, bought(int64(i), fmt.Sprintf("u%d", i), began))
	}
	for i := range records {
		list = append(list, bought(int64(profiles+i), fmt.Sprintf("u%d", 7*i%(profiles+50)), began.Add(week+time.Duration(i)*time.Millisecond)))
	}
	return list
}

// TestRecordsDoNotWaitForAWave: behind a wave longer than Config.Wave,
// every profile's changes are what they would be had all waited, live
// records come in between, and no timer is left behind.
func TestRecordsDoNotWaitForAWave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, records := weekly(t), wave(time.Now().Add(-week), 3000, 1000)
		patient := memory.New()
		drive(t, patient, set, records, 100, func(w *pipeline.Worker) { w.Config.Wave = 100_000 })
		store := memory.New()
		watch(t, set, store, &still{tape: tape{records: records, size: 100}}, func(w *pipeline.Worker) {
			w.Config.Wave, w.Wall = 500, func() int64 { return 0 }
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		want, got := patient.Outbox(0), store.Outbox(0)
		lastOfWave := 0
		for i, c := range got {
			if c.Cause == pipeline.CauseTime {
				lastOfWave = i
			}
		}
		early := slices.IndexFunc(got[3000:], func(c pipeline.Change) bool { return c.Cause == pipeline.CauseEvent })
		if early < 0 || 3000+early > lastOfWave-500 {
			t.Errorf("the first live change is number %d, the wave ends with %d", 3000+early, lastOfWave)
		}
		byProfile := func(a, b pipeline.Change) int {
			return cmp.Or(cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Version, b.Version))
		}
		slices.SortFunc(want, byProfile)
		slices.SortFunc(got, byProfile)
		if !slices.Equal(got, want) {
			t.Errorf("%d changes in turns differ from %d one after the other", len(got), len(want))
		}
	})
}

// TestIdleOwnerLooksAfterItsShard: an owner that has nothing to read notices
// soon that the store is no longer where it left it, and keeps quiet while it
// is.
func TestIdleOwnerLooksAfterItsShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ended := memory.New(), make(chan error, 1)
		source := &still{tape: tape{records: []pipeline.Record{bought(0, "u", time.Now())}, size: 1}}
		commits := 0
		w := newWorker(store, weekly(t), nil, 0)
		w.Open = func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return source, nil }
		w.Observer.Committed = func(int, pipeline.BatchStats) { commits++ }
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { ended <- w.Run(ctx, 0) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if most := int(time.Hour/w.Config.IdleCheck) + 1; commits < 2 || commits > most {
			t.Errorf("%d commits in an hour with one record, want 2 to %d", commits, most)
		}
		if _, err := store.Open(ctx, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(poll + w.Config.IdleCheck)
		synctest.Wait()
		select {
		case err := <-ended:
			if !errors.Is(err, pipeline.ErrFenced) {
				t.Errorf("Run returned %v, want ErrFenced", err)
			}
		default:
			t.Error("the worker goes on although another owns the shard")
		}
	})
}
