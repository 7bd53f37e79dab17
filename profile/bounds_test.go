package profile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"muster/event"
)

// countError is the bound that Config.Entries states for each of a window's
// two edges.
func countError(folded int) float64 { return max(lumpEntries, float64(folded)/32) }

// TestEntriesBound passes the bound by far: counts stay exact while nothing
// of the window is folded, and within the stated error after that. Where one
// edge cuts nothing the other's error is all there is.
func TestEntriesBound(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		limit := []int{16, 100, 256, 1000}[r.IntN(4)]
		window := []int64{100_000, 1_000_000, 1 << 40}[r.IntN(3)]
		schema := NewSchema(nil, []Series{seriesOf(KeepSlidingTimes, window), seriesOf(KeepSlidingNumbers, window)})
		cfg := Default()
		cfg.Entries = limit
		p, now := New("p"), start
		var all history
		worst := 0.0
		for n := 1; n <= 8_000; n++ {
			now += r.Int64N(200)
			all = append(all, sale{time: now, price: 1})
			apply(t, p, schema, cfg, track(now, 1))
			if kept := p.kept[0].points.len(); kept > limit {
				t.Fatalf("%d entries are kept, the bound is %d", kept, limit)
			}
			if n%500 != 0 && n > limit {
				continue
			}
			for _, w := range [][2]int64{{window, 0}, {window / 2, 0}, {window, window / 3}, {min(window, (now-start)/2), 0}, {window, min(window, now-start) / 3}} {
				bound := 2 * countError(n-limit+lumpEntries)
				if n <= limit {
					bound = 0
				}
				want := float64(len(all.within(now-w[0], now-w[1])))
				count := p.Read(schema, Query{Series: 0, Reduce: ReduceCount, From: w[0], To: w[1]}, now).Number()
				sum := p.Read(schema, Query{Series: 1, Reduce: ReduceSum, From: w[0], To: w[1]}, now).Number()
				if off := math.Abs(count - want); off > bound || sum != count {
					t.Fatalf("seed %d, entries %d, window %v: count %v and sum %v of %v after %d events, the bound is %v", seed, limit, w, count, sum, want, n, bound)
				} else {
					worst = max(worst, off)
				}
			}
		}
		if n := len(p.kept[0].points.lumps); n > maxLumps {
			t.Errorf("%d lumps", n)
		}
		t.Logf("entries %d, window %d: off by %v at most", limit, window, worst)
	}
}

// TestEntriesBoundOfValues passes the bound of values: distinct becomes a
// lower bound, the last one stays, the first is the first one kept.
func TestEntriesBoundOfValues(t *testing.T) {
	schema := everySeries(1 << 40)
	cfg := Default()
	cfg.Entries = 16
	p := New("p")
	for i := range 100 {
		apply(t, p, schema, cfg, track(start+int64(i), float64(i)))
	}
	read := func(k Keep, r Reduce) float64 {
		return p.Read(schema, Query{Series: int(k), Reduce: r, From: 1 << 40}, start+100).Number()
	}
	if got := read(KeepTotalDistinct, ReduceDistinct); got != 16 {
		t.Errorf("%v distinct values of all time, want the bound 16", got)
	}
	if got := read(KeepSlidingValues, ReduceDistinct); got < 8 || got > 16 {
		t.Errorf("%v distinct values of the window, want 8 to 16", got)
	}
	if got := read(KeepSlidingValues, ReduceLast); got != 99 {
		t.Errorf("last %v, want 99", got)
	}
	if got := read(KeepSlidingValues, ReduceFirst); got != 100-read(KeepSlidingValues, ReduceDistinct) {
		t.Errorf("first %v is not the first one kept", got)
	}
	if first, last, count := read(KeepTotalFirst, ReduceFirst), read(KeepTotalLast, ReduceLast), read(KeepTotalCount, ReduceCount); first != 0 || last != 99 || count != 100 {
		t.Errorf("of all time: first %v, last %v, count %v", first, last, count)
	}
}

// TestMessageIDsBound forgets the oldest id past the bound.
func TestMessageIDsBound(t *testing.T) {
	schema, cfg := everySeries(1000), Default()
	cfg.MessageIDs = 16
	p := New("p")
	send := func(id int, at int64) Outcome {
		ev := track(at, 1)
		ev.MessageID = fmt.Sprint("m", id)
		var changed Changed
		return p.Apply(schema, &cfg, &ev, at, &changed)
	}
	for id := range 16 {
		send(id, start)
	}
	for id := range 16 {
		if send(id, start) != Repeat {
			t.Errorf("message %d of 16 was forgotten", id)
		}
	}
	if send(16, start) != Applied || send(1, start) != Repeat || send(0, start) != Applied {
		t.Error("the 17th id must push out the oldest one, and only that")
	}
}

// TestRepeatWindow remembers an id for 24 hours of stream time, whatever the
// event times say, and not longer for having been repeated.
func TestRepeatWindow(t *testing.T) {
	schema, cfg := everySeries(1000), Default()
	p := New("p")
	send := func(at int64) Outcome {
		ev := track(start, 1)
		ev.MessageID = "m"
		var changed Changed
		return p.Apply(schema, &cfg, &ev, at, &changed)
	}
	for i, step := range []struct {
		at   int64
		want Outcome
	}{
		{start, Applied}, {start, Repeat}, {start + repeatWindow - 1, Repeat}, {start + repeatWindow, Applied},
		{start + 2*repeatWindow - 1, Repeat}, {start + 2*repeatWindow, Applied},
	} {
		if got := send(step.at); got != step.want {
			t.Errorf("step %d: outcome %d, want %d", i, got, step.want)
		}
	}
}

// TestTraitsBound refuses an identify past the bound and leaves the profile
// as it was, its message id included.
func TestTraitsBound(t *testing.T) {
	schema, cfg := everySeries(1000), Default()
	cfg.Traits = 3
	p := New("p")
	one := event.NumberOf(1)
	apply(t, p, schema, cfg, identify(start, object("a", one, "b", one)))
	apply(t, p, schema, cfg, identify(start+1, object("b", event.Value{}, "c", one)))
	full := identify(start+2, object("a", event.NumberOf(2), "d", one))
	full.MessageID = "m"
	before := blobOf(p, schema)
	var changed Changed
	if got := p.Apply(schema, &cfg, &full, start+2, &changed); got != TraitsFull {
		t.Fatalf("outcome %d", got)
	}
	if blobOf(p, schema) != before || len(changed.Traits) > 0 {
		t.Error("a refused identify changed the profile")
	}
	apply(t, p, schema, cfg, identify(start+3, object("a", event.NumberOf(2), "b", one)))
	if p.Traits.Len() != 3 {
		t.Errorf("%d leaves", p.Traits.Len())
	}
}

// TestGroupsBound refuses a group past the bound; joining again is free.
func TestGroupsBound(t *testing.T) {
	schema, cfg := everySeries(1000), Default()
	cfg.Groups = 2
	p := New("p")
	join := func(id string) Outcome {
		ev := event.Event{Type: event.Group, Profile: "p", GroupID: id, Time: start, Arrival: start}
		var changed Changed
		return p.Apply(schema, &cfg, &ev, start, &changed)
	}
	if join("b") != Applied || join("a") != Applied || join("b") != Applied {
		t.Fatal("groups within the bound were refused")
	}
	before := blobOf(p, schema)
	if join("c") != GroupsFull || blobOf(p, schema) != before {
		t.Errorf("the third group: %v", p.Groups)
	}
}

// TestMessageIDs holds ids, which are stored now and then, against plain
// scanning: few and many, below the bound and beyond it.
func TestMessageIDs(t *testing.T) {
	for _, bound := range []int{1, 2, 50, 200, 1000} {
		var s seen
		var model []sighting
		r := rand.New(rand.NewPCG(7, uint64(bound)))
		now := start
		for range 5000 {
			now += r.Int64N(600_000)
			id := strconv.Itoa(r.IntN(400))
			for len(model) > 0 && model[0].at <= now-repeatWindow {
				model = model[1:]
			}
			want := slices.ContainsFunc(model, func(m sighting) bool { return m.id == id })
			if got := s.repeat(hashOf(id), now); got != want {
				t.Fatalf("bound %d, id %s at %d: got %v, want %v", bound, id, now, got, want)
			}
			if !want {
				s.add(hashOf(id), now, bound)
				model = append(model[max(0, len(model)+1-bound):], sighting{id, now})
			}
			if r.IntN(20) == 0 {
				s = restored(t, &s)
			}
		}
	}
}

type sighting struct {
	id string
	at int64
}

func restored(t *testing.T, s *seen) seen {
	t.Helper()
	var stored seen
	r := reader{blob: string(s.append(nil))}
	if stored.read(&r); r.err != nil || r.left() > 0 {
		t.Fatalf("%v, %d bytes left", r.err, r.left())
	}
	return stored
}
