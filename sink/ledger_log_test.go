package sink_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/sink"
	"muster/test/kit/redis"
)

// logOf returns the log of a destination in shard 3.
func logOf(t *testing.T, store *sink.Store, since time.Time) (out []string) {
	t.Helper()
	err := store.DeliveryLog(t.Context(), 3, "crm", since, func(text []byte) error {
		out = append(out, string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The log is kept in order, by age and in number, beside what the ledger has.
func TestALedgerKeepsALog(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	ledger := store.Ledger(3, "crm")
	if _, err := ledger.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	bound := sink.LogBound{Entries: 1500, Age: time.Hour}
	var all []string
	write := func(n int) {
		t.Helper()
		var step sink.LedgerStep
		step.Keep = bound
		for range n {
			all = append(all, fmt.Sprint(len(all)))
			step.Log = append(step.Log, []byte(all[len(all)-1]))
		}
		if err := ledger.Save(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	write(1200) // more than a page
	if got := logOf(t, store, time.UnixMilli(0)); !slices.Equal(got, all) {
		t.Fatalf("got %d entries, of %d", len(got), len(all))
	}
	for range 5 {
		write(700)
	}
	got := logOf(t, store, time.UnixMilli(0))
	if len(got) < 1500 || len(got) > 1700 || !slices.Equal(got, all[len(all)-len(got):]) {
		t.Errorf("got %d entries from %s on, of %d", len(got), got[0], len(all))
	}
	if got := logOf(t, store, time.Now().Add(time.Hour)); len(got) > 0 {
		t.Errorf("%d entries are of the future", len(got))
	}
	client := server.Client(t)
	if left := client.TTL(t.Context(), "m:{s3}:to:crm:log").Val(); left < 59*time.Minute || left > time.Hour+time.Minute {
		t.Errorf("the log expires in %s", left)
	}
	bound.Entries = 10 // of more entries than are kept only the newest are written
	write(2000)
	if got := logOf(t, store, time.UnixMilli(0)); len(got) < 10 || len(got) > 200 || got[len(got)-1] != all[len(all)-1] {
		t.Errorf("got %d entries up to %s", len(got), got[len(got)-1])
	}
	bound = sink.LogBound{}
	before := client.XLen(t.Context(), "m:{s3}:to:crm:log").Val()
	write(1)
	if after := client.XLen(t.Context(), "m:{s3}:to:crm:log").Val(); after != before {
		t.Errorf("%d entries became %d with no log to keep", before, after)
	}
}

// Entries that are too old go when others come.
func TestOldEntriesOfALogGo(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	ledger := store.Ledger(3, "crm")
	if _, err := ledger.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	client := server.Client(t)
	for i := range 400 { // of 1970
		if err := client.Do(t.Context(), "XADD", "m:{s3}:to:crm:log", fmt.Sprintf("%d-1", i+1), "attempt", "old").Err(); err != nil {
			t.Fatal(err)
		}
	}
	step := sink.LedgerStep{Log: [][]byte{[]byte("new")}, Keep: sink.LogBound{Entries: 10_000, Age: time.Hour}}
	if err := ledger.Save(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	if n := client.XLen(t.Context(), "m:{s3}:to:crm:log").Val(); n > 101 {
		t.Errorf("%d entries are kept", n)
	}
}
