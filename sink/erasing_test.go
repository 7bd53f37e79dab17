package sink_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// forgettingP is about profile p. A message of these tests is a list of words:
// profiles, and first a run that waits for it, if any, behind a colon.
func forgettingP() sink.Forgetting {
	gone := func(id string) bool { return id == "p" }
	return sink.Forgetting{
		Gone: gone,
		Rest: func(text []byte) (sink.Remainder, error) {
			run, words, owed := strings.Cut(string(text), ":")
			if !owed {
				run, words = "", string(text)
			}
			before := strings.Fields(words)
			after := slices.DeleteFunc(slices.Clone(before), gone)
			r := sink.Remainder{Named: len(after) < len(before), Taken: int64(len(before) - len(after))}
			if len(after) > 0 {
				r.Text = []byte(strings.Join(after, " "))
			} else {
				r.Run = run
			}
			return r, nil
		},
		Logged: func(text []byte) (string, bool, error) {
			message, words, _ := strings.Cut(string(text), ":")
			return message, slices.Contains(strings.Fields(words), "p"), nil
		},
	}
}

// What a ledger keeps of a profile goes, whoever delivers is fenced off, and
// what waited for its messages is due.
func TestALedgerForgets(t *testing.T) {
	server := redis.Start(t)
	c, store := server.Client(t), open(t, config(server.Address))
	l := store.Ledger(3, "crm")
	if _, err := l.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	var dead [][]byte
	for i := range 120 { // more than a page
		dead = append(dead, []byte([]string{"p", "q p", fmt.Sprint("q", i)}[i%3]))
	}
	err := l.Save(t.Context(), sink.LedgerStep{
		Standing: sink.Standing{Behind: "9-9", Number: 9, Asked: "r1", Run: "r1", Owed: 2},
		Wait:     map[int64][]byte{1: []byte("p"), 2: []byte("p q"), 3: []byte("q"), -4: []byte("r1: p"), 5: []byte("z")},
		Due:      map[int64]int64{1: 1000, 5: 7000},
		Held:     map[string][]int64{"p": {1, 2, -4}, "q": {2, 3}, "z": {5}},
		Dead:     dead, Log: [][]byte{[]byte("m1: p q"), []byte("m1: z"), []byte("m2: z"), []byte(": z")},
		Keep: sink.LogBound{Entries: 100, Age: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	if held, err := l.HeldBack(t.Context(), forgettingP().Gone); err != nil || !held {
		t.Errorf("held back: %t, %v", held, err)
	}
	if found, err := l.Forget(t.Context(), forgettingP()); err != nil || found != 4+80+2 {
		t.Errorf("found %d, %v", found, err)
	}
	if err := l.Save(t.Context(), sink.LedgerStep{}); err == nil {
		t.Error("who delivered before is not fenced off")
	}
	text := ""
	for key, value := range redis.Dump(t, c) {
		if strings.Contains(key, ":to:crm") {
			text += key + " " + value + "\n"
		}
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n:\"[]{}()=,", r) }) {
		if word == "p" {
			t.Fatalf("left is\n%s", text)
		}
	}
	if got := c.HGetAll(t.Context(), "m:{s3}:to:crm:wait").Val(); fmt.Sprint(got) != "map[2:q 3:q 5:z]" {
		t.Errorf("%v waits", got)
	}
	if got := c.HGetAll(t.Context(), "m:{s3}:to:crm:held").Val(); fmt.Sprint(got) != "map[q:2 3 z:5]" {
		t.Errorf("held are %v", got)
	}
	if got := c.ZRange(t.Context(), "m:{s3}:to:crm:due", 0, -1).Val(); !slices.Equal(got, []string{"2", "5"}) {
		t.Errorf("due are %q", got)
	}
	if got := c.HMGet(t.Context(), "m:{s3}:to:crm", "owed", "lost").Val(); fmt.Sprint(got) != "[1 1]" {
		t.Errorf("owed and lost are %v", got)
	}
	if n := c.LLen(t.Context(), "m:{s3}:to:crm:dead").Val(); n != 80 {
		t.Errorf("%d dead messages are left", n)
	}
	if found, err := l.Forget(t.Context(), forgettingP()); err != nil || found != 0 {
		t.Errorf("found %d again, %v", found, err)
	}
}

// Only the entries of the profile go, and reading goes on where it was.
func TestAnOutboxIsCleaned(t *testing.T) {
	store := ledgers(t)
	gone := func(id string, version uint64) bool { return id == "q" && version <= 1 }
	for _, want := range []int{1, 0} {
		if n, err := store.CleanOutbox(t.Context(), 3, gone); err != nil || n != want {
			t.Errorf("%d entries, %v", n, err)
		}
	}
	entries, err := store.Outbox(t.Context(), 3, "", 10)
	if err != nil || len(entries) != 1 || entries[0].Change.Profile != "p" {
		t.Errorf("left are %+v, %v", entries, err)
	}
	if entries, err := store.Outbox(t.Context(), 3, "7-2", 10); err != nil || len(entries) > 0 {
		t.Errorf("behind the one that went: %+v, %v", entries, err)
	}
	if end, err := store.OutboxEnd(t.Context(), 3); err != nil || end != 2 {
		t.Errorf("the end is %d, %v", end, err)
	}
}

// An erasure is complete when its field is gone; one that came since stays.
func TestErasuresAreCompleted(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	name := pipeline.ErasedName("ann")
	erase := func(request string) map[string]sink.Erasing {
		t.Helper()
		state, err := store.Open(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		c := &pipeline.Commit{
			Epoch: state.Epoch, From: state.Next, Next: max(0, state.Next) + 1, Catalog: map[string]string{name: "9000 2 2000 " + request},
			Erased: []pipeline.Erased{{Name: name, Request: request, At: 2000}},
		}
		if err := store.Commit(t.Context(), 3, c); err != nil {
			t.Fatal(err)
		}
		left, err := store.Erasing(t.Context(), 3)
		if err != nil || left[name].Request != request || left[name].At != 2000 {
			t.Fatalf("left are %+v, %v", left, err)
		}
		return left
	}
	state := func(want sink.ErasureState) {
		t.Helper()
		if got, err := store.ErasureState(t.Context(), 3, "ann"); err != nil || got != want {
			t.Errorf("state %+v, %v", got, err)
		}
	}
	state(sink.ErasureState{})
	first := erase("one")
	second := erase("two")
	for _, e := range []map[string]sink.Erasing{first, second, second} {
		state(sink.ErasureState{Known: true, Until: 9000, At: 2000, Request: "two"})
		if err := store.Erased(t.Context(), 3, name, e[name]); err != nil {
			t.Fatal(err)
		}
		if e[name].Request == "two" {
			break
		}
	}
	state(sink.ErasureState{Known: true, Until: 9000, At: 2000, Request: "two", Complete: true})
}

// An id is found wherever a key can hold one, and a longer one is not taken for
// it.
func TestTraces(t *testing.T) {
	server := redis.Start(t)
	c, store := server.Client(t), open(t, config(server.Address))
	ctx := t.Context()
	const id = "user-1"
	message := `{"changes":[{"Profile":"` + base64.StdEncoding.EncodeToString([]byte(id)) + `"}]}`
	plant := map[string]func(key, id, text string){
		"m:{s3}:p:7":           func(key, id, _ string) { c.HSet(ctx, key, id, "blob") },
		"m:{s3}:p:8":           func(key, id, _ string) { c.HSet(ctx, key, "other", "\x06"+id+"\x00") },
		"m:{s3}:timers":        func(key, id, _ string) { c.ZAdd(ctx, key, member(id)) },
		"m:2:{s3}:seg:vip":     func(key, id, _ string) { c.SAdd(ctx, key, id) },
		"m:{s3}:out":           func(key, id, _ string) { c.XAdd(ctx, entry(key, "profile", id)) },
		"m:{s3}:to:crm:held":   func(key, id, _ string) { c.HSet(ctx, key, id, "1 2") },
		"m:{s3}:to:crm:wait":   func(key, _, text string) { c.HSet(ctx, key, "5", text) },
		"m:{s3}:to:crm:dead":   func(key, _, text string) { c.RPush(ctx, key, "x", text) },
		"m:{s3}:to:crm:log":    func(key, _, text string) { c.XAdd(ctx, entry(key, "attempt", text)) },
		"m:{s3}:to:crm":        func(key, id, _ string) { c.HSet(ctx, key, "breaker", "said: no "+id+"!") },
		"m:{s3}:to:crm:" + "x": func(string, string, string) {},
	}
	for key, do := range plant {
		do(key, "user-12", "")
		if got, err := store.Traces(ctx, id); err != nil || len(got.Left) > 0 || !got.Whole || got.Keys == 0 && !strings.HasSuffix(key, ":x") {
			t.Errorf("a longer id in %s: %+v, %v", key, got, err)
		}
		do(key, id, message)
		got, err := store.Traces(ctx, id)
		if want := c.Exists(ctx, key).Val() > 0; err != nil || want != slices.Equal(got.Left, []string{key}) {
			t.Errorf("in %s: %+v, %v", key, got, err)
		}
		c.Del(ctx, key)
	}
	// A short id is not looked for in figures, but as a field and a member.
	c.HSet(ctx, "m:{s3}:meta", "epoch", "7")
	if got, err := store.Traces(ctx, "7"); err != nil || len(got.Left) > 0 || got.Whole {
		t.Errorf("%+v, %v", got, err)
	}
	c.SAdd(ctx, "m:{s3}:seg:vip", "7")
	if got, err := store.Traces(ctx, "7"); err != nil || len(got.Left) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Every new shard suppresses what the old ones have erased, by the newest
// request, and completes what they have left.
func TestReshardKeepsErasures(t *testing.T) {
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	populated(t, cfg)
	name := pipeline.ErasedName("ann")
	for shard, text := range map[int]string{0: "9000 1 1000 one", 2: "8000 4 2000 two", 3: "damaged"} {
		c.HSet(t.Context(), fmt.Sprintf("m:{s%d}:catalog", shard), name, text)
	}
	c.HSet(t.Context(), "m:{s2}:erasing", name, "2000 two")
	reshardUntil(t, cfg, 1<<30)
	for shard := range 7 {
		key := fmt.Sprintf("m:2:{s%d}:", shard)
		if got := c.HGet(t.Context(), key+"catalog", name).Val(); got != "8000 4 2000 two" {
			t.Errorf("shard %d keeps %q", shard, got)
		}
		if got := c.HGet(t.Context(), key+"erasing", name).Val(); got != "2000 two" {
			t.Errorf("shard %d completes %q", shard, got)
		}
	}
	abandon(t, cfg)
	if keys := c.Keys(t.Context(), "m:2:*").Val(); len(keys) > 0 {
		t.Errorf("left are %q", keys)
	}
}

func member(id string) client.Z { return client.Z{Score: 5, Member: id} }

func entry(key, field, value string) *client.XAddArgs {
	return &client.XAddArgs{Stream: key, Values: []any{field, value}}
}
