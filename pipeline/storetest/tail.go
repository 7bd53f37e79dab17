package storetest

import (
	"slices"
	"testing"

	"muster/pipeline"
)

// tails writes bases and tails of profiles. A tail stays until it is written
// again, is removed, or its profile is erased, and belongs to one profile alone.
func tails(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	text := func(s string) []byte { return []byte(s) }
	for _, step := range []struct {
		writes        []pipeline.Write
		ann, bob, eve string
	}{
		{[]pipeline.Write{
			{Profile: "ann", Blob: text("a1 "), Tail: text("tail of ann"), TailChanged: true},
			{Profile: "bob", Blob: text("b1 "), Tail: text("tail of bob"), TailChanged: true}, {Profile: "eve", Blob: text("e1")},
		}, "a1 tail of ann", "b1 tail of bob", "e1"},
		{[]pipeline.Write{
			{Profile: "ann", Blob: text("a2 "), Tail: text("not to be written")},
			{Profile: "bob", Blob: text("b2 "), Tail: text("another tail"), TailChanged: true},
			{Profile: "eve", Blob: text("e2 "), Tail: text("\x00\xff\r\n"), TailChanged: true},
		}, "a2 tail of ann", "b2 another tail", "e2 \x00\xff\r\n"},
		{[]pipeline.Write{{Profile: "ann", Gone: true}, {Profile: "bob", Blob: text("b3"), TailChanged: true}}, "", "b3", "e2 \x00\xff\r\n"},
		{[]pipeline.Write{{Profile: "ann", Blob: text("a4")}, {Profile: "bob", Blob: text("b4")}}, "a4", "b4", "e2 \x00\xff\r\n"},
	} {
		c := w.next(1)
		c.Profiles = step.writes
		w.commit(t, c)
		want := []string{step.ann, step.bob, step.eve, ""}
		if got := w.load(t, "ann", "bob", "eve", "nobody"); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		w = open(t, b.Open(t), shard)
	}
}
