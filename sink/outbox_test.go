package sink_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// single is an entry with one change, as versions before 0.2.0 write them.
func single(id, profile string) *client.XAddArgs {
	offset, _, _ := strings.Cut(id, "-")
	return &client.XAddArgs{Stream: "m:{s3}:out", ID: id, Values: []any{
		"segment", "vip", "profile", profile, "kind", "entered", "at", 5, "version", 1, "cause", "event", "offset", offset,
	}}
}

// mixedOutbox has entries of both forms in shard 3: five with a change each, and
// packed ones of 3, 1 and 1,200 changes.
func mixedOutbox(t *testing.T, server *redis.Server) (store *sink.Store, all []sink.Entry) {
	t.Helper()
	store = open(t, config(server.Address))
	c := server.Client(t)
	for i := range 5 {
		id, profile := fmt.Sprintf("7-%d", i+1), fmt.Sprint("single-", i)
		if err := c.XAdd(t.Context(), single(id, profile)).Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, sink.Entry{ID: id, Offset: 7, Change: pipeline.Change{
			Segment: "vip", Profile: profile, Entered: true, At: 5, Version: 1, Cause: pipeline.CauseEvent,
		}})
	}
	c.HSet(t.Context(), "m:{s3}:meta", "next", 7, "outbox", 5)
	w := start(t, store, 3)
	for _, count := range []int{3, 1, 1200} {
		commit := w.next()
		commit.Changes = changesOf(count)
		if err := w.commit(t, commit); err != nil {
			t.Fatal(err)
		}
		for _, change := range commit.Changes {
			all = append(all, sink.Entry{ID: fmt.Sprintf("%d-%d", commit.Next, len(all)+1), Offset: commit.Next, Change: change})
		}
	}
	if n := c.XLen(t.Context(), "m:{s3}:out").Val(); n != 5+1+1+2 {
		t.Fatalf("there are %d entries", n)
	}
	return store, all
}

// Reading goes on behind any change, in steps of any length, whichever form the
// entries have.
func TestReadingGoesOnBehindAnyChange(t *testing.T) {
	store, all := mixedOutbox(t, redis.Start(t))
	for behind := -1; behind < len(all); behind += 1 + behind/12 {
		after := ""
		if behind >= 0 {
			after = all[behind].ID
		}
		for _, count := range []int{1, 2, 7, 10_000} {
			want := all[behind+1:]
			want = want[:min(len(want), count)]
			got, err := store.Outbox(t.Context(), 3, after, int64(count))
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d behind %q are %v, %v; want %v", count, after, ids(got), err, ids(want))
			}
			some, err := store.Outboxes(t.Context(), []sink.Position{{Shard: 2}, {Shard: 3, After: after}}, count)
			if err != nil || len(some) != 2 || len(some[0]) > 0 || !slices.Equal(some[1], want) {
				t.Fatalf("%d behind %q of some shards are %v, %v; want %v", count, after, some, err, ids(want))
			}
		}
	}
	newest, err := store.Newest(t.Context())
	if last := all[len(all)-1].ID; err != nil || newest[3] != last || newest[2] != "" {
		t.Errorf("the newest are %q, %v", newest, err)
	}
	oldest, last, err := store.OutboxEnds(t.Context(), 3)
	if err != nil || oldest != "7-1" || last != all[len(all)-1].ID {
		t.Errorf("the ends are %s and %s, %v", oldest, last, err)
	}
	if _, err := store.Outbox(t.Context(), 3, "soon", 1); err == nil || !strings.Contains(err.Error(), `"soon" is no id`) {
		t.Errorf("what is no id gives %v", err)
	}
}

// From its end, an outbox is looked through as far as it is asked for, whichever
// form the entries have.
func TestEnteredLooksThroughBothForms(t *testing.T) {
	store, all := mixedOutbox(t, redis.Start(t))
	for _, one := range []struct {
		profile, segment, want string
		most                   int
		more                   bool
	}{
		{"single-2", "vip", "7-3", 10_000, false},
		{"p1", "s1", all[10].ID, 10_000, false}, // that it was its first change says that there are no older ones
		{"single-2", "vip", "", 1204, true},
		{"single-2", "vip", "7-3", 1207, false},
		{"nobody", "vip", "", 1209, false},
		{"nobody", "vip", "", 1208, true},
	} {
		found, more, err := store.Entered(t.Context(), 3, one.profile, []string{one.segment}, one.most)
		if err != nil || found[one.segment].ID != one.want || more != one.more {
			t.Errorf("%s in %d: %+v, %t, %v; want %s, %t", one.profile, one.most, found, more, err, one.want, one.more)
		}
	}
}

// Changes go out of the middle of entries, and all others stay with their ids.
func TestAnOutboxIsCleanedWithinEntries(t *testing.T) {
	server := redis.Start(t)
	store, all := mixedOutbox(t, server)
	c := server.Client(t)
	gone := func(profile string, _ uint64) bool {
		return profile == "single-1" || profile == "p0" || profile == "p1100"
	}
	if traces, err := store.Traces(t.Context(), "single-1"); err != nil || len(traces.Left) != 1 {
		t.Fatalf("before: %+v, %v", traces, err)
	}
	if traces, err := store.Traces(t.Context(), "p1100"); err != nil || !slices.Equal(traces.Left, []string{"m:{s3}:out", "m:{s3}:seg:s1"}) {
		t.Fatalf("before: %+v, %v", traces, err)
	}
	for _, want := range []int{5, 0} {
		c.XAdd(t.Context(), &client.XAddArgs{Stream: "m:{s3}:out:clean", Values: []any{"left", "over"}})
		if n, err := store.CleanOutbox(t.Context(), 3, gone); err != nil || n != want {
			t.Fatalf("%d are removed, %v; want %d", n, err, want)
		}
	}
	want := slices.DeleteFunc(slices.Clone(all), func(e sink.Entry) bool { return gone(e.Change.Profile, 1) })
	if got := outbox(t, store, 3); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", ids(got), ids(want))
	}
	for _, after := range []string{"7-2", all[4].ID, all[5].ID, all[8].ID} { // of these three are gone
		got, err := store.Outbox(t.Context(), 3, after, 1)
		if want := want[slices.IndexFunc(want, func(e sink.Entry) bool { return behind(e.ID, after) })]; err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("behind %s comes %v, %v; want %s", after, got, err, want.ID)
		}
	}
	if c.Exists(t.Context(), "m:{s3}:out:clean").Val() != 0 {
		t.Error("a copy is left")
	}
	w := start(t, store, 3)
	w.step(t)
	if got := outbox(t, store, 3); len(got) != len(want)+1 || got[len(want)].Number() != 1210 {
		t.Errorf("the next is %+v", got[len(got)-1])
	}
}

func behind(id, other string) bool {
	var a, b [2]int64
	_, _ = fmt.Sscanf(id, "%d-%d", &a[0], &a[1])
	_, _ = fmt.Sscanf(other, "%d-%d", &b[0], &b[1])
	return slices.Compare(a[:], b[:]) > 0
}

// A commit that comes while an outbox is cleaned is kept.
func TestCommitsWhileAnOutboxIsCleaned(t *testing.T) {
	server := redis.Start(t)
	store, all := mixedOutbox(t, server)
	w := start(t, store, 3)
	commits := 0
	store.OnTrip(func(commands []client.Cmder) {
		// Behind each look for the last page, twice.
		if last := commands[len(commands)-1]; commits < 2 && last.Name() == "xlen" {
			commits++
			w.step(t)
		}
	})
	n, err := store.CleanOutbox(t.Context(), 3, func(profile string, _ uint64) bool { return profile == "p1100" })
	if err != nil || n != 1 || commits != 2 {
		t.Fatalf("%d are removed, %v, beside %d commits", n, err, commits)
	}
	start(t, connect(t, config(server.Address)), 3)
	n, err = store.CleanOutbox(t.Context(), 3, func(profile string, _ uint64) bool { return profile == "p1101" })
	if !errors.Is(err, pipeline.ErrFenced) || n != 0 {
		t.Errorf("one that has lost the shard removes %d, %v", n, err)
	}
	if got := outbox(t, store, 3); len(got) != len(all)-1+2 || got[len(got)-1].Number() != int64(len(all)+2) {
		t.Errorf("%d are left, up to %s", len(got), got[len(got)-1].ID)
	}
}

// The reader of docs/outbox.md, in Python, reads both forms.
func TestTheDocumentedReaderReadsEntries(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil && os.Getenv("CI") == "" {
		t.Skipf("NOTICE: skipped, there is no Python 3 to run the reader of docs/outbox.md: %v", err)
	}
	page, err := os.ReadFile("../docs/outbox.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(page), "```python\n")
	code, _, found := strings.Cut(code, "```\n")
	if !found {
		t.Fatal("docs/outbox.md has no reader in Python")
	}
	const use = `
golden = bytes.fromhex(open("testdata/outbox1.hex").read())
single = {b"segment": b"vip", b"profile": b"p", b"kind": b"exited", b"at": b"5", b"version": b"2", b"cause": b"time", b"offset": b"7"}
for entry in (b"9-12", {b"changes": golden}), (b"7-1", single):
    for c in unpack(*entry):
        print(c["id"], c["kind"], c["cause"], c["segment"], c.get("run"), c["profile"], c["at"], c["version"])
`
	got, err := exec.Command("python3", "-c", code+use).CombinedOutput()
	want := `9-8 entered event buyers None b'ann' 1700000000000 1
9-9 entered event vip None b'ann' 1700000000000 2
9-11 exited time buyers None b'bob\x00\xff' 1699999999000 300
9-12 entered backfill vip run-1 b'c\xc3\xa4sar' -5 1152921504606846976
7-1 exited time vip None b'p' 5 2
`
	if err != nil || string(got) != want {
		t.Errorf("it says %v and\n%s\nwant\n%s", err, got, want)
	}
}
