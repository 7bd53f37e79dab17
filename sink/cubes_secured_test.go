package sink_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"muster/credentials"
	"muster/cube"
	"muster/sink"
	"muster/test/kit/redis"
)

// The documented users may do all that cubes need with the permissions that the
// documentation adds for them: one counts and folds, the other asks.
func TestCubesAsTheDocumentedUsers(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.Do(t.Context(), readerCommand(t)...).Err(); err != nil {
		t.Fatal(err)
	}
	for user, form := range map[string]string{
		"muster": "\\[cubes\\]\\(insights[^)]*\\)\\s+`([^`]*)`", "reader": "`evaluator insights reach`, and `insights serve` where it is asked about cubes, it needs `([^`]*)`",
	} {
		found := regexp.MustCompile(form).FindSubmatch(text)
		if found == nil {
			t.Fatalf("docs/operations.md has no permissions of %s for cubes", user)
		}
		words := []any{"ACL", "SETUSER", user}
		for _, one := range strings.Fields(string(found[1])) {
			words = append(words, one)
		}
		if err := admin.Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	cfg := secured(security, server.Address)
	populated(t, cfg)
	store := connect(t, cfg)
	c, day := adsCube(t), today()
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenCubes(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for i := range int64(30) { // until cells are folded into (other)
		if _, err := store.AddCubes(t.Context(), 0, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next}, sink.CubeMark{Next: i}, partOf(c, adView{"u1", string(rune('a' + i)), day})); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			foldAll(t, store, 0, cube.Config{Cells: 16, Days: 30})
		}
	}
	cfg.Username, cfg.Password, cfg.PasswordFile = "reader", credentials.NewSecret("CHANGE-ME"), ""
	reader := connect(t, cfg)
	for where, want := range map[string]string{"": "all 1/30/1", `ad == "a"`: "all "} {
		if got := answerOf(t, reader, c, where, nil, day, day); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
	}
	if _, err := reader.ReachSketch(t.Context(), "vip", day-1, day); err != nil {
		t.Error(err)
	}
	expectNothingDenied(t, admin)
}
