package lookup

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/stream"
	"muster/test/kit/redis"
)

// Who enters while members are told is not told as one of the past, and who
// leaves is still told.
func TestPastMembersStandWhileTheyChange(t *testing.T) {
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets, cfg.ChronicleKeep = []string{redis.Start(t).Address}, 16, 24*time.Hour
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Init(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	version := uint64(0)
	commit := func(at int64, entered bool, ids []string) {
		t.Helper()
		version++
		c := &pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: max(0, state.Next) + 1, Outbox: state.Outbox, Clock: at, Rules: "r"}
		if version == 1 {
			c.NewNames = []string{profile.NameOfSegment("vip")}
		}
		for _, id := range ids {
			c.Changes = append(c.Changes, pipeline.Change{Segment: "vip", Profile: id, Entered: entered, At: at, Version: version, Cause: pipeline.CauseEvent})
		}
		if err := store.Commit(t.Context(), 0, c); err != nil {
			t.Fatal(err)
		}
		state.Next, state.Outbox = c.Next, c.Outbox+int64(len(c.Changes))
	}
	ids := func(form string, n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprintf(form, i))
		}
		return ids
	}
	at, were := time.Now().Add(-time.Hour).UnixMilli(), ids("p%d", 5*membersPage)
	commit(at, true, were)
	r, err := New(t.Context(), store, Options{Partitioner: stream.Murmur2, Events: event.Default(), Rules: func() *rules.Set { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	_, err = r.MembersAt(t.Context(), "vip", "", at, 0, func(id string) error {
		if got = append(got, id); len(got) == 1 {
			commit(at+1, true, ids("new%d", 3*membersPage))
			commit(at+1, false, were[:2*membersPage])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(were)
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, were) {
		t.Errorf("told are %d, and %d were in", len(got), len(were))
	}
}
