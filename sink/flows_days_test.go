package sink_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

var moved = []string{"segment-0", "segment-1", "segment-2", "segment-3"}

// days compares what a store tells of days with what follows from the changes.
func (l ledger) days(t *testing.T, store *sink.Store) {
	t.Helper()
	for _, segment := range moved {
		got, err := store.Flows(t.Context(), segment, sink.Day, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := l.flows(segment, 24*time.Hour); !slices.Equal(got.Flows, want) {
			t.Fatalf("%s:\n%v, want\n%v", segment, got.Flows, want)
		}
	}
}

// Days are those of the changes while they pass, whoever sums them and whatever
// happens meanwhile, with hours that outlive their day and without.
func TestDaysAreSummedOnce(t *testing.T) {
	for _, hourly := range []int{0, 30} {
		t.Run(fmt.Sprint(hourly), func(t *testing.T) {
			now := time.Now().Add(-20 * 24 * time.Hour)
			clock := func() time.Time { return now }
			r := newRig(t, func(cfg *sink.Config) { cfg.ReadTimeout, cfg.HourlyFlowDays = time.Minute, hourly })
			other := config(r.server.Address)
			other.HourlyFlowDays = hourly
			owners, reader := []*sink.Store{r.worker.store, connect(t, other)}, connect(t, other)
			for _, store := range append(owners, reader) {
				store.SetClock(clock)
			}
			redisDo(t, r, "hdel", "m:{s0}:meta", "summed") // it was opened by the clock of now
			m := &mover{worker: r.worker, rand: rand.New(rand.NewPCG(5, uint64(hourly))), ids: "s0-", inside: map[string]bool{}, clock: clock}
			m.reopen(t)
			begun := summed(t, r)
			for n := range 200 {
				now = now.Add(time.Duration(m.rand.IntN(180)) * time.Minute)
				if m.rand.IntN(60) == 0 {
					now = now.Add(70 * time.Hour) // nothing happens for days
					m.landed.days(t, reader)
				}
				faults := [][]fault{nil, nil, nil, {cutAfter}, {cutBefore}, {cutBefore, cutAfter}, {hold, releaseFirst}}
				r.script(faults[m.rand.IntN(len(faults))]...)
				m.step(t)
				switch m.rand.IntN(10) {
				case 0:
					m.store = owners[m.rand.IntN(2)]
					m.reopen(t)
				case 1: // a batch of an owner that was fenced sums nothing
					lost := m.draw()
					lost.Epoch--
					if err := m.commit(t, lost); err == nil {
						t.Fatal("a commit of another epoch has landed")
					}
					m.takeBack(lost)
				}
				if n%10 == 0 {
					m.landed.days(t, reader)
				}
			}
			if hourly != 0 {
				m.landed.agree(t, reader, moved...)
			}
			now = now.AddDate(0, 0, 100)
			m.landed.days(t, reader)
			m.step(t)
			m.landed.days(t, reader)
			if days := summed(t, r) - begun; days < 100 {
				t.Errorf("%d days were summed", days)
			}
		})
	}
}

func (m *mover) reopen(t *testing.T) {
	t.Helper()
	if err := m.open(t); err != nil {
		t.Fatal(err)
	}
}

// takeBack has the profiles of a commit that has not landed be where they were.
func (m *mover) takeBack(lost *pipeline.Commit) {
	for _, c := range lost.Changes {
		m.inside[c.Segment+c.Profile] = m.isIn(c.Segment, c.Profile)
	}
}

func redisDo(t *testing.T, r *rig, arguments ...any) {
	t.Helper()
	if err := r.server.Client(t).Do(t.Context(), arguments...).Err(); err != nil {
		t.Fatal(err)
	}
}

func summed(t *testing.T, r *rig) int64 {
	t.Helper()
	day, err := r.server.Client(t).HGet(t.Context(), "m:{s0}:meta", "summed").Int64()
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// calls returns how often a server was sent a command.
func calls(t *testing.T, server *redis.Server, command string) int {
	t.Helper()
	text, err := server.Client(t).Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(text, "cmdstat_"+command+":calls=")
	if !found {
		return 0
	}
	text, _, _ = strings.Cut(text, ",")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An owner reads the page of the day once, and from then on nothing but the meta
// hash, which it reads once a commit. What it writes of flows is one HSET, beside
// one of the meta hash and one of sizes.
func TestOwnersReadFlowsOnce(t *testing.T) {
	server := redis.Start(t)
	m := moving(t, open(t, config(server.Address)), 0, 4)
	noon := time.Now().Truncate(24 * time.Hour).Add(12 * time.Hour)
	m.clock = func() time.Time { return noon }
	m.store.SetClock(m.clock)
	commit := func() {
		c := m.draw()
		c.Changes = slices.DeleteFunc(c.Changes, func(c pipeline.Change) bool { return c.At != noon.UnixMilli() })
		if err := m.commit(t, c); err != nil {
			t.Fatal(err)
		}
		m.landed = append(m.landed, c.Changes...)
	}
	for len(m.landed) == 0 {
		commit()
	}
	scans, reads, writes, expiries := calls(t, server, "hscan"), calls(t, server, "hmget"), calls(t, server, "hset"), calls(t, server, "expireat")
	const commits = 20
	before := len(m.landed)
	for range commits {
		commit()
	}
	if n := calls(t, server, "hscan") - scans; n != 0 || scans == 0 {
		t.Errorf("the page was read %d times more", n)
	}
	if n := calls(t, server, "hmget") - reads; n != commits {
		t.Errorf("%d reads", n)
	}
	if n := calls(t, server, "hset") - writes; n > 3*commits || len(m.landed) < before+commits {
		t.Errorf("%d writes of %d changes", n, len(m.landed)-before)
	}
	if n := calls(t, server, "expireat") - expiries; n != 0 {
		t.Errorf("told %d times more when the page goes", n)
	}
}

// Of a page that has more segments than an owner remembers each commit reads
// what it adds to, and one that grows so large is forgotten.
func TestPagesOfManySegments(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	m := moving(t, store, 0, 6)
	now := time.Now()
	m.clock = func() time.Time { return now }
	store.SetClock(m.clock)
	var all []pipeline.Change
	for n := range sink.MostOpen - 2 {
		all = append(all, pipeline.Change{
			Segment: fmt.Sprintf("many-%d", n), Profile: "p", Entered: true, At: now.UnixMilli(), Version: uint64(n + 1), Cause: pipeline.CauseEvent,
		})
	}
	c := m.draw()
	c.Changes = all
	if err := m.commit(t, c); err != nil {
		t.Fatal(err)
	}
	for n := range 60 {
		if n%20 == 19 {
			m.reopen(t)
		}
		m.step(t)
	}
	for _, segment := range append(moved, "many-7") {
		got, err := store.Flows(t.Context(), segment, sink.Hour, 0)
		if want := append(m.landed, all...).flows(segment, time.Hour); err != nil || !slices.Equal(got.Flows, want) {
			t.Errorf("%s: %v, want %v, %v", segment, got.Flows, want, err)
		}
	}
}

// Counts that nobody can read don't hold up the commit, and are told of.
func TestFlowsThatCanNotBeRead(t *testing.T) {
	server := redis.Start(t)
	var told []string
	cfg := config(server.Address)
	cfg.Observer.Unreadable = func(key, segment string) { told = append(told, key+" "+segment) }
	w := start(t, open(t, cfg), 0)
	now := time.Now().UTC()
	w.store.SetClock(func() time.Time { return now })
	key := "m:{s0}:hours:" + now.Format("20060102")
	if err := server.Client(t).HSet(t.Context(), key, "vip", "\x00\x05\x02\xff", "other", "\x00\x05\x02").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Flows(t.Context(), "vip", sink.Hour, 0); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("read with %v", err)
	}
	for range 3 {
		c := w.next()
		c.Changes[0].At = now.UnixMilli()
		if err := w.commit(t, c); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []string{key + " vip"}) {
		t.Errorf("told of %q", told)
	}
	var entered, left int64
	got, err := w.store.Flows(t.Context(), "vip", sink.Hour, 0)
	for _, f := range got.Flows {
		entered, left = entered+f.Entered, left+f.Left
	}
	if err != nil || entered != 8 || left != 2 {
		t.Errorf("%d entered and %d left, want 8 and 2, %v", entered, left, err)
	}
}

// A reshard carries the days of shards that have summed up to different days.
func TestReshardsSumWhatIsBehind(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	store := initialised(t, cfg, 4)
	var landed ledger
	begin := time.Now().AddDate(0, 0, -12)
	for shard, days := range []int{3, 6, 1, 12} { // in which there are commits
		now := begin
		store.SetClock(func() time.Time { return now })
		m := moving(t, store, shard, uint64(shard))
		for m.clock = store.Clock(); now.Before(begin.AddDate(0, 0, days)); now = now.Add(5 * time.Hour) {
			m.step(t)
		}
		landed = append(landed, m.landed...)
	}
	landed.days(t, store)
	reshard(t, cfg, plan(t, "t4", 4, "t3", 3))
	store = connect(t, cfg)
	landed.days(t, store)
	for shard := range 3 {
		m := moving(t, store, shard, 9)
		m.clock = time.Now
		for range 3 {
			m.step(t)
		}
		landed = append(landed, m.landed...)
	}
	landed.days(t, store)
	if _, err := store.DropOld(t.Context(), func(sink.Progress) {}); err != nil {
		t.Fatal(err)
	}
	landed.days(t, store)
}
