package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// hostileIDs are profile ids that break keys, commands, hash tags, file names
// or terminals when they are not treated as plain text, and pairs that are
// equal when joined, cut, folded or trimmed without care.
var hostileIDs = []string{
	"}{", "{s0}", "{s1}:meta", "m:{s0}:meta", "m:{s0}:seg:n1", "m:cluster", "hll:{n1}:20261101",
	"a:b", "a", "b", "a:b:c", "a:", ":a", "a b", " a", "a ", "A", "\u00e1", "a\u0301",
	"line\r\nFLUSHALL\r\n", "nul\x00byte", "nul", "tab\t", "'\"\\", "%s%d", "../../etc/passwd", "*", "?", "[a-z]",
	"-1", "0x0", "00", "1e3", "nil", "yes", "\u202eevil", "\u200b", "\ufeffa", "\U0001F600", strings.Repeat("\U0001F600", 256),
	strings.Repeat("x", 1024), strings.Repeat("x", 1023) + "y", "12-0", "$", "+", "(1", "SET k v",
}

// documented is the form of every key in Redis.
var documented = regexp.MustCompile(`^m:(cluster|\{sources\}:(anchors|gaps)|\{s\d+\}:(meta|names|catalog|gaps|timers|size|out|hours:\d{8}|days:\d{6}|p:\d+|seg:n\d+)|hll:\{n\d+\}:(\d{8}|past))$`)

// Every profile has its own state whatever it is called: the n-th of them has
// n events and is the only one in the segment of those who do. None gets a
// key of its own, and nothing is refused.
func TestHostileProfileIDs(t *testing.T) {
	stack.Beside(t)
	rules, segments := map[string]string{}, "segments:\n"
	for i := range hostileIDs {
		id, rule := fmt.Sprintf("n%d", i+1), fmt.Sprintf(`count(events("Seen")) == %d`, i+1)
		rules[id] = rule
		segments += fmt.Sprintf("  - {id: %s, rule: '%s'}\n", id, rule)
	}
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 4, Sources: 1, Segments: segments, Cluster: cluster})
		s.Init()
		s.Run()
		var records []*kgo.Record
		for i, id := range hostileIDs {
			name, err := json.Marshal(id)
			if err != nil {
				t.Fatal(err)
			}
			for range i + 1 {
				records = append(records, &kgo.Record{Topic: s.Source, Key: []byte(id), Value: fmt.Appendf(nil,
					`{"type":"track","event":"Seen","userId":%s,"receivedAt":"2026-11-01T10:00:00Z"}`, name)})
			}
		}
		s.Produce(records...)
		s.AwaitSettled(stack.Patience)
		report(t, s.Verify(rules))
		if letters := s.Letters(s.Source); len(letters) > 0 {
			t.Errorf("refused: %v", letters)
		}
		for i, id := range hostileIDs {
			segment := fmt.Sprintf("n%d", i+1)
			if got := s.Stored(s.Owner(id), []string{segment}).Members[segment]; !slices.Equal(got, []string{id}) {
				t.Errorf("%d events have %q, want %q", i+1, got, id)
			}
		}
		for _, key := range s.Keys("*") {
			if !documented.MatchString(key) {
				t.Errorf("there is a key %q", key)
			}
		}
	})
}
