package pipeline_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/environment"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// backfill is one round: rules, a log of which a shard gets the end only, an
// archive of all of it, and a run that brings the archive to the shard.
type backfill struct {
	r      *rand.Rand
	texts  map[string]string
	set    *rules.Set
	log    []event.Event
	begins int  // first event that the shard gets
	opens  int  // event that the seam is opened before
	tells  bool // whether the run is of all segments, or of those without held(...)

	oracle  *oracle.Log
	store   *memory.Store
	driver  *pipeline.Driver
	next    int64
	told    int // changes of the store's outbox that were compared
	live    []oracle.Known
	seam    int64
	patches map[string]directive.Directive
	learned map[string]bool
}

func newBackfill(t *testing.T, seed uint64) *backfill {
	t.Helper()
	b := &backfill{r: rand.New(rand.NewPCG(seed, 16)), store: memory.New(), learned: map[string]bool{}, seam: -1}
	ids := make([]string, 24)
	for i := range ids {
		ids[i] = fmt.Sprintf("s%02d", i)
	}
	b.texts = generate.Set(b.r, ids)
	var segments []rules.Segment
	for _, id := range ids {
		segments = append(segments, rules.NewSegment(id, b.texts[id]))
	}
	var err error
	if b.set, err = rules.Compile(segments); err != nil {
		t.Fatal(err)
	}
	if b.oracle, err = oracle.NewLog(b.texts); err != nil {
		t.Fatal(err)
	}
	b.draw([]string{"a", "b", "c", "d"}, 90)
	b.opens = b.r.IntN(len(b.log) + 1)
	b.begins = b.r.IntN(b.opens + 1)
	b.tells = b.r.IntN(4) > 0
	b.open(t)
	return b
}

// draw makes the log: some of its events come again within a day, once. Those
// and what tells traits have times of their own, as which of two at the same
// time came last is a matter of who saw them when.
func (b *backfill) draw(profiles []string, n int) {
	clock := generate.Start
	var copies []event.Event
	for i := range n {
		ev := generate.Event(b.r, profiles, clock)
		ev.MessageID = ""
		if b.r.IntN(4) > 0 {
			ev.MessageID = fmt.Sprint("m", i)
		}
		again := ev.MessageID != "" && b.r.IntN(4) == 0
		if again || ev.Type == event.Identify || ev.Type == event.Group {
			ev.Time = max(0, ev.Time-int64(i)-1)
		}
		clock = max(clock, ev.Arrival)
		b.log = append(b.log, ev)
		if again {
			ev.Arrival += int64(b.r.IntN(20 * 60 * 60 * 1000))
			copies = append(copies, ev)
		}
		copies = slices.DeleteFunc(copies, func(ev event.Event) bool {
			if ev.Arrival <= clock {
				b.log = append(b.log, ev)
			}
			return ev.Arrival <= clock
		})
	}
}

// open makes the shard anew from the store, as another process would.
func (b *backfill) open(t *testing.T) {
	t.Helper()
	state, err := b.store.Open(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	config := pipeline.Default()
	config.Wave = 1 << 30
	config.CacheBytes = []int{1, 30_000, 1 << 30}[b.r.IntN(3)]
	b.driver = pipeline.NewDriver(b.set, config, state, pipeline.PortOf(b.store, 0))
	b.driver.Directed = func(_ int, refusal string) {
		if refusal != "" {
			t.Fatalf("a directive is refused: %s", refusal)
		}
	}
}

// serve has the shard take a batch of one record, and compares what follows.
func (b *backfill) serve(t *testing.T, f *pipeline.Feed, want []oracle.Change) {
	t.Helper()
	b.next++
	f.Offsets, f.Next, f.Last = []int64{b.next}, b.next+1, true
	for i := range f.Directives {
		f.Directives[i].Offset = b.next
	}
	if err := b.driver.Serve(context.Background(), f); err != nil {
		t.Fatal(err)
	}
	all := b.store.Outbox(0)
	var got []oracle.Change
	for _, c := range all[b.told:] {
		got = append(got, oracle.Change{Segment: c.Segment, Profile: c.Profile, Entered: c.Entered, At: c.At, Version: c.Version, Cause: string(c.Cause)})
		if (c.Run == "run") != (c.Cause == pipeline.CauseBackfill) {
			t.Fatalf("run %q of %+v", c.Run, c)
		}
	}
	b.told = len(all)
	if !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("change %d, the shard %v, the oracle %v", i, got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
			}
		}
		t.FailNow()
	}
}

func (b *backfill) direct(t *testing.T, d directive.Directive, arrival int64, want []oracle.Change) {
	t.Helper()
	b.serve(t, &pipeline.Feed{Directives: []pipeline.Directed{{Arrival: arrival, Directive: d}}}, want)
}

// apply gives an event to the shard and the oracle. What history has brought
// before is known to both.
func (b *backfill) apply(t *testing.T, ev event.Event) {
	t.Helper()
	var want []oracle.Change
	if ev.Arrival <= b.seam && b.learned[ev.Profile] {
		want = b.oracle.Advance(ev.Arrival)
	} else {
		want = b.oracle.Apply(&ev)
		if b.seam >= 0 && ev.Arrival > b.seam {
			b.live = append(b.live, oracle.Known{Event: &ev, Clock: b.oracle.Oracle().Clock()})
		}
	}
	b.serve(t, &pipeline.Feed{Events: []event.Event{ev}}, want)
}

// openSeam opens the seam, and evaluates the archive for it.
func (b *backfill) openSeam(t *testing.T) {
	t.Helper()
	past, arrival := b.past(t), b.clock(b.opens)
	var names []string
	for _, one := range b.set.Schema().Series {
		names = append(names, profile.NameOfSeries(one.Key))
	}
	for _, key := range b.set.Schema().Conditions {
		if b.tells {
			names = append(names, profile.NameOfCondition(key))
		}
	}
	b.direct(t, directive.Directive{Kind: directive.Open, Run: "run", Series: names}, arrival, b.oracle.Advance(arrival))
	b.seam = b.driver.Seams()[0].At
	b.patches = map[string]directive.Directive{}
	for _, id := range []string{"a", "b", "c", "d"} {
		d, ok := b.evaluate(t, past, id)
		if ok {
			b.patches[id] = d
		}
	}
}

// clock is the latest arrival of the first n events.
func (b *backfill) clock(n int) int64 {
	latest := generate.Start
	for i := range n {
		latest = max(latest, b.log[i].Arrival)
	}
	return latest
}

// given reports whether a segment is one of those that the run is of.
func (b *backfill) given(id string) bool {
	position, _ := b.set.Position(id)
	return b.tells || !b.set.UsesHeld(position)
}

// past is of the segments that the run is of.
func (b *backfill) past(t *testing.T) *pipeline.Past {
	t.Helper()
	segments := slices.DeleteFunc(b.set.IDs(), func(id string) bool { return !b.given(id) })
	past, err := pipeline.NewPast(b.set, profile.Default(), segments)
	if err != nil {
		t.Fatal(err)
	}
	return past
}

// evaluate makes a patch of all series of a profile's archive by a Driver
// without a Port. A Past, if it is of all segments, must make the same.
func (b *backfill) evaluate(t *testing.T, past *pipeline.Past, id string) (directive.Directive, bool) {
	t.Helper()
	offline := pipeline.NewDriver(b.set, pipeline.Default(), pipeline.State{Next: -1}, nil)
	var series, conditions []int
	for i := range b.set.Schema().Series {
		series = append(series, i)
	}
	x, based := profile.NewExtraction(b.set.Schema(), series, b.seam), false
	for i := range b.set.Schema().Conditions {
		if b.tells {
			conditions = append(conditions, i)
		}
	}
	x.Tell(conditions)
	past.Begin(id, b.seam)
	for _, k := range b.archive(id) {
		recent := k.Clock > profile.RecentFrom(b.seam)
		if recent && !based {
			x.Base(offline.Profile(id))
			based = true
		}
		outcome, err := offline.Apply(context.Background(), k.Event)
		if err != nil {
			t.Fatal(err)
		}
		if recent && outcome == profile.Applied {
			x.Recent(k.Event, k.Clock)
		}
		if also, err := past.Take(k.Event); err != nil || also != outcome {
			t.Fatalf("outcome %d, %v, of a driver %d", also, err, outcome)
		}
	}
	if !based {
		x.Base(offline.Profile(id))
	}
	also, ok := past.Patch("run")
	if err := offline.Advance(context.Background(), b.seam); err != nil {
		t.Fatal(err)
	}
	d := directive.Directive{Kind: directive.Patch, Run: "run", Profile: id, Body: x.Patch(offline.Profile(id)).Append(nil)}
	if ok && len(past.Series()) == len(series)+len(conditions) {
		if string(also.Body) != string(d.Body) {
			t.Fatalf("the patches of profile %s differ", id)
		}
		pasts++
	}
	return d, ok
}

// pasts counts what Pasts made for all segments, and heldFor the members that
// were compared of segments with held(...).
var pasts, heldFor int

// archive is what arrived of a profile until the seam, in order of arrival.
func (b *backfill) archive(id string) []oracle.Known {
	var all []oracle.Known
	for i := range b.log {
		if ev := &b.log[i]; ev.Profile == id && ev.Arrival <= b.seam {
			all = append(all, oracle.Known{Event: ev, Clock: ev.Arrival})
		}
	}
	slices.SortStableFunc(all, func(a, b oracle.Known) int { return cmp.Compare(a.Clock, b.Clock) })
	return all
}

// merge brings a patch to the shard, and its events to the oracle.
func (b *backfill) merge(t *testing.T, id string) {
	t.Helper()
	d, ok := b.patches[id]
	if !ok {
		return
	}
	var want []oracle.Change
	if !b.learned[id] {
		known := b.archive(id)
		for _, k := range b.live {
			if k.Event.Profile == id {
				known = append(known, k)
			}
		}
		want = b.oracle.Learn(id, known, b.tells)
		b.learned[id] = true
	}
	b.direct(t, d, 0, want)
}

// TestBackfillAgreesWithOracle splits a log at a random place into what only
// an archive has and what a shard gets, and brings the archive to the shard by
// patches at random places of its log, some of them again, with events that
// come late and again around the seam. Every change must be the oracle's, and
// so must all members be in the end, over all events. MUSTER_ROUNDS says how
// many logs to split, MUSTER_SEED with which seed to begin.
func TestBackfillAgreesWithOracle(t *testing.T) {
	brought, usual := 0, uint64(100)
	if testing.Short() {
		usual = 40
	}
	rounds, first := environment.Number(t, "MUSTER_ROUNDS", usual), environment.Number(t, "MUSTER_SEED", 1)
	for seed := first; seed < first+rounds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b := newBackfill(t, seed)
			comes := map[string]int{}
			last, ends := b.opens, b.opens
			for ends < len(b.log) && b.clock(ends+1) < b.clock(b.opens)+profile.SeamLife {
				ends++
			}
			for _, id := range []string{"a", "b", "c", "d"} {
				comes[id] = b.opens + b.r.IntN(ends-b.opens+1)
				last = max(last, comes[id])
			}
			closes := last + b.r.IntN(ends-last+1)
			for i := b.begins; i <= len(b.log); i++ {
				if i == b.opens {
					b.openSeam(t)
				}
				for _, id := range []string{"a", "b", "c", "d"} {
					if i == comes[id] || i > comes[id] && i < closes && b.r.IntN(9) == 0 {
						b.merge(t, id)
					}
				}
				if i == closes {
					b.direct(t, directive.Directive{Kind: directive.Close, Run: "run"}, 0, nil)
				}
				if b.r.IntN(6) == 0 {
					b.open(t)
				}
				if i < len(b.log) {
					b.apply(t, b.log[i])
				}
			}
			for _, c := range b.store.Outbox(0) {
				if c.Cause == pipeline.CauseBackfill {
					brought++
				}
			}
			b.agree(t)
		})
	}
	if !t.Failed() && (uint64(brought) < rounds || pasts == 0 || heldFor == 0) {
		t.Errorf("patches brought only %d changes in %d rounds, %d by a Past, %d members of segments with held", brought, rounds, pasts, heldFor)
	}
}

// agree compares the members with those of an oracle that was told everything
// in order: those of all segments that the run is of.
func (b *backfill) agree(t *testing.T) {
	t.Helper()
	whole, err := oracle.New(b.texts)
	if err != nil {
		t.Fatal(err)
	}
	var all []oracle.Known
	for _, id := range []string{"a", "b", "c", "d"} {
		all = append(all, b.archive(id)...)
	}
	slices.SortStableFunc(all, func(a, b oracle.Known) int { return cmp.Compare(a.Clock, b.Clock) })
	for _, k := range append(all, b.live...) {
		whole.Apply(k.Event)
	}
	whole.Advance(b.driver.Clock())
	for _, id := range b.set.IDs() {
		if !b.given(id) {
			continue
		}
		want := whole.Members(id)
		if position, _ := b.set.Position(id); b.set.UsesHeld(position) {
			heldFor += len(want)
		}
		if got := b.store.Members(id); !slices.Equal(got, want) {
			t.Errorf("members of %s: %v, want %v: %s", id, got, want, b.texts[id])
		}
	}
}
