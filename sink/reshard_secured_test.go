package sink_test

import (
	"os"
	"strings"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/sink"
	"muster/test/kit/redis"
)

// The documented user may reshard with the permissions that the
// documentation adds for it.
func TestReshardAsTheDocumentedUser(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	allowReshard(t, admin)
	cfg := secured(security, server.Address)
	populated(t, cfg)
	reshardUntil(t, cfg, 1<<30)
	abandon(t, cfg)
	reshard(t, cfg, plan(t, "t5", 5, "t7", 7))
	store := connect(t, cfg)
	_, weighed := store.Weigh(t.Context())
	_, offsets := store.Offsets(t.Context())
	_, dropped := store.DropOld(t.Context(), func(sink.Progress) {})
	for _, err := range []error{weighed, offsets, dropped} {
		if err != nil {
			t.Error(err)
		}
	}
	expectNothingDenied(t, admin)
}

// allowReshard runs the command of docs/operations.md.
func allowReshard(t *testing.T, admin client.UniversalClient) {
	t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		command, found := strings.CutPrefix(strings.TrimSpace(line), "redis-cli ACL SETUSER "+redis.User+" ")
		if !found || !strings.HasPrefix(command, "+") { // the first one makes the user
			continue
		}
		words := []any{"ACL", "SETUSER", redis.User}
		for _, word := range strings.Fields(command) {
			words = append(words, word)
		}
		if err := admin.Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("docs/operations.md does not say what resharding needs")
}
