package sink_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/sink"
	"muster/test/kit/redis"
)

// The documented user may do all that deliveries need with the permissions
// that the documentation adds for destinations.
func TestDeliverAsTheDocumentedUser(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	allowDestinations(t, admin)
	cfg := secured(security, server.Address)
	populated(t, cfg)
	store := connect(t, cfg)
	ledger := store.Ledger(0, "crm")
	if _, err := ledger.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	step := sink.LedgerStep{
		Wait: map[int64][]byte{1: []byte("one"), 2: nil}, Due: map[int64]int64{1: 5, 3: 0}, Held: map[string][]int64{"p": {1}, "q": nil},
		Dead: [][]byte{[]byte("dead")}, Log: [][]byte{[]byte("tried")}, Keep: sink.LogBound{Entries: 10, Age: time.Hour},
		Add: map[string]int64{"delivered": 1},
	}
	saved := ledger.Save(t.Context(), step)
	_, found := ledger.Find(t.Context(), sink.LedgerQuestion{Due: 10, Most: 10, Profiles: []string{"p"}, Behind: 10})
	_, resent := store.Resend(t.Context(), 0, "crm", func([]byte) (sink.WaitingMessage, bool, error) {
		return sink.WaitingMessage{Number: 9, Text: []byte("again")}, true, nil
	})
	_, counted := store.Deliveries(t.Context(), "crm")
	logged := store.DeliveryLog(t.Context(), 0, "crm", time.UnixMilli(0), func([]byte) error { return nil })
	_, profiles := store.Profiles(t.Context(), 0, []string{"nobody"})
	states := store.SetDestinationState(t.Context(), "crm", "paused", "by hand")
	for _, err := range []error{saved, found, resent, counted, logged, profiles, states} {
		if err != nil {
			t.Error(err)
		}
	}
	expectNothingDenied(t, admin)
}

// allowDestinations gives the user what docs/operations.md adds for
// destinations.
func allowDestinations(t *testing.T, admin client.UniversalClient) {
	t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("with \\[destinations\\]\\(activation.md\\)\\s+`([^`]*)`").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/operations.md does not say what destinations need")
	}
	words := []any{"ACL", "SETUSER", redis.User}
	for _, word := range strings.Fields(string(found[1])) {
		words = append(words, word)
	}
	if err := admin.Do(t.Context(), words...).Err(); err != nil {
		t.Fatal(err)
	}
}
