package sink_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// ledger is every change that landed, and the slow answers that follow from
// them: it goes through all of them for every question.
type ledger []pipeline.Change

// flows counts the changes of a segment by hour or day.
func (l ledger) flows(segment string, length time.Duration) []sink.Flow {
	var all []sink.Flow
	for _, c := range l {
		if c.Segment != segment {
			continue
		}
		at := time.UnixMilli(c.At).Truncate(length).UnixMilli()
		i := slices.IndexFunc(all, func(f sink.Flow) bool { return f.At == at })
		if i < 0 {
			i = len(all)
			all = append(all, sink.Flow{At: at})
		}
		if c.Entered {
			all[i].Entered++
		} else {
			all[i].Left++
		}
	}
	slices.SortFunc(all, func(a, b sink.Flow) int { return int(a.At - b.At) })
	return all
}

// size counts the members of a segment at an instant.
func (l ledger) size(segment string, at int64) (size int64) {
	for _, c := range l {
		switch {
		case c.Segment != segment || c.At >= at:
		case c.Entered:
			size++
		default:
			size--
		}
	}
	return size
}

// mover makes commits whose changes are drawn, over some days up to now.
type mover struct {
	*worker
	rand   *rand.Rand
	ids    string
	inside map[string]bool // segment and profile
	landed ledger
	clock  func() time.Time // nil for any time of the last days
}

func moving(t *testing.T, store *sink.Store, shard int, seed uint64) *mover {
	return &mover{worker: start(t, store, shard), rand: rand.New(rand.NewPCG(seed, 1)), ids: fmt.Sprintf("s%d-", shard), inside: map[string]bool{}}
}

// draw returns a commit. Most of its changes are within the same hour.
func (m *mover) draw() *pipeline.Commit {
	next := max(m.state.Next, 0) + 1
	c := &pipeline.Commit{Epoch: m.state.Epoch, From: m.state.Next, Next: next, Clock: 1, Outbox: m.state.Outbox, Rules: "rules", Generation: 1}
	base := time.Now().Add(-time.Duration(m.rand.IntN(10*24)) * time.Hour)
	if m.clock != nil {
		base = m.clock()
	}
	for n := range m.rand.IntN(12) {
		segment, profile := fmt.Sprintf("segment-%d", m.rand.IntN(4)), fmt.Sprintf("%s%d", m.ids, m.rand.IntN(40))
		at := base.UnixMilli()
		if m.rand.IntN(8) == 0 {
			at -= int64(m.rand.IntN(40)) * time.Hour.Milliseconds()
		}
		m.inside[segment+profile] = !m.inside[segment+profile]
		c.Changes = append(c.Changes, pipeline.Change{
			Segment: segment, Profile: profile, Entered: m.inside[segment+profile], At: at, Version: uint64(next)*20 + uint64(n), Cause: pipeline.CauseEvent,
		})
	}
	return c
}

// step commits the next batch, which lands once.
func (m *mover) step(t *testing.T) {
	t.Helper()
	c := m.draw()
	if err := m.commit(t, c); err != nil {
		t.Fatal(err)
	}
	m.landed = append(m.landed, c.Changes...)
}

// agree compares what a store tells with what follows from the changes.
func (l ledger) agree(t *testing.T, store *sink.Store, segments ...string) {
	t.Helper()
	compared := 0
	for _, segment := range segments {
		for step, length := range map[sink.Step]time.Duration{sink.Hour: time.Hour, sink.Day: 24 * time.Hour} {
			got, err := store.Flows(t.Context(), segment, step, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := l.flows(segment, length)
			if compared += len(want); !slices.Equal(got.Flows, want) {
				t.Fatalf("%s by %s:\n%v, want\n%v", segment, step, got.Flows, want)
			}
			size := got.Size
			for _, f := range slices.Backward(got.Flows) {
				if size -= f.Entered - f.Left; size != l.size(segment, f.At) {
					t.Fatalf("the size of %s at %d is %d, want %d", segment, f.At, size, l.size(segment, f.At))
				}
			}
		}
	}
	if compared < 50 {
		t.Fatalf("only %d flows were compared", compared)
	}
	since := time.Now().Add(-30 * time.Hour).Truncate(time.Hour).UnixMilli()
	last, err := store.LastFlows(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	for segment, got := range last {
		want := sink.Flow{}
		for _, f := range l.flows(segment, time.Hour) {
			if f.At >= since {
				want.Entered, want.Left = want.Entered+f.Entered, want.Left+f.Left
			}
		}
		if got != want {
			t.Errorf("%s: %+v of the last hours, want %+v", segment, got, want)
		}
	}
}

// Flows are those of the changes, each counted once, whatever happens on the way.
func TestFlowsAreThoseOfTheChanges(t *testing.T) {
	r := newRig(t, func(cfg *sink.Config) { cfg.ReadTimeout = time.Minute })
	m := &mover{worker: r.worker, rand: rand.New(rand.NewPCG(3, 1)), ids: "s0-", inside: map[string]bool{}}
	for range 60 {
		faults := [][]fault{nil, nil, {cutAfter}, {cutBefore}, {cutBefore, cutAfter}, {hold, releaseFirst}}
		r.script(faults[m.rand.IntN(len(faults))]...)
		m.step(t)
		switch m.rand.IntN(6) {
		case 0: // a crash: the shard is opened anew
			if err := m.open(t); err != nil {
				t.Fatal(err)
			}
		case 1: // a batch of an owner that was fenced counts nothing
			lost := m.draw()
			lost.Epoch--
			if err := m.commit(t, lost); err == nil {
				t.Fatal("a commit of another epoch has landed")
			}
			m.takeBack(lost)
		}
	}
	m.landed.agree(t, r.beside, moved...)
}

// isIn tells from what landed whether a profile is a member.
func (m *mover) isIn(segment, profile string) (is bool) {
	for _, c := range m.landed {
		if c.Segment == segment && c.Profile == profile {
			is = c.Entered
		}
	}
	return is
}

// What a reshard and other rules leave of flows is what the changes say: as many
// shards, then more, then fewer, with events in between.
func TestFlowsOutliveReshards(t *testing.T) {
	eachServer(t, func(t *testing.T, addresses []string, c client.UniversalClient) {
		cfg := config(addresses...)
		cfg.HourlyFlowDays, cfg.DailyFlowDays = 1500, 1500 // what is drawn goes over years
		store := initialised(t, cfg, 5)
		h := newHistory(7, 60)
		h.clock = time.Now().AddDate(0, 0, -1450).UnixMilli()
		first, second := h.rules(t, 8), h.rules(t, 4)
		feeding(t, store, first, 5).apply(t, h.events(700))
		changed(t, store, 5).agree(t, store, first.IDs()...)
		reshard(t, cfg, plan(t, "t5", 5, "t7", 7))
		if _, err := connect(t, cfg).DropOld(t.Context(), func(sink.Progress) {}); err != nil {
			t.Fatal(err)
		}
		for key := range redis.Dump(t, c) {
			if strings.HasPrefix(key, "m:{s") && (strings.Contains(key, ":hours:") || strings.Contains(key, ":days:")) {
				t.Errorf("%s was left", key)
			}
		}
		store = connect(t, cfg)
		changed(t, store, 7).agree(t, store, first.IDs()...)
		f := feeding(t, store, second, 7) // half of the segments are no more, and the sweep drops them
		f.apply(t, h.events(500))
		f.advance(t, h.clock)
		changed(t, store, 7).agree(t, store, first.IDs()...)
		reshard(t, cfg, plan(t, "t7", 7, "t2", 2))
		store = connect(t, cfg)
		feeding(t, store, second, 2).apply(t, h.events(200))
		changed(t, store, 2).agree(t, store, first.IDs()...)
		if h.clock > time.Now().UnixMilli() {
			t.Fatal("the events have come to the future, of which nothing is read")
		}
	})
}

// changed returns all changes that the outboxes have.
func changed(t *testing.T, store *sink.Store, shards int) (all ledger) {
	t.Helper()
	for shard := range shards {
		for _, e := range outbox(t, store, shard) {
			all = append(all, e.Change)
		}
	}
	return all
}

// Since tells from when on flows are there, and nobody counts who is told not to.
func TestFlowsThatAreNotCounted(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.HourlyFlowDays = 0
	store := open(t, cfg)
	m := moving(t, store, 0, 1)
	for range 5 {
		m.step(t)
	}
	since := func(step sink.Step) int64 {
		t.Helper()
		f, err := store.Flows(t.Context(), "segment-1", step, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f.Since
	}
	if hourly, daily := since(sink.Hour), since(sink.Day); hourly != -1 || daily < 0 {
		t.Errorf("hours are there since %d, days since %d", hourly, daily)
	}
	if last, err := store.LastFlows(t.Context(), 0); err != nil || last != nil {
		t.Errorf("%v, %v", last, err)
	}
	for key := range redis.Dump(t, server.Client(t)) {
		_, day, hours := strings.Cut(key, ":hours:")
		if hours && day < time.Now().UTC().AddDate(0, 0, -2).Format("20060102") { // days that are not summed need theirs
			t.Errorf("there is %s", key)
		}
	}

	// Who begins to count later says so, by the clock of the shard.
	c := m.draw()
	c.Clock = time.Now().UnixMilli()
	if err := m.commit(t, c); err != nil {
		t.Fatal(err)
	}
	cfg.HourlyFlowDays = 3660
	store = connect(t, cfg)
	m = moving(t, store, 0, 2)
	m.step(t)
	if hourly := since(sink.Hour); hourly != c.Clock {
		t.Errorf("hours are there since %d, want %d", hourly, c.Clock)
	}
	cfg.HourlyFlowDays, cfg.DailyFlowDays = 0, 0
	start(t, connect(t, cfg), 0)
	if hourly, daily := since(sink.Hour), since(sink.Day); hourly != -1 || daily != -1 {
		t.Errorf("hours are there since %d, days since %d, though nobody counts", hourly, daily)
	}
}

// Pages go by themselves, and what would go at once is not written.
func TestFlowsExpire(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.HourlyFlowDays, cfg.DailyFlowDays = 2, 40
	w := start(t, open(t, cfg), 0)
	now := time.Now().UTC()
	for n, ago := range []int{0, 5, 0, 300} {
		c := w.next()
		c.Changes[0].At = now.AddDate(0, 0, -ago).UnixMilli()
		if err := w.commit(t, c); err != nil {
			t.Fatal(n, err)
		}
	}
	c := server.Client(t)
	for key := range redis.Dump(t, c) {
		var expires time.Time
		switch {
		case key == "m:{s0}:hours:"+now.Format("20060102"):
			expires = now.AddDate(0, 0, 1-now.Day()).Truncate(24*time.Hour).AddDate(0, 1, 40) // until it is summed
		case strings.Contains(key, ":days:"):
			begin, err := time.Parse("200601", key[len("m:{s0}:days:"):])
			if err != nil || now.Sub(begin) > 80*24*time.Hour {
				t.Fatal(key, err)
			}
			expires = begin.AddDate(0, 1, 40)
		case strings.Contains(key, ":hours:"):
			t.Errorf("there is %s", key)
			continue
		default:
			continue
		}
		if got := c.ExpireTime(t.Context(), key).Val(); got != time.Duration(expires.Unix())*time.Second {
			t.Errorf("%s expires at %v, want %v", key, got, expires)
		}
	}
	if n := c.Exists(t.Context(), "m:{s0}:hours:"+now.Format("20060102")).Val(); n != 1 {
		t.Error("there is no page of today")
	}
}

// What an older version commits is counted by nobody. A history says so while
// that goes on, and behind it: it is complete from there on.
func TestFlowsThatAnOlderVersionHasNotCounted(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	begun := time.Now().Add(-10 * time.Hour).UnixMilli()
	now := func(hour int64) int64 { return begun + hour*3600_000 }
	always := int64(0) // or as long as they are kept
	since := func(want int64) {
		t.Helper()
		for _, step := range []sink.Step{sink.Hour, sink.Day} {
			f, err := store.Flows(t.Context(), "vip", step, 0)
			if err != nil || f.Since != want && (want != always || f.Since > begun) {
				t.Errorf("%ss are there since %d, want %d: %v", step, f.Since, want, err)
			}
		}
	}
	commitChanges(t, start(t, store, 0), now(1), "ann")
	for shard := range shards { // the others have no commit
		if shard != 0 {
			start(t, store, shard)
		}
	}
	since(always)
	commitChanges(t, start(t, store, 0), now(2), "ann") // a new owner of this version
	since(always)
	c := server.Client(t)
	meta := "m:{s0}:meta"
	stale := c.HGet(t.Context(), meta, "counted").Val()
	commitChanges(t, start(t, store, 0), now(3), "ben")
	c.HSet(t.Context(), meta, "counted", stale) // as an older version leaves it
	since(now(3))
	w := start(t, store, 0)
	since(now(3))
	commitChanges(t, w, now(4), "eve")
	since(now(3))
	start(t, store, 0)
	since(now(3))
}
