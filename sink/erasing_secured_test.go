package sink_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/sink"
	"muster/test/kit/redis"
)

// The documented user, with what docs/privacy.md adds for the command, may do
// all that an erasure and its proof need.
func TestEraseAsTheDocumentedUser(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	allowDestinations(t, admin)
	text, err := os.ReadFile("../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("ACL SETUSER muster (.*)").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/privacy.md does not say what the command needs")
	}
	words := []any{"ACL", "SETUSER", redis.User}
	for _, word := range strings.Fields(string(found[1])) {
		words = append(words, word)
	}
	if err := admin.Do(t.Context(), words...).Err(); err != nil {
		t.Fatal(err)
	}
	cfg := secured(security, server.Address)
	populated(t, cfg)
	store := connect(t, cfg)
	ledger := store.Ledger(0, "crm")
	if _, err := ledger.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	step := sink.LedgerStep{
		Wait: map[int64][]byte{1: []byte("p"), 2: []byte("p q")}, Held: map[string][]int64{"p": {1, 2}, "q": {2}},
		Dead: [][]byte{[]byte("p"), []byte("p q")}, Log: [][]byte{[]byte("m: p")}, Keep: sink.LogBound{Entries: 10, Age: time.Hour},
	}
	if err := ledger.Save(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	everybody := func(string, uint64) bool { return true }
	n, err := ledger.Forget(t.Context(), forgettingP())
	if err != nil || n != 6 {
		t.Errorf("forgot %d, %v", n, err)
	}
	for shard := range 5 {
		// The first of several in an entry, for which the stream is written anew.
		first, err := store.Outbox(t.Context(), shard, "", 1)
		if err != nil || len(first) == 0 {
			t.Fatalf("the outbox of shard %d begins with %v, %v", shard, first, err)
		}
		one := func(id string, version uint64) bool {
			return id == first[0].Change.Profile && version == first[0].Change.Version
		}
		if n, err := store.CleanOutbox(t.Context(), shard, one); err != nil || n != 1 {
			t.Errorf("%d are removed, %v", n, err)
		}
		if _, err := store.CleanOutbox(t.Context(), shard, everybody); err != nil {
			t.Error(err)
		}
		if _, err := store.CleanTrail(t.Context(), shard, 10); err != nil {
			t.Error(err)
		}
		if _, err := store.Erasing(t.Context(), shard); err != nil {
			t.Error(err)
		}
		if _, err := store.ErasureState(t.Context(), shard, "p"); err != nil {
			t.Error(err)
		}
	}
	if got, err := store.Traces(t.Context(), "somebody"); err != nil || got.Keys == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	expectNothingDenied(t, admin)
}
