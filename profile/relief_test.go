package profile

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/event"
)

// wordy makes an event A whose price is a text.
func wordy(r *rand.Rand, at int64) event.Event {
	ev := track(at, 0)
	ev.Body = object("price", event.StringOf(strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(200))))
	return ev
}

// TestStateBytesBound passes the bound again and again: what is kept stays
// below it, is what the estimate says at most, and what is given up is
// reported. Whether the profile was stored in between makes no difference.
func TestStateBytesBound(t *testing.T) {
	schema := everySeries(1 << 40)
	cfg := Default()
	cfg.StateBytes = 8192
	codec := codecOf(schema)
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 9))
		kept, stored, now := New("p"), New("p"), start
		empty := len(codec.Append(nil, New("p"), now))
		relieved := 0
		for i := range 1200 {
			now += 1 + r.Int64N(1000)
			ev := wordy(r, now)
			if r.IntN(2) == 0 {
				ev = track(now, r.Float64())
			}
			a, b := apply(t, kept, schema, cfg, ev), apply(t, stored, schema, cfg, ev)
			if a.Relieved != b.Relieved || !slices.Equal(a.Series, b.Series) {
				t.Fatalf("event %d: %+v, of the stored profile %+v", i, a, b)
			}
			if a.Relieved {
				relieved++
			}
			// The first and last values, of at most 203 bytes, are always kept.
			if kept.stateBytes > cfg.StateBytes+2*203 {
				t.Fatalf("event %d: %d bytes are kept", i, kept.stateBytes)
			}
			if i%7 == 0 {
				stored = decoded(t, codec, stored, now)
				if n := len(codec.Append(nil, stored, now)) - empty; n > stored.stateBytes+16 {
					t.Fatalf("event %d: %d bytes were estimated, %d are stored", i, stored.stateBytes, n)
				}
			}
			if stored.stateBytes != kept.stateBytes {
				t.Fatalf("event %d: %d bytes, of the stored profile %d", i, kept.stateBytes, stored.stateBytes)
			}
		}
		if relieved == 0 || relieved > 600 {
			t.Errorf("seed %d: detail was given up %d times", seed, relieved)
		}
		count := Query{Series: int(KeepSlidingTimes), Reduce: ReduceCount, From: 1 << 40}
		if got := kept.Read(schema, count, now).Number(); got != 1200 {
			t.Errorf("%v events are counted of 1,200 that no edge cuts", got)
		}
		if got := kept.Read(schema, Query{Series: int(KeepTotalCount), Reduce: ReduceCount}, now).Number(); got != 1200 {
			t.Errorf("%v events of all time", got)
		}
	}
}

// TestStateBytesTakesLumpsFirst merges the oldest lumps while there are
// any to merge and leaves entries alone.
func TestStateBytesTakesLumpsFirst(t *testing.T) {
	schema := NewSchema(nil, []Series{seriesOf(KeepSlidingNumbers, 1<<40), seriesOf(KeepSlidingValues, 1<<40)})
	cfg := Default()
	cfg.Entries = 128
	p, now, r := New("p"), start, rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		now++
		apply(t, p, schema, cfg, track(now, 1))
	}
	pts := p.find(schema, 0)
	lumps, entries := len(pts.lumps), pts.len()
	cfg.StateBytes = p.stateBytes - 1
	changed := apply(t, p, schema, cfg, wordy(r, now+1))
	if !changed.Relieved || !slices.Contains(changed.Series, 0) {
		t.Fatalf("%+v", changed)
	}
	if len(pts.lumps) >= lumps || pts.len() != entries {
		t.Errorf("%d lumps and %d entries, of %d and %d", len(pts.lumps), pts.len(), lumps, entries)
	}
	if b := pts.lumps[0]; b.first != start+1 || b.count <= pts.lumps[1].count {
		t.Errorf("the oldest lump is %+v", b)
	}
	sum := Query{Reduce: ReduceSum, From: 1 << 40}
	if got := p.Read(schema, sum, now).Number(); got != 5000 {
		t.Errorf("sum %v", got)
	}
}

// TestStateBytesRefusesDistinctValues: distinct values of all time get a
// share, and no new ones come when nothing else is left to give up.
func TestStateBytesRefusesDistinctValues(t *testing.T) {
	var list []Series
	for i := range 9 {
		one := seriesOf(KeepTotalDistinct, 0)
		one.Key += string(rune('a' + i))
		list = append(list, one)
	}
	cfg := Default()
	cfg.StateBytes = 4096
	for n, want := range map[int]int{1: 4096 / distinctShare, 9: (4096/9 - bytesPerSeries) / (9 + bytesPerLength)} {
		schema, p := NewSchema(nil, list[:n]), New("p")
		for i := range int64(1000) {
			apply(t, p, schema, cfg, track(start+i, float64(i)+0.5))
		}
		for i := range n {
			q := Query{Series: i, Reduce: ReduceDistinct}
			if got := p.Read(schema, q, start).Number(); got != float64(want) {
				t.Errorf("series %d of %d: %v distinct values, want %d", i, n, got, want)
			}
		}
		if apply(t, p, schema, cfg, track(start+2000, 3.5)).Relieved || p.stateBytes > 4096 {
			t.Errorf("%d bytes with a known value", p.stateBytes)
		}
	}
}

// TestStateBytesKeepsWhatSeriesNeed gives up where there is nothing left to
// give up.
func TestStateBytesKeepsWhatSeriesNeed(t *testing.T) {
	var list []Series
	for i := range 200 {
		one := seriesOf(KeepTotalCount, 0)
		one.Key += string(rune('a' + i))
		list = append(list, one)
	}
	schema, p := NewSchema(nil, list), New("p")
	cfg := Default()
	cfg.StateBytes = 4096
	for i := range int64(3) {
		apply(t, p, schema, cfg, track(start+i, 1))
	}
	for i := range list {
		if got := p.Read(schema, Query{Series: i, Reduce: ReduceCount}, start).Number(); got != 3 {
			t.Fatalf("series %d counts %v", i, got)
		}
	}
}
