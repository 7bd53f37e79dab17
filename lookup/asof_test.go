package lookup

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/stream"
	"muster/test/kit/redis"
)

// Rules of the tests: the second set has another rule for a, no b, and a new c.
const (
	rulesBefore = "segments:\n  - {id: a, rule: traits.n >= 30}\n  - {id: b, rule: traits.n >= 50}\n" +
		"  - {id: busy, rule: 'count(events(\"Order Completed\", \"3h\")) >= 1'}\n"
	rulesAfter = "segments:\n  - {id: a, rule: traits.n >= 60}\n  - {id: c, rule: traits.n < 20}\n" +
		"  - {id: busy, rule: 'count(events(\"Order Completed\", \"3h\")) >= 1'}\n"
)

// past is a deployment that random events change, and every change that it has
// made, as its outboxes tell.
type past struct {
	r       *rand.Rand
	cfg     sink.Config
	store   *sink.Store
	decoder *event.Decoder
	shards  int
	layout  int
	set     *rules.Set
	owner   *stream.Partitioner
	drivers []*pipeline.Driver
	next    []int64
	waiting [][]arrived // applied and not committed, by shard
	clock   int64
	changes map[string][]pipeline.Change // by profile
}

// arrived is a record and when it came.
type arrived struct {
	record string
	at     int64
}

const pastProfiles = 25

func newPast(t *testing.T, seed uint64, cfg sink.Config, shards int) *past {
	t.Helper()
	p := &past{r: rand.New(rand.NewPCG(seed, 3)), cfg: cfg, layout: 1, clock: time.Now().Add(-5 * 24 * time.Hour).UnixMilli()}
	var err error
	if p.decoder, err = event.NewDecoder(event.Default()); err != nil {
		t.Fatal(err)
	}
	p.connect(t, shards)
	if err := p.store.Init(t.Context(), shards); err != nil {
		t.Fatal(err)
	}
	p.adopt(t, rulesBefore)
	return p
}

func (p *past) connect(t *testing.T, shards int) {
	t.Helper()
	var err error
	if p.store, err = sink.New(t.Context(), p.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.store.Close() })
	if p.owner, err = stream.NewPartitioner(stream.Murmur2, shards); err != nil {
		t.Fatal(err)
	}
	p.shards, p.drivers, p.next, p.waiting = shards, make([]*pipeline.Driver, shards), make([]int64, shards), make([][]arrived, shards)
}

// adopt opens all shards under rules.
func (p *past) adopt(t *testing.T, text string) {
	t.Helper()
	var err error
	if p.set, err = rules.Load(rules.Source{Name: "past.yaml", Data: []byte(text)}); err != nil {
		t.Fatal(err)
	}
	for shard := range p.shards {
		p.commit(t, shard)
		p.open(t, shard)
	}
}

// open opens a shard, and applies again what was not committed.
func (p *past) open(t *testing.T, shard int) {
	t.Helper()
	state, err := p.store.Open(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	config := pipeline.Default()
	config.CacheBytes = 0
	p.drivers[shard] = pipeline.NewDriver(p.set, config, state, pipeline.PortOf(p.store, shard))
	p.next[shard] = max(0, state.Next)
	for _, one := range p.waiting[shard] {
		p.apply(t, shard, one)
	}
}

func (p *past) apply(t *testing.T, shard int, one arrived) {
	t.Helper()
	events, rejected := p.decoder.Decode(nil, nil, []byte(one.record), one.at, 0)
	if len(rejected) > 0 {
		t.Fatal(rejected[0].Reason)
	}
	if _, err := p.drivers[shard].Apply(t.Context(), &events[0]); err != nil {
		t.Fatal(err)
	}
	p.next[shard]++
}

func (p *past) commit(t *testing.T, shard int) {
	t.Helper()
	if p.drivers[shard] == nil || p.drivers[shard].Pending() == 0 {
		return
	}
	if err := p.drivers[shard].Commit(t.Context(), p.next[shard]); err != nil {
		t.Fatal(err)
	}
	p.waiting[shard] = nil
}

// live applies random events. Now and then a shard is committed, or its owner is
// killed before a commit or behind it.
func (p *past) live(t *testing.T, events int) {
	t.Helper()
	for range events {
		p.clock += p.r.Int64N(20 * 60_000)
		id := fmt.Sprintf("customer-%d", p.r.IntN(pastProfiles))
		record := fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"n":%d}}`, id, p.r.IntN(100))
		if p.r.IntN(3) == 0 {
			record = fmt.Sprintf(`{"type":"track","userId":%q,"event":"Order Completed"}`, id)
		}
		shard, one := p.owner.Partition(id), arrived{record, p.clock}
		p.waiting[shard] = append(p.waiting[shard], one)
		p.apply(t, shard, one)
		switch p.r.IntN(12) {
		case 0:
			p.open(t, shard)
		case 1:
			p.commit(t, shard)
			p.open(t, shard)
		case 2, 3, 4:
			p.commit(t, shard)
		}
	}
	for shard := range p.shards {
		p.commit(t, shard)
	}
}

// reshard moves to another number of shards.
func (p *past) reshard(t *testing.T, shards int) {
	t.Helper()
	after, err := stream.NewPartitioner(stream.Murmur2, shards)
	if err != nil {
		t.Fatal(err)
	}
	topic := func(layout int) string { return fmt.Sprint("topic", layout) }
	store, err := sink.New(t.Context(), p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for range 2 { // what an attempt before has written comes to nothing
		r, err := store.Reshard(t.Context(), sink.Plan{
			From: topic(p.layout), To: topic(p.layout + 1), Shards: shards, Before: p.owner.Partition, After: after.Partition,
		})
		if err == nil {
			_, err = r.Seal(t.Context())
		}
		if err == nil {
			_, err = r.Copy(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.r.IntN(2) == 0 {
			if _, err := store.Abandon(t.Context(), func(sink.Progress) {}); err != nil {
				t.Fatal(err)
			}
			for shard := range p.shards { // sealing has fenced their owners
				p.open(t, shard)
			}
			continue
		}
		if err := r.Switch(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.layout++
		p.connect(t, shards)
		for shard := range shards {
			p.open(t, shard)
		}
		return
	}
}

// collect reads all changes from the outboxes.
func (p *past) collect(t *testing.T) {
	t.Helper()
	p.changes = map[string][]pipeline.Change{}
	for shard := range p.shards {
		entries, err := p.store.Outbox(t.Context(), shard, "", 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		for i := range entries {
			c := entries[i].Change
			p.changes[c.Profile] = append(p.changes[c.Profile], c)
		}
	}
	for id := range p.changes {
		slices.SortFunc(p.changes[id], func(a, b pipeline.Change) int { return int(a.Version) - int(b.Version) })
	}
}

// segmentsAt replays the changes of a profile up to an instant.
func (p *past) segmentsAt(id string, at int64) []string {
	in := map[string]bool{}
	over := map[string]bool{} // whose next change was later
	for _, c := range p.changes[id] {
		if over[c.Segment] = over[c.Segment] || c.At > at; !over[c.Segment] {
			in[c.Segment] = c.Entered
		}
	}
	maps.DeleteFunc(in, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(in))
}

func (p *past) reader(t *testing.T) *Reader {
	t.Helper()
	r, err := New(t.Context(), p.store, Options{Partitioner: stream.Murmur2, Events: event.Default(), Rules: func() *rules.Set { return p.set }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compare asks for an instant and compares with the replay.
func (p *past) compare(t *testing.T, r *Reader, at int64) {
	t.Helper()
	want := map[string][]string{}
	for id := range p.changes {
		segments := p.segmentsAt(id, at)
		for _, s := range segments {
			want[s] = append(want[s], id)
		}
		got, err := r.MembershipsAt(t.Context(), id, at)
		if err != nil || !slices.Equal(got.Segments, segments) {
			t.Fatalf("at %s %s was in %+v, want %q: %v", Instant(at), id, got, segments, err)
		}
	}
	for _, segment := range []string{"a", "b", "c", "busy"} {
		for _, limit := range []int{0, 4 + p.r.IntN(9)} {
			got, cursor := []string{}, ""
			for begun := false; !begun || cursor != ""; begun = true {
				var err error
				cursor, err = r.MembersAt(t.Context(), segment, cursor, at, limit, func(id string) error {
					got = append(got, id)
					return nil
				})
				var absent *AbsentError
				if segment == "c" && errors.As(err, &absent) {
					break // the first rules have none
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(got)
			slices.Sort(want[segment])
			if !slices.Equal(got, want[segment]) {
				t.Fatalf("at %s in %s were %q, want %q (limit %d)", Instant(at), segment, got, want[segment], limit)
			}
		}
	}
}

// compareHistory asks for the history of every profile in pages.
func (p *past) compareHistory(t *testing.T, r *Reader) {
	t.Helper()
	for id, changes := range p.changes {
		want := []Changed{}
		for _, c := range changes {
			want = append(want, Changed{c.Segment, c.Entered, Instant(c.At), c.Version, c.Cause, c.Run})
		}
		slices.SortFunc(want, func(a, b Changed) int { return older(b, a) })
		for _, limit := range []int{1 + p.r.IntN(7), 1000} {
			got, cursor := []Changed{}, ""
			for begun := false; !begun || cursor != ""; begun = true {
				h, err := r.ProfileHistory(t.Context(), id, cursor, limit)
				if err != nil || len(h.Changes) > limit {
					t.Fatalf("%d changes, %v", len(h.Changes), err)
				}
				got, cursor = append(got, h.Changes...), h.Next
			}
			if !slices.Equal(got, want) {
				t.Fatalf("history of %s\n%+v\nwant\n%+v", id, got, want)
			}
		}
	}
}

// Random changes, kills, edits and reshards are answered as a replay of all
// changes answers them.
func TestThePastIsWhatAReplaySays(t *testing.T) {
	server := redis.Start(t)
	for seed := range uint64(4) {
		cfg := sink.Default()
		cfg.Addresses, cfg.Prefix, cfg.Buckets, cfg.ChronicleKeep = []string{server.Address}, fmt.Sprint("p", seed), 16, 30*24*time.Hour
		p := newPast(t, seed, cfg, 1+int(seed)%4)
		begun := p.clock
		p.live(t, 60)
		if seed%2 == 0 {
			p.adopt(t, rulesAfter)
			p.live(t, 60)
		}
		if seed > 1 {
			p.reshard(t, 1+p.r.IntN(4))
			p.live(t, 60)
		}
		p.collect(t)
		r := p.reader(t)
		r.heldIDs = 1 + int(seed)%3*100 // one part at a time, or all at once
		for range 4 {
			p.compare(t, r, begun+p.r.Int64N(p.clock-begun))
		}
		p.compare(t, r, p.clock)
		p.compare(t, r, 0+max(0, time.Now().UnixMilli()-20*86_400_000))
		p.compareHistory(t, r)
	}
}
