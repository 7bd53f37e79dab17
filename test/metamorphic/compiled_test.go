package metamorphic

import (
	"math/rand/v2"
	"strings"
	"testing"

	"muster/rules"
)

// listed reports whether a segment's members are kept, which no edit changes.
func listed(id string) bool { return !strings.HasSuffix(id, "7") }

// compileSegments makes a set of rules.
func compileSegments(t *testing.T, texts map[string]string) *rules.Set {
	t.Helper()
	var segments []rules.Segment
	for id, text := range texts {
		one := rules.NewSegment(id, text)
		one.Members = listed(id)
		segments = append(segments, one)
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
