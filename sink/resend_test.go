package sink_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/sink"
	"muster/test/kit/redis"
)

// dead returns the given-up messages of crm.
func dead(t *testing.T, store *sink.Store) (out []string) {
	t.Helper()
	err := store.DeadMessages(t.Context(), "crm", func(text []byte) error {
		out = append(out, string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Given-up messages that are chosen wait again and the others stay, while the
// owner gives up more of them.
func TestResendBesideTheOwner(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	ledger := store.Ledger(3, "crm")
	if _, err := ledger.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	var step sink.LedgerStep
	var stay []string
	for i := range 333 {
		text := fmt.Sprintf("%d", i+1)
		step.Dead = append(step.Dead, []byte(text))
		if i%3 == 0 {
			stay = append(stay, text)
		}
	}
	if err := ledger.Save(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	asked := 0
	sent, err := store.Resend(t.Context(), 3, "crm", func(text []byte) (sink.WaitingMessage, bool, error) {
		if asked++; asked%40 == 0 && asked < 300 { // in the middle of a transaction
			late := "late " + strconv.Itoa(asked)
			stay = append(stay, late)
			if err := ledger.Save(t.Context(), sink.LedgerStep{Dead: [][]byte{[]byte(late)}}); err != nil {
				t.Fatal(err)
			}
		}
		number, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			t.Fatalf("asked about %s", text)
		}
		return sink.WaitingMessage{Number: number, Text: []byte("again " + string(text))}, number%3 != 1, nil
	})
	if err != nil || sent != 222 || asked < 340 {
		t.Fatalf("%d are sent again, asked about %d, %v", sent, asked, err)
	}
	if got := dead(t, store); !slices.Equal(got, stay) {
		t.Errorf("%v stay, want %v", got, stay)
	}
	found, err := ledger.Find(t.Context(), sink.LedgerQuestion{Due: time.Now().UnixMilli(), Most: 1000, Profiles: []string{"p"}})
	if err != nil || len(found.Due) != 222 || found.Waiting != 222 || len(found.Held) > 0 {
		t.Fatalf("%d are due of %d, held %v, %v", len(found.Due), found.Waiting, found.Held, err)
	}
	for _, m := range found.Due {
		if text, ok := strings.CutPrefix(string(m.Text), "again "); !ok || text != strconv.FormatInt(m.Number, 10) {
			t.Errorf("message %d is %q", m.Number, m.Text)
		}
	}
}

// What can't be read is moved nowhere.
func TestResendStopsAtAnError(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	ledger := store.Ledger(3, "crm")
	if _, err := ledger.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Save(t.Context(), sink.LedgerStep{Dead: [][]byte{[]byte("1"), []byte("2")}}); err != nil {
		t.Fatal(err)
	}
	odd := errors.New("odd")
	_, err := store.Resend(t.Context(), 3, "crm", func(text []byte) (sink.WaitingMessage, bool, error) {
		if string(text) == "2" {
			return sink.WaitingMessage{}, false, odd
		}
		return sink.WaitingMessage{Number: 1, Text: text}, true, nil
	})
	if !errors.Is(err, odd) || len(dead(t, store)) != 2 {
		t.Errorf("got %v, %d stay", err, len(dead(t, store)))
	}
}
