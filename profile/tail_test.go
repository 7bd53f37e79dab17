package profile

import (
	"encoding/hex"
	"strings"
	"testing"

	"muster/event"
)

// TestTailChangesWithTraits: what is no trait leaves the tail as it is stored,
// and a base fits the tail that it was made with and no other.
func TestTailChangesWithTraits(t *testing.T) {
	schema := everySeries(1000)
	codec, cfg := codecOf(schema), Default()
	p := goldenProfile(t, schema)
	first := string(codec.AppendBase(nil, p, p.LastSeen))
	tail := string(p.Tail())
	if tail == "" || p.TailIsStored() {
		t.Fatalf("a tail of %q, stored %v", tail, p.TailIsStored())
	}
	p.StoredTail()
	apply(t, p, schema, cfg, track(start+10, 1))
	apply(t, p, schema, cfg, identify(start+10, event.Value{}))
	second := string(codec.AppendBase(nil, p, p.LastSeen))
	if !p.TailIsStored() || string(p.Tail()) != tail || second == first {
		t.Errorf("a tail of %q, stored %v", p.Tail(), p.TailIsStored())
	}
	for _, base := range []string{first, second} {
		if got, rest := Cut(base + tail); got != base || rest != tail || !Fits(base+tail) {
			t.Errorf("cut into %q and %q", got, rest)
		}
	}
	apply(t, p, schema, cfg, identify(start+20, object("plan", event.StringOf("eco"))))
	third := string(codec.AppendBase(nil, p, p.LastSeen))
	if p.TailIsStored() || string(p.Tail()) == tail || len(p.Tail()) != len(tail) {
		t.Errorf("a tail of %q, stored %v", p.Tail(), p.TailIsStored())
	}
	for _, torn := range []string{second + string(p.Tail()), third + tail, third} {
		_, err := codec.Decode("p", torn)
		if _, traits := TraitsOf(torn); Fits(torn) || err == nil || traits == nil {
			t.Errorf("base and tail of two commits are read: %v, %v", err, traits)
		}
	}
	q, err := codec.Decode("p", third+string(p.Tail()))
	if err != nil || !q.TailIsStored() || q.Traits.Get("plan").Text() != "eco" {
		t.Errorf("the plan is %v, stored %v, %v", q.Traits.Get("plan"), q.TailIsStored(), err)
	}
}

// TestNoTraitsNoTail: a profile without traits is all base.
func TestNoTraitsNoTail(t *testing.T) {
	schema := everySeries(1000)
	codec, p := codecOf(schema), New("p")
	apply(t, p, schema, Default(), track(start, 1))
	blob := string(codec.Append(nil, p, start))
	q, err := codec.Decode("p", blob)
	if err != nil || p.Tail() != nil || q.Tail() != nil || q.TailIsStored() {
		t.Errorf("tails %q and %q, %v", p.Tail(), q.Tail(), err)
	}
	if base, tail := Cut(blob); base != blob || tail != "" || !Fits(blob) {
		t.Errorf("cut into %q and %q", base, tail)
	}
	for _, base := range []string{blob, "\x02older", "\x82older", ""} {
		if got := Join(base, "left behind"); got != base {
			t.Errorf("%q with a tail that it does not know is %q", base, got)
		}
	}
	if got := Join("other", " tail"); got != "other tail" || Join("other", "") != "other" {
		t.Errorf("joined to %q", got)
	}
}

// TestOlderBlobsAreCutByRenumbering: what a reshard makes of an older blob has
// a tail, and no trait has changed.
func TestOlderBlobsAreCutByRenumbering(t *testing.T) {
	schema := everySeries(1000)
	codec := codecOf(schema)
	n := &Renumbering{Generation: func(g uint64) uint64 { return g }}
	for i := range codec.Names() {
		n.Numbers = append(n.Numbers, uint64(i))
	}
	want, err := TraitsOf(blobOf(goldenProfile(t, schema), schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, golden := range []string{goldenBlob1, goldenBlob2, goldenBlob} {
		older, err := hex.DecodeString(golden)
		if err != nil {
			t.Fatal(err)
		}
		moved, err := n.Append([]byte("before"), older)
		if err != nil {
			t.Fatal(err)
		}
		blob, _ := strings.CutPrefix(string(moved), "before")
		got, err := TraitsOf(blob)
		if err != nil || got.encoded != want.encoded || got.Len() != want.Len() {
			t.Errorf("traits %q, %v", got.encoded, err)
		}
		if base, tail := Cut(blob); tail == "" || blob[0] != formatVersion || !Fits(base+tail) {
			t.Errorf("cut into %q and %q", base, tail)
		}
	}
}
