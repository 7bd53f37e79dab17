package lookup

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPlacesBeginWithNoDash demands that a place can be pasted behind a flag
// of a command, whatever deployment it is of, and is read as what it was.
func TestPlacesBeginWithNoDash(t *testing.T) {
	firsts := map[byte]bool{}
	for i := range 10_000 {
		p := place{of: placeOf(strconv.Itoa(i), i, 1), shards: []entryID{{int64(i), 1}}}
		text := p.String()
		if strings.HasPrefix(text, "-") {
			t.Fatalf("the place %q of deployment %d begins with a dash", text, i)
		}
		firsts[text[0]] = true
		got, ok := parsePlace(text)
		if !ok || got.of != p.of || !slices.Equal(got.shards, p.shards) {
			t.Fatalf("%q is read as %+v, it was %+v", text, got, p)
		}
	}
	if len(firsts) < 32 {
		t.Errorf("places begin with %d different characters, so deployments are told apart by fewer bits", len(firsts))
	}
}
