package sink_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// populate puts the given number of members into a segment, over all shards.
func populate(t *testing.T, store *sink.Store, segment string, members int) []string {
	t.Helper()
	var ids []string
	workers := make([]*worker, shards)
	commits := make([]*pipeline.Commit, shards)
	for shard := range shards {
		workers[shard] = start(t, store, shard)
		commits[shard] = workers[shard].next()
		commits[shard].Changes = nil
	}
	for i := range members {
		id := fmt.Sprintf("p%05d", i)
		ids = append(ids, id)
		c := commits[i%shards]
		c.Changes = append(c.Changes, pipeline.Change{Segment: segment, Profile: id, Entered: true})
	}
	for shard := range shards {
		if err := workers[shard].commit(t, commits[shard]); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func TestMembersAndSizesCoverAllShards(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	want := populate(t, store, "vip", 40_000)
	var got []string
	err := store.Members(t.Context(), "vip", func(profile string) error {
		got = append(got, profile)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("%d members, want %d", len(got), len(want))
	}
	sizes, err := store.Sizes(t.Context())
	if err != nil || len(sizes) != 1 || sizes["vip"] != int64(len(want)) {
		t.Errorf("sizes %v, %v; want %d", sizes, err, len(want))
	}
}

func TestMembersPassesTheCallersErrorOn(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	populate(t, store, "vip", 100)
	enough, calls := errors.New("enough"), 0
	err := store.Members(t.Context(), "vip", func(string) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestReadsNeedInit(t *testing.T) {
	store := connect(t, config(redis.Start(t).Address))
	if _, err := store.Sizes(t.Context()); !errors.Is(err, sink.ErrNotInitialised) {
		t.Errorf("sizes: %v", err)
	}
	if err := store.Members(t.Context(), "vip", nil); !errors.Is(err, sink.ErrNotInitialised) {
		t.Errorf("members: %v", err)
	}
}

func TestAProfileThatDoesNotExistIsNil(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	start(t, store, 0).step(t)
	for id, want := range map[string]string{"p1": "p1", "nobody": ""} {
		blob, err := store.Profile(t.Context(), 0, id)
		if err != nil || string(blob) != want || (blob == nil) != (want == "") {
			t.Errorf("profile %s is %q, %v", id, blob, err)
		}
	}
}

// Several profiles come in the order in which they are asked for, also when
// they are more than one reply brings.
func TestSeveralProfiles(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	start(t, store, 0).step(t)
	ids := make([]string, 2500)
	for i := range ids {
		ids[i] = fmt.Sprint("nobody", i)
	}
	ids[3], ids[1700] = "p1", "p1"
	blobs, err := store.Profiles(t.Context(), 0, ids)
	if err != nil || len(blobs) != len(ids) {
		t.Fatalf("%d of %d profiles, %v", len(blobs), len(ids), err)
	}
	for i, blob := range blobs {
		if known := i == 3 || i == 1700; known != (blob == "p1") || !known && blob != "" {
			t.Errorf("profile %s is %q", ids[i], blob)
		}
	}
}

func TestTheOutboxDropsItsOldestEntries(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	cfg.OutboxMax = 1000
	store := open(t, cfg)
	w := start(t, store, 0)
	const commits, each = 50, 100
	for range commits {
		c := w.next()
		c.Changes = nil
		for i := range each {
			c.Changes = append(c.Changes, pipeline.Change{Segment: "vip", Profile: fmt.Sprint(i), Entered: true})
		}
		if err := w.commit(t, c); err != nil {
			t.Fatal(err)
		}
	}
	entries := outbox(t, store, 0)
	// A node of a stream holds up to 100 entries.
	if len(entries) < 1000 || len(entries) > 1100 {
		t.Errorf("%d entries are kept, want 1,000 and at most a node more", len(entries))
	}
	if got, want := entries[len(entries)-1].ID, fmt.Sprintf("%d-%d", commits, commits*each); got != want {
		t.Errorf("the newest entry is %s, want %s", got, want)
	}
}

func TestReachCountsAProfileOnceOverDays(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.ReachDays = 10
	store := open(t, cfg)
	w := start(t, store, 0)
	today := time.Now().Unix() / 86400
	c := w.next()
	for i := range 2500 { // more than one PFADD takes
		c.Reach = append(c.Reach, pipeline.Reach{Segment: "vip", Profile: fmt.Sprint(i), Day: today - int64(i%2)})
	}
	c.Reach = append(c.Reach,
		pipeline.Reach{Segment: "vip", Profile: "0", Day: today - 1},
		pipeline.Reach{Segment: "vip", Profile: "old", Day: today - 11})
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
	got, err := store.Reach(t.Context(), "vip", today-20, today)
	if err != nil || got < 2400 || got > 2600 {
		t.Errorf("reach %d, %v; want about 2,500", got, err)
	}
	if got, _ := store.Reach(t.Context(), "vip", today-11, today-11); got != 0 {
		t.Errorf("a day beyond reach_days still has %d profiles", got)
	}
	key := "m:hll:{vip}:" + time.Unix(today*86400, 0).UTC().Format("20060102")
	expires := server.Client(t).ExpireTime(t.Context(), key).Val()
	if want := time.Duration(today+11) * 24 * time.Hour; expires != want {
		t.Errorf("today's key expires at %s, want %s after 1970", expires, want)
	}
}

func TestReachIsKeptForEverWhenAsked(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.ReachDays = 0
	w := start(t, open(t, cfg), 0)
	c := w.next()
	c.Reach = []pipeline.Reach{{Segment: "vip", Profile: "ann", Day: 1}}
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
	if got := server.Client(t).TTL(t.Context(), "m:hll:{vip}:19700102").Val(); got != -1 {
		t.Errorf("the key expires in %s", got)
	}
}

func TestReachIsBounded(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	for _, days := range [][2]int64{{5, 4}, {0, 1100}} {
		if _, err := store.Reach(t.Context(), "vip", days[0], days[1]); err == nil {
			t.Errorf("days %v are accepted", days)
		}
	}
	if got, err := store.Reach(t.Context(), "vip", 0, 1099); err != nil || got != 0 {
		t.Errorf("1,100 days: %d, %v", got, err)
	}
}

func TestACommitOutOfItsBoundsIsRefused(t *testing.T) {
	w := start(t, open(t, config(redis.Start(t).Address)), 0)
	change := []pipeline.Change{{Segment: "vip", Profile: "ann", Entered: true}}
	for name, c := range map[string]*pipeline.Commit{
		"backwards":                 {Epoch: w.state.Epoch, From: -1, Next: -2},
		"changes before any record": {Epoch: w.state.Epoch, From: -1, Next: -1, Changes: change},
	} {
		if err := w.commit(t, c); err == nil || errors.Is(err, pipeline.ErrFenced) {
			t.Errorf("%s: %v", name, err)
		}
	}
	landed(t, w.store, 0, 0)
}

func TestTheObserverIsToldOfCommitsAndFences(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	var commits []sink.Committed
	var fenced []string
	cfg.Observer = sink.Observer{
		Committed: func(c sink.Committed) { commits = append(commits, c) },
		Fenced:    func(shard int, cause error) { fenced = append(fenced, fmt.Sprint(shard, " ", cause)) },
	}
	store := open(t, cfg)
	older := start(t, store, 3)
	older.step(t)
	if len(commits) != 1 || commits[0].Duration <= 0 {
		t.Fatalf("told of %+v", commits)
	}
	commits[0].Duration = 0
	if want := (sink.Committed{Shard: 3, Profiles: 1, Changes: 1, Bytes: 2}); commits[0] != want {
		t.Errorf("told of %+v, want %+v", commits[0], want)
	}
	start(t, store, 3)
	if err := older.commit(t, older.next()); !errors.Is(err, pipeline.ErrFenced) {
		t.Fatal(err)
	}
	if len(commits) != 1 || len(fenced) != 1 || !strings.HasPrefix(fenced[0], "3 ") {
		t.Errorf("told of %d commits and the fences %q", len(commits), fenced)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.Connections = 2
	store := open(t, cfg)
	errs := make(chan error)
	for shard := range 2 * shards {
		go func() {
			_, err := store.Open(t.Context(), shard)
			errs <- err
		}()
	}
	for range 2 * shards {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	clients, err := server.Client(t).ClientList(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(clients, "\n") - 1; got > 2 {
		t.Errorf("%d connections, want at most 2", got)
	}
}
