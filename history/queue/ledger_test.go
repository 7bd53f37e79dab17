package queue

import (
	"context"
	"errors"
	"os"
	"testing"

	"muster/history/account"
)

// Every attempt is in the ledger once, that of a killed process too, and what
// one left half written does no harm.
func TestLedger(t *testing.T) {
	q := fast(t)
	cost := func(bytes int64) func() Figures {
		return func() Figures {
			return Figures{Account: account.Account{Attempts: 1, Scanned: account.Volume{Bytes: bytes}}}
		}
	}
	turn := func() *Hold {
		h := take(t, q, asked("a"))
		if _, err := h.Await(t.Context(), 1, noTelling); err != nil {
			t.Fatal(err)
		}
		return h
	}
	earlier := func(h *Hold) account.Account {
		sum, err := h.Earlier()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	failed := errors.New("failed")
	if err := turn().Run(t.Context(), cost(1), func(context.Context) error { return failed }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	killed := turn()
	killed.state.Account = cost(10)().Account
	if err := errors.Join(killed.write(killed.state.Began), killed.lock.Close()); err != nil {
		t.Fatal(err)
	}
	ledger, err := os.OpenFile(q.locate(killed.path("ledger.ndjson")), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.WriteString(`{"attempt":2,"acc`); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Close(); err != nil {
		t.Fatal(err)
	}
	unasked := take(t, q, asked("a")) // whose turn does not come
	if err := unasked.end(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	h := turn()
	if sum := earlier(h); sum.Attempts != 2 || sum.Scanned.Bytes != 11 {
		t.Errorf("%+v", sum)
	}
	if err := h.Run(t.Context(), cost(100), func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if e := find(t, q, "a"); e.State.Attempt != 4 {
		t.Errorf("%+v", e.State)
	}
	h = turn() // of what was done: it begins anew
	if sum := earlier(h); sum.Attempts != 0 {
		t.Errorf("%+v", sum)
	}
	if err := h.end(nil); err != nil {
		t.Error(err)
	}
}
