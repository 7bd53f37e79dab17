package profile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"muster/event"
	"muster/test/kit/generate"
)

// sharer is profiles that share spares, with a twin of each that shares
// nothing and is decoded anew whenever it was stored.
type sharer struct {
	t             *testing.T
	schema        *Schema
	cfg           Config
	plain, shared *Codec
	twins         []*Profile
	profiles      []*Profile
	dropped       []*Profile // memory of profiles that were dropped
	now           int64
}

// TestSparesChangeNothing has profiles take events, be stored, be dropped and
// be loaded into the memory of others, in any order, and compares each with
// its twin. With the tag spoil, who looks at what was given back sees nonsense.
func TestSparesChangeNothing(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		series := append(streamSchema().Series, sequenceOf(KeepRecentSequence, 3_600_000, 7*86_400_000, "*", "*"))
		for i := range series { // an event is for a third of them
			series[i].Where = func(ev *event.Event) bool { return int(ev.Time)%3 == i%3 }
		}
		schema := NewSchema(nil, series)
		s := &sharer{t: t, schema: schema, cfg: Default(), plain: codecOf(schema), shared: codecOf(schema).Sharing(&Spares{}), now: generate.Start}
		s.cfg.Entries = 16
		for i := range 6 {
			s.twins = append(s.twins, New(fmt.Sprint("p", i)))
			s.profiles = append(s.profiles, s.shared.New(fmt.Sprint("p", i)))
		}
		for range 600 {
			i := r.IntN(len(s.profiles))
			switch r.IntN(5) {
			case 0, 1, 2:
				s.apply(i, generate.Event(r, []string{s.twins[i].ID}, s.now))
			case 3:
				s.store(i, r.IntN(2) == 0)
			default:
				s.compare(i, r)
			}
		}
	}
}

func (s *sharer) apply(i int, ev event.Event) {
	s.t.Helper()
	s.now = max(s.now, ev.Arrival)
	var a, b Changed
	want := s.twins[i].Apply(s.schema, &s.cfg, &ev, s.now, &a)
	if got := s.profiles[i].Apply(s.schema, &s.cfg, &ev, s.now, &b); got != want || fmt.Sprint(a.Series) != fmt.Sprint(b.Series) {
		s.t.Fatalf("outcome %d of %v, want %d of %v", got, b.Series, want, a.Series)
	}
}

// store stores a profile, and loads it again if it is dropped.
func (s *sharer) store(i int, drop bool) {
	s.t.Helper()
	if !s.twins[i].Exists() {
		return
	}
	want := s.plain.Append(nil, s.twins[i], s.now)
	got := s.shared.Append(nil, s.profiles[i], s.now)
	if !bytes.Equal(got, want) {
		s.t.Fatalf("profile %d is stored as other %d bytes than the %d of its twin", i, len(got), len(want))
	}
	var err error
	if s.twins[i], err = s.plain.Decode(s.twins[i].ID, string(want)); err != nil {
		s.t.Fatal(err)
	}
	if !drop {
		return
	}
	s.dropped = append(s.dropped, s.profiles[i])
	p := &Profile{}
	if len(s.dropped) > 2 {
		p, s.dropped = s.dropped[0], s.dropped[1:]
	}
	if err := s.shared.DecodeInto(p, s.twins[i].ID, string(got)); err != nil {
		s.t.Fatal(err)
	}
	s.profiles[i] = p
}

// compare reads some series, which has them decoded.
func (s *sharer) compare(i int, r *rand.Rand) {
	s.t.Helper()
	for range 5 {
		series := r.IntN(len(s.schema.Series))
		one := &s.schema.Series[series]
		reduce := ReduceSequence
		if list := reductions[one.Keep]; len(list) > 0 {
			reduce = list[r.IntN(len(list))]
		}
		q := Query{Series: series, Reduce: reduce, From: one.Window / 2}
		got, want := s.profiles[i].Read(s.schema, q, s.now), s.twins[i].Read(s.schema, q, s.now)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			s.t.Fatalf("%s of profile %d is %v, want %v", one.Key, i, got, want)
		}
	}
}

// TestSparesAreBounded gives back more than is kept, and what is too large.
func TestSparesAreBounded(t *testing.T) {
	if spoiling {
		t.Skip("nothing is kept of what is spoiled; runs without the tag spoil (make test)")
	}
	var s Spares
	for range sparePoints + 10 {
		s.give(KeepSlidingTimes, &points{times: make([]int64, 3)})
	}
	s.give(KeepSlidingNumbers, &points{times: make([]int64, spareEntries+1)})
	for range spareSheets + 10 {
		s.giveSheet(&sheet{})
	}
	if n, large, sheets := len(s.points[KeepSlidingTimes]), len(s.points[KeepSlidingNumbers]), len(s.sheets); n != sparePoints || large != 0 || sheets != spareSheets {
		t.Errorf("%d points, %d large ones and %d sheets are kept", n, large, sheets)
	}
	if p := s.take(KeepSlidingTimes); len(p.times) != 0 || cap(p.times) != 3 {
		t.Errorf("taken points have %d entries and room for %d", len(p.times), cap(p.times))
	}
}

// TestStoredSeriesAllocateNothing takes an event of one series, stores the
// profile twice, so that the series' points are given up, and begins anew.
func TestStoredSeriesAllocateNothing(t *testing.T) {
	if spoiling {
		t.Skip("nothing is kept of what is spoiled; runs without the tag spoil (make test)")
	}
	schema, p := typical()
	codec, cfg := codecOf(schema).Sharing(&Spares{}), Default()
	p.spares = codec.spares
	var changed Changed
	var blob []byte
	now, behaviour := start, 0
	round := func() {
		now, behaviour = now+3_600_000, (behaviour+1)%20
		ev := track(now, 9.99)
		ev.Name = fmt.Sprint("behaviour", behaviour)
		p.Apply(schema, &cfg, &ev, now, &changed)
		for range 2 {
			blob = codec.Append(blob[:0], p, now)
		}
		changed.Reset()
	}
	for range 2000 {
		round()
	}
	if n := testing.AllocsPerRun(500, round); n > 4 {
		t.Errorf("%g allocations a round", n)
	}
}

// TestChangedTraitsAllocateNothing changes one of 60 traits and stores the
// profile, again and again: its leaves and its text find their room.
func TestChangedTraitsAllocateNothing(t *testing.T) {
	if spoiling {
		t.Skip("nothing is kept of what is spoiled; runs without the tag spoil (make test)")
	}
	schema, p := typical()
	codec, cfg := codecOf(schema).Sharing(&Spares{}), Default()
	p.spares = codec.spares
	var changed Changed
	var blob []byte
	ev := identify(start, object("trait_7", event.NumberOf(7)))
	round := func() {
		ev.Time++
		p.Apply(schema, &cfg, &ev, ev.Time, &changed)
		blob = codec.Append(blob[:0], p, ev.Time)
		changed.Reset()
	}
	round()
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%g allocations a round", n)
	}
	if n := len(p.Traits.leaves); n > 0 {
		t.Errorf("%d leaves are still a list", n)
	}
	if got := p.Traits.Get("trait_7"); got.Number() != 7 {
		t.Errorf("the trait is %v", got)
	}
}

// TestSpareLeavesAreBounded gives back more lists than are kept, and one that
// is too long.
func TestSpareLeavesAreBounded(t *testing.T) {
	if spoiling {
		t.Skip("nothing is kept of what is spoiled; runs without the tag spoil (make test)")
	}
	var s Spares
	s.giveLeaves(make([]leaf, 1, spareLeaves+1))
	for range spareLists + 1 {
		s.giveLeaves(make([]leaf, 1, spareLeaves))
	}
	if len(s.leaves) != spareLists || len(s.takeLeaves()) != 0 || cap(s.takeLeaves()) != spareLeaves {
		t.Errorf("%d lists are kept, of %d leaves", len(s.leaves)+2, cap(s.takeLeaves()))
	}
}
