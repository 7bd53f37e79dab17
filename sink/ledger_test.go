package sink_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// ledgers returns a store with some changes in the outbox of shard 3.
func ledgers(t *testing.T) *sink.Store {
	t.Helper()
	store := open(t, config(redis.Start(t).Address))
	state, err := store.Open(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	commit := pipeline.Commit{Epoch: state.Epoch, Next: 7, Changes: []pipeline.Change{
		{Profile: "p", Segment: "vip", Entered: true, At: 1000, Version: 1, Cause: pipeline.CauseEvent},
		{Profile: "q", Segment: "vip", Entered: true, At: 1000, Version: 1, Cause: pipeline.CauseEvent},
	}}
	commit.From = state.Next
	if err := store.Commit(t.Context(), 3, &commit); err != nil {
		t.Fatal(err)
	}
	return store
}

// A destination begins behind what was there before it.
func TestALedgerBeginsBehindTheNewestChange(t *testing.T) {
	store := ledgers(t)
	for range 2 { // the second time as another process
		got, err := store.Ledger(3, "crm").Claim(t.Context())
		if err != nil || got != (sink.Standing{Behind: "7-2", Number: 2, Until: 2}) {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	got, err := store.Ledger(4, "crm").Claim(t.Context())
	if err != nil || got != (sink.Standing{}) {
		t.Fatalf("an empty shard: got %+v, %v", got, err)
	}
}

// What is saved is found again, and only by who claimed last.
func TestALedgerKeepsAStep(t *testing.T) {
	store := ledgers(t)
	first, second := store.Ledger(3, "crm"), store.Ledger(3, "crm")
	if _, err := first.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	step := sink.LedgerStep{
		Standing: sink.Standing{Behind: "9-4", Number: 4, Until: 6},
		Wait:     map[int64][]byte{3: []byte("three"), 4: []byte("four"), 5: []byte("five")},
		Due:      map[int64]int64{3: 2000, 4: 1000},
		Held:     map[string][]int64{"p\xff": {3, 5}, "q": {4}},
		Dead:     [][]byte{[]byte("gone")},
		Add:      map[string]int64{"delivered": 2},
	}
	if err := first.Save(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	found, err := first.Find(t.Context(), sink.LedgerQuestion{Due: 2000, Most: 10, Profiles: []string{"p\xff", "q", "r"}})
	if err != nil || len(found.Due) != 2 || found.Due[0].Number != 4 || string(found.Due[1].Text) != "three" || found.Waiting != 3 {
		t.Fatalf("got %+v, %v", found, err)
	}
	if want := map[string][]int64{"p\xff": {3, 5}, "q": {4}}; !maps.EqualFunc(found.Held, want, slices.Equal) {
		t.Fatalf("held %v, want %v", found.Held, want)
	}
	found, err = first.Find(t.Context(), sink.LedgerQuestion{Profiles: []string{"r", "q", "p\xff"}, Behind: 1})
	if behind := found.Behind["p\xff"]; err != nil || len(found.Behind) != 1 || len(behind) != 1 || behind[0].Number != 5 || string(behind[0].Text) != "five" {
		t.Fatalf("behind are %v, %v", found.Behind, err)
	}
	found, err = first.Find(t.Context(), sink.LedgerQuestion{Due: 1999, Most: 1})
	if err != nil || len(found.Due) != 1 || found.Due[0].Number != 4 || found.Waiting != 3 || len(found.Held) > 0 {
		t.Fatalf("got %+v, %v", found, err)
	}

	got, err := second.Claim(t.Context())
	if err != nil || got != (sink.Standing{Behind: "9-4", Number: 4, Until: 6, Waiting: 3}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if err := first.Save(t.Context(), step); !errors.Is(err, sink.ErrClaimed) {
		t.Fatalf("got %v, want ErrClaimed", err)
	}
	step = sink.LedgerStep{
		Standing: sink.Standing{Behind: "9-6", Number: 6, Until: 6},
		Wait:     map[int64][]byte{3: nil}, Due: map[int64]int64{5: 500, 4: 0}, Held: map[string][]int64{"p\xff": {5}, "q": nil},
	}
	if err := second.Save(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	found, err = second.Find(t.Context(), sink.LedgerQuestion{Due: 5000, Most: 10, Profiles: []string{"p\xff", "q"}})
	if err != nil || len(found.Due) != 1 || found.Due[0].Number != 5 || len(found.Held) != 1 || found.Waiting != 2 {
		t.Fatalf("got %+v, %v", found, err)
	}
}

// What is shown of a breaker stays until another text is stored, or none.
func TestALedgerKeepsWhatIsShownOfTheBreaker(t *testing.T) {
	store := ledgers(t)
	ledger := store.Ledger(3, "crm")
	standing, err := ledger.Claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	open, none := "open", ""
	for _, c := range []struct {
		stored *string
		want   string
	}{{nil, ""}, {&open, "open"}, {nil, "open"}, {&none, ""}} {
		if err := ledger.Save(t.Context(), sink.LedgerStep{Standing: standing, Breaker: c.stored}); err != nil {
			t.Fatal(err)
		}
		d, err := store.Deliveries(t.Context(), "crm")
		if got := strings.Join(d.Breakers, "|"); err != nil || got != c.want {
			t.Errorf("the deliveries have the breakers %q, %v, want %q", got, err, c.want)
		}
		if got, err := ledger.Claim(t.Context()); err != nil || got.Breaker != c.want {
			t.Errorf("claimed with %q, %v, want %q", got.Breaker, err, c.want)
		}
	}
}

// The state of a destination is everybody's.
func TestDestinationStates(t *testing.T) {
	store := ledgers(t)
	if state, _, err := store.DestinationState(t.Context(), "crm"); err != nil || state != "" {
		t.Fatalf("got %q, %v", state, err)
	}
	if err := store.SetDestinationState(t.Context(), "crm", "disabled", "410 Gone"); err != nil {
		t.Fatal(err)
	}
	if state, reason, err := store.DestinationState(t.Context(), "crm"); err != nil || state != "disabled" || reason != "410 Gone" {
		t.Fatalf("got %q, %q, %v", state, reason, err)
	}
	if err := store.SetDestinationState(t.Context(), "crm", "", ""); err != nil {
		t.Fatal(err)
	}
	if state, reason, err := store.DestinationState(t.Context(), "crm"); err != nil || state+reason != "" {
		t.Fatalf("got %q, %q, %v", state, reason, err)
	}
}

// BenchmarkLedgerSave saves what a round with few changes does.
func BenchmarkLedgerSave(b *testing.B) {
	store := open(b, config(redis.Start(b).Address))
	ledger := store.Ledger(3, "crm")
	standing, err := ledger.Claim(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	step := sink.LedgerStep{
		Standing: standing, Log: [][]byte{make([]byte, 300)}, Keep: sink.LogBound{Entries: 2000, Age: time.Hour},
		Add: map[string]int64{"delivered": 4},
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ledger.Save(b.Context(), step); err != nil {
			b.Fatal(err)
		}
	}
}

// Who delivers is told when Redis comes back without what was saved last: with
// the messages that wait, what they hold back is lost as well, and a later
// change of theirs must not be taken for one that is free.
func TestALedgerThatHasLostAStepIsClaimedAnew(t *testing.T) {
	server := redis.Start(t, "appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0")
	ledger := open(t, config(server.Address)).Ledger(3, "crm")
	standing, err := ledger.Claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	question := sink.LedgerQuestion{Profiles: []string{"p"}}
	before := server.Mark(t)
	standing.Behind, standing.Number = "7-4", 4
	step := sink.LedgerStep{Standing: standing, Wait: map[int64][]byte{4: []byte("four")}, Due: map[int64]int64{4: 1}, Held: map[string][]int64{"p": {4}}}
	if err := ledger.Save(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	if found, err := ledger.Find(t.Context(), question); err != nil || !slices.Equal(found.Held["p"], []int64{4}) {
		t.Fatalf("found %+v, %v", found, err)
	}
	if !server.Lose(t, before) {
		t.Fatal("nothing was lost")
	}
	server.Restart(t)

	if found, err := ledger.Find(t.Context(), question); !errors.Is(err, sink.ErrClaimed) {
		t.Errorf("found %+v, %v; want ErrClaimed", found, err)
	}
	if err := ledger.Save(t.Context(), step); !errors.Is(err, sink.ErrClaimed) {
		t.Errorf("saving: %v, want ErrClaimed", err)
	}
	if standing, err = ledger.Claim(t.Context()); err != nil || standing != (sink.Standing{}) {
		t.Fatalf("claimed anew: %+v, %v", standing, err)
	}
	if found, err := ledger.Find(t.Context(), question); err != nil || len(found.Held) > 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := ledger.Save(t.Context(), step); err != nil {
		t.Errorf("saving: %v", err)
	}
}
