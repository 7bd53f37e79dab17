package sweep

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/workload"
)

const (
	shards      = 4
	mostMoulds  = 20_000
	fillBatch   = 2000 // profiles of a commit
	memberBatch = 1000 // members that one command adds
)

// began is the stream time of the first live event. Profiles are made before.
var began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// history is how far back the events go that make a profile.
const history = 6 * 24 * time.Hour

func profileID(number int) string { return fmt.Sprintf("customer-%08d", number) }

// numberOf returns the number of a profile, and so its shard.
func numberOf(id string) int {
	number, err := strconv.Atoi(id[len("customer-"):])
	if err != nil {
		panic(fmt.Sprintf("%q is not an id of this package", id)) // ids come from profileID alone
	}
	return number
}

func ownerOf(id string) int { return numberOf(id) % shards }

// moulds are profiles that were made by events under a rule set. They are the
// Port of the Driver that makes them.
type moulds struct {
	count   int
	head    pipeline.Commit  // what the first commit says of the shard
	writes  []pipeline.Write // by number
	members map[string]map[int]bool
}

// Load implements pipeline.Port.
func (m *moulds) Load(_ context.Context, ids []string) ([]string, error) {
	return make([]string, len(ids)), nil
}

// Commit implements pipeline.Port.
func (m *moulds) Commit(_ context.Context, c *pipeline.Commit) error {
	if m.head.Rules == "" {
		m.head = pipeline.Commit{
			Clock: c.Clock, Rules: c.Rules, Generation: c.Generation, Swept: c.Swept,
			NewNames: slices.Clone(c.NewNames), Catalog: c.Catalog,
		}
	}
	m.head.Clock = c.Clock
	for _, w := range c.Profiles {
		w.Blob, w.Tail = slices.Clone(w.Blob), slices.Clone(w.Tail)
		m.writes[numberOf(w.Profile)] = w
	}
	for _, change := range c.Changes {
		if m.members[change.Segment] == nil {
			m.members[change.Segment] = map[int]bool{}
		}
		if change.Entered {
			m.members[change.Segment][numberOf(change.Profile)] = true
		} else {
			delete(m.members[change.Segment], numberOf(change.Profile))
		}
	}
	return nil
}

// cast makes moulds under a rule set. What happens to them depends on their
// numbers alone.
func cast(tb testing.TB, set *rules.Set, count int) *moulds {
	tb.Helper()
	m := &moulds{count: count, writes: make([]pipeline.Write, count), members: map[string]map[int]bool{}}
	config := pipeline.Default()
	config.CacheBytes = 1 << 20 // what is committed is not needed any more
	d := pipeline.NewDriver(set, config, pipeline.State{Epoch: 1, Next: -1}, m)
	attributes := workload.Customers()
	for number := range count {
		for _, ev := range birth(attributes, number) {
			if _, err := d.Apply(tb.Context(), &ev); err != nil {
				tb.Fatal(err)
			}
		}
		if number%fillBatch == fillBatch-1 || number == count-1 {
			if err := d.Commit(tb.Context(), int64(number)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return m
}

// birth returns the events that make a profile: its traits, and what it has
// done within some days.
func birth(attributes []*workload.Attribute, number int) []event.Event {
	r := rand.New(rand.NewPCG(uint64(number), 37))
	var pairs []event.Value
	for _, a := range attributes[:workload.Traits] {
		if v := a.Draw(r); !v.IsMissing() {
			pairs = append(pairs, event.StringOf(a.Name), v)
		}
	}
	id, arrival := profileID(number), began.Add(-time.Minute).UnixMilli()
	events := []event.Event{{Type: event.Identify, Profile: id, Time: arrival, Arrival: arrival, Body: event.ObjectOf(pairs)}}
	for _, name := range workload.Behaviours {
		for range workload.Done(r) {
			events = append(events, event.Event{
				Type: event.Track, Name: name, Profile: id, MessageID: strconv.FormatUint(r.Uint64(), 36),
				Time: arrival - r.Int64N(history.Milliseconds()), Arrival: arrival,
				Body: event.ObjectOf([]event.Value{event.StringOf("value"), event.NumberOf(workload.Worth(r))}),
			})
		}
	}
	return events
}

// mouldOf is the number of the mould that a profile is a copy of.
func (m *moulds) mouldOf(number int) int { return number / shards % m.count }

// fill stores copies of the moulds in all shards, as if the events of each
// had come, but for the outbox.
func (m *moulds) fill(tb testing.TB, store *sink.Store, client *redis.Client, profiles int) {
	tb.Helper()
	group, ctx := errgroup.WithContext(tb.Context())
	for shard := range shards {
		group.Go(func() error {
			if err := m.fillProfiles(ctx, store, shard, profiles); err != nil {
				return err
			}
			return m.fillMembers(ctx, client, shard, profiles)
		})
	}
	if err := group.Wait(); err != nil {
		tb.Fatal(err)
	}
}

func (m *moulds) fillProfiles(ctx context.Context, store *sink.Store, shard, profiles int) error {
	state, err := store.Open(ctx, shard)
	if err != nil {
		return err
	}
	c := m.head
	c.Epoch, c.From = state.Epoch, state.Next
	for number := shard; number < profiles; number += shards {
		w := m.writes[m.mouldOf(number)]
		w.Profile = profileID(number)
		c.Profiles = append(c.Profiles, w)
		if len(c.Profiles) < fillBatch && number+shards < profiles {
			continue
		}
		if err := store.Commit(ctx, shard, &c); err != nil {
			return err
		}
		c.From, c.NewNames, c.Catalog, c.Profiles = c.Next, nil, nil, c.Profiles[:0]
	}
	return nil
}

// fillMembers writes member sets and sizes past the store, which would write
// an entry of the outbox for each member.
func (m *moulds) fillMembers(ctx context.Context, client *redis.Client, shard, profiles int) error {
	for segment, of := range m.members {
		var ids []any
		for mould := range of {
			for number := mould*shards + shard; number < profiles; number += m.count * shards {
				ids = append(ids, profileID(number))
			}
		}
		if len(ids) == 0 {
			continue
		}
		pipe := client.Pipeline()
		for chunk := range slices.Chunk(ids, memberBatch) {
			pipe.SAdd(ctx, keyOf(shard, segment), chunk...)
		}
		pipe.HSet(ctx, sizesOf(shard), segment, len(ids))
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("writing the members of %s: %w", segment, err)
		}
	}
	return nil
}

// keyOf and sizesOf are keys of the store, see sink/keys.go.
func keyOf(shard int, segment string) string { return fmt.Sprintf("m:{s%d}:seg:%s", shard, segment) }
func sizesOf(shard int) string               { return fmt.Sprintf("m:{s%d}:size", shard) }
