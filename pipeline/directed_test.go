package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/profile"
	"muster/rules"
)

const buyers = `count(events("Bought")) >= 2`

// noon is when the events of these tests begin, ms.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).UnixMilli()

const minute = 60_000

// script writes a log of one partition.
type script struct {
	t       *testing.T
	records []pipeline.Record
}

// bought adds an event that happens and arrives so many minutes after noon.
func (s *script) bought(user string, minutes int) {
	s.records = append(s.records, pipeline.Record{
		Offset: int64(len(s.records)), Time: noon + int64(minutes)*minute,
		Value: fmt.Appendf(nil, `{"type":"track","event":"Bought","userId":%q,"messageId":"%s-%d"}`, user, user, minutes),
	})
}

// own adds a record of Muster's own that comes so many minutes after noon.
func (s *script) own(d directive.Directive, minutes int) {
	s.t.Helper()
	value, err := directive.Append(nil, &d)
	if err != nil {
		s.t.Fatal(err)
	}
	s.raw(value, minutes)
}

func (s *script) raw(value []byte, minutes int) {
	s.records = append(s.records, pipeline.Record{
		Offset: int64(len(s.records)), Time: noon + int64(minutes)*minute, Key: []byte("k"), Value: value, Own: true,
	})
}

// past evaluates what someone bought so many minutes after noon, for a seam.
func past(t *testing.T, set *rules.Set, run, user string, seam int64, minutes ...int) directive.Directive {
	t.Helper()
	h := pastOf(t, set)
	h.Begin(user, seam)
	for _, m := range minutes {
		at := noon + int64(m)*minute
		ev := event.Event{Type: event.Track, Profile: user, Name: "Bought", MessageID: fmt.Sprintf("%s-%d", user, m), Time: at, Arrival: at}
		if _, err := h.Take(&ev); err != nil {
			t.Fatal(err)
		}
	}
	d, ok := h.Patch(run)
	if !ok {
		t.Fatal("there is no patch")
	}
	return d
}

func pastOf(t *testing.T, set *rules.Set) *pipeline.Past {
	t.Helper()
	h, err := pipeline.NewPast(set, profile.Default(), set.IDs())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func opening(t *testing.T, set *rules.Set, run string) directive.Directive {
	t.Helper()
	return directive.Directive{Kind: directive.Open, Run: run, Series: pastOf(t, set).Series()}
}

// TestRefusedDirectivesAreDeadLettered: what can't be followed is kept with
// the reason, and everything behind it goes on.
func TestRefusedDirectivesAreDeadLettered(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("buyers", buyers)})
	s := &script{t: t}
	s.bought("ann", 0)
	good := past(t, set, "run", "ann", noon+minute, -5, 0)
	whole, err := directive.Append(nil, &good)
	if err != nil {
		t.Fatal(err)
	}
	newer, cut := slices.Clone(whole), whole[:len(whole)-2]
	newer[1] = 200
	want := map[int64]string{}
	refused := func(reason string) { want[int64(len(s.records)-1)] = reason }
	s.own(good, 1)
	refused(`run "run", whose seam is not open`)
	s.own(directive.Directive{Kind: directive.Close, Run: "run"}, 1)
	refused(`run "run" has no seam here`)
	s.own(directive.Directive{Kind: directive.GiveUp, Run: "run"}, 1) // which leaves nothing to do
	s.own(directive.Directive{Kind: directive.Open, Run: "run", Series: []string{"a:unread"}}, 1)
	refused("no rule in force reads")
	s.own(opening(t, set, "run"), 1)
	s.own(opening(t, set, "run"), 2) // again, which changes nothing
	s.raw([]byte(`{"type":"track","event":"Bought","userId":"ann"}`), 1)
	refused("is no directive")
	s.raw(nil, 1)
	refused("is no directive")
	s.raw(newer, 1)
	refused("version 200")
	s.raw(cut, 1)
	refused("damaged patch")
	s.own(past(t, set, "run", "ann", noon+2*minute, -5), 1)
	refused("was made for a seam at")
	s.own(past(t, set, "run", "elsewhere", noon+minute, -5), 1)
	refused("belongs to partition 1")
	s.records = append(s.records, pipeline.Record{Offset: int64(len(s.records)), Time: noon, Key: []byte("k"), Value: whole})
	refused("not UTF-8")
	for i := range 4 {
		s.own(opening(t, set, fmt.Sprint("other ", i)), 1)
	}
	refused("4 open seams, which is the limit")
	s.own(good, 1)
	s.own(directive.Directive{Kind: directive.Close, Run: "run"}, 1)
	s.own(directive.Directive{Kind: directive.Close, Run: "run"}, 1)
	s.own(good, 1)
	refused("is not open")
	s.own(opening(t, set, "run"), 1)
	refused("is closed already")
	s.own(opening(t, set, "late"), 1)
	s.bought("ann", 31*24*60)
	s.own(past(t, set, "late", "ann", noon+minute, -5), 31*24*60)
	refused("is not open")
	store := memory.New()
	followed := 0
	dead := drive(t, store, set, s.records, 5, func(w *pipeline.Worker) {
		w.Owner = func(profile string) int { return len(profile) / 5 }
		w.Observer.Committed = func(_ int, b pipeline.BatchStats) { followed += b.Directives }
	})
	for _, l := range dead.kept {
		if reason, expected := want[l.Offset]; !expected || !strings.Contains(l.Reason, reason) {
			t.Errorf("offset %d: reason %q, want %q", l.Offset, l.Reason, reason)
		}
		delete(want, l.Offset)
	}
	for offset, reason := range want {
		t.Errorf("no dead letter of offset %d with %q", offset, reason)
	}
	if followed != 10 {
		t.Errorf("%d directives were followed", followed)
	}
	changes := store.Outbox(0)
	if len(changes) != 1 || changes[0].Cause != pipeline.CauseBackfill || changes[0].Run != "run" || changes[0].At != noon+2*minute {
		t.Errorf("changes %+v", changes)
	}
}

// backfilled is a log with two runs: some profiles are in history only, some
// in the log only, and patches stand between events of the same profiles.
func backfilled(t *testing.T, set *rules.Set) []pipeline.Record {
	s := &script{t: t}
	for i := range 12 {
		s.bought(fmt.Sprint("user ", i%4), i)
	}
	s.own(opening(t, set, "first"), 20)
	for i := range 10 {
		s.bought(fmt.Sprint("user ", i), 21+i)
		s.own(past(t, set, "first", fmt.Sprint("user ", 12-i), noon+20*minute, -9000, -100, -i, 3), 21)
	}
	s.own(opening(t, set, "second"), 40)
	s.own(past(t, set, "second", "user 2", noon+40*minute, -9000, 3, 22), 41)
	s.own(past(t, set, "first", "user 0", noon+20*minute, -9000), 41)
	s.own(directive.Directive{Kind: directive.Close, Run: "first"}, 41)
	s.bought("user 2", 8)
	s.own(directive.Directive{Kind: directive.Close, Run: "second"}, 42)
	s.bought("user 2", 43)
	return s.records
}

// TestDirectivesAreTheSameHoweverTheyCome: batches of any size, and an owner
// that dies before or after any commit, lead to the same changes and profiles.
func TestDirectivesAreTheSameHoweverTheyCome(t *testing.T) {
	set := compile(t, []rules.Segment{
		rules.NewSegment("buyers", buyers), rules.NewSegment("lately", `count(events("Bought", "1d")) >= 3`),
		rules.NewSegment("first", `first(events("Bought")).event_time < ago("5d")`),
	})
	records := backfilled(t, set)
	reference := memory.New()
	if dead := drive(t, reference, set, records, 1, nil); len(dead.kept) > 0 {
		t.Fatalf("dead letters: %+v", dead.kept)
	}
	want := reference.Outbox(0)
	same := func(name string, store *memory.Store) {
		t.Helper()
		if got := store.Outbox(0); !slices.Equal(got, want) {
			t.Errorf("%s: %d changes %+v, want %d %+v", name, len(got), got, len(want), want)
		}
		for _, id := range set.IDs() {
			if !slices.Equal(store.Members(id), reference.Members(id)) {
				t.Errorf("%s: other members of %s", name, id)
			}
		}
		if got, want := stored(t, set, store), stored(t, set, reference); got != want {
			t.Errorf("%s: other profiles:\n%s\nwant\n%s", name, got, want)
		}
	}
	for _, size := range []int{2, 7, len(records)} {
		for _, cache := range []int{1, 1 << 30} {
			store := memory.New()
			drive(t, store, set, records, size, func(w *pipeline.Worker) { w.Config.CacheBytes = cache })
			same(fmt.Sprint("batches of ", size), store)
		}
	}
	for dies := 0; ; dies++ {
		store := &mortal{Store: memory.New(), left: dies}
		err := newWorker(store, set, records, 3).Run(t.Context(), 0)
		store.left = 1 << 30
		drive(t, store, set, records, 4, nil)
		same(fmt.Sprint("killed at commit ", dies), store.Store)
		if errors.Is(err, errEnd) {
			break
		}
	}
}

// stored is how the profiles are stored, in words, without what was kept for
// runs: that goes when a profile is next written.
func stored(t *testing.T, set *rules.Set, store *memory.Store) string {
	t.Helper()
	other := store.Share()
	state, err := other.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	codec, _ := profile.NewCodec(set.Schema(), set.IDs(), state.Names)
	var ids []string
	for i := range 13 {
		ids = append(ids, fmt.Sprint("user ", i))
	}
	blobs, err := other.Load(t.Context(), 0, ids)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for i, blob := range blobs {
		if blob == "" {
			continue
		}
		p, err := codec.Decode(ids[i], blob)
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%s %x\n", ids[i], codec.Append(nil, p, state.Clock))
	}
	return text
}

var errDied = errors.New("the owner dies")

// mortal is a store whose owner dies at a commit: in turn before it and when
// it has landed.
type mortal struct {
	*memory.Store
	left int
}

func (m *mortal) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	if m.left--; m.left < 0 {
		return errDied
	}
	err := m.Store.Commit(ctx, shard, c)
	if err == nil && m.left == 0 {
		return errDied
	}
	return err
}

// TestManyPatchesAreCommittedInTurns: a batch of patches alone is committed
// every so many, so that no commit grows with it.
func TestManyPatchesAreCommittedInTurns(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("buyers", buyers)})
	s := &script{t: t}
	s.own(opening(t, set, "run"), 0)
	for i := range 1000 {
		s.own(past(t, set, "run", fmt.Sprint("user ", i), noon, -9, -8), 0)
	}
	s.bought("user 7", 1)
	store, commits := memory.New(), 0
	drive(t, store, set, s.records, len(s.records), func(w *pipeline.Worker) {
		w.Observer.Committed = func(_ int, b pipeline.BatchStats) {
			if commits++; b.Profiles > 257 {
				t.Errorf("a commit of %d profiles", b.Profiles)
			}
		}
	})
	if commits < 4 || len(store.Members("buyers")) != 1000 {
		t.Errorf("%d commits, %d members", commits, len(store.Members("buyers")))
	}
}

func TestPastSaysWhatItGives(t *testing.T) {
	set := compile(t, []rules.Segment{
		rules.NewSegment("buyers", buyers), rules.NewSegment("loyal", `held(held(count(events("Bought")) > 1, "3d"), "1d")`),
		rules.NewSegment("both", `segment("buyers") and segment("loyal")`), rules.NewSegment("pro", `held(traits.plan == "pro", "3d")`),
	})
	if _, err := pipeline.NewPast(set, profile.Default(), []string{"none"}); err == nil || !strings.Contains(err.Error(), `no segment "none"`) {
		t.Errorf("%v", err)
	}
	for id, want := range map[string][2]int{"buyers": {1, 0}, "loyal": {1, 2}, "both": {1, 2}, "pro": {0, 1}} {
		h, err := pipeline.NewPast(set, profile.Default(), []string{id})
		if err != nil {
			t.Fatal(err)
		}
		conditions := 0
		for _, name := range h.Series() {
			if profile.IsConditionName(name) {
				conditions++
			}
		}
		if got := [2]int{len(h.Series()) - conditions, conditions}; got != want {
			t.Errorf("%s: %v series and conditions, want %v", id, got, want)
		}
	}
	h, err := pipeline.NewPast(set, profile.Default(), []string{"buyers"})
	if err != nil {
		t.Fatal(err)
	}
	h.Begin("ann", noon)
	if _, ok := h.Patch("run"); ok {
		t.Error("a patch of no event")
	}
	h.Begin("ann", noon)
	take := func(id string, at int64) error {
		_, err := h.Take(&event.Event{Type: event.Track, Profile: id, Name: "Bought", Time: at, Arrival: at})
		return err
	}
	if err := errors.Join(take("ann", noon-1), take("ann", noon+5)); err != nil {
		t.Error(err)
	}
	if err := take("ann", noon-2); err == nil || !strings.Contains(err.Error(), "sort them by arrival") {
		t.Errorf("out of order: %v", err)
	}
	if err := take("bob", noon); err == nil || !strings.Contains(err.Error(), `an event of "bob"`) {
		t.Errorf("of another profile: %v", err)
	}
}
