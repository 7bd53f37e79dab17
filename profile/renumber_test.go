package profile

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/test/kit/generate"
)

// renumbered is a list of names in another order and among others, and the
// renumbering that leads to it. Generation 3 becomes 9, all others 1.
func renumbered(r *rand.Rand, names []string) ([]string, *Renumbering) {
	other := append([]string{"s:only-there", "a:only-there"}, names...)
	r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
	n := &Renumbering{Generation: func(g uint64) uint64 {
		if g == 3 {
			return 9
		}
		return 1
	}}
	for _, name := range names {
		n.Numbers = append(n.Numbers, uint64(slices.Index(other, name)))
	}
	return other, n
}

// TestRenumberedProfilesAreTheSame writes profiles of random events with one
// list of names and reads them back with another.
func TestRenumberedProfilesAreTheSame(t *testing.T) {
	schema, cfg := streamSchema(), Default()
	schema.Conditions = []string{"x", "y", "z"}
	segments := []string{"a", "b", "c"}
	first, names := NewCodec(schema, segments, nil)
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		other, n := renumbered(r, names)
		second, added := NewCodec(schema, segments, other)
		if len(added) != 0 {
			t.Fatalf("added %v", added)
		}
		p, now := New("p"), generate.Start
		for range 100 {
			ev := generate.Event(r, []string{"p"}, now)
			now = max(now, ev.Arrival)
			p.Apply(schema, &cfg, &ev, now, &Changed{})
		}
		p.Generation, p.Version, p.Deadline = 3, 12, now+5
		for i := range segments {
			p.Members.Set(i, r.IntN(2) == 0)
		}
		p.Hold(int(seed)%3, now)
		p.Members.Set(len(segments)+int(seed)%3, true)
		blob := first.Append(nil, p, now)
		moved, err := n.Append([]byte("before"), blob)
		if err != nil || string(moved[:6]) != "before" {
			t.Fatalf("%q, %v", moved, err)
		}
		q, err := second.Decode("p", string(moved[6:]))
		if err != nil {
			t.Fatal(err)
		}
		if q.Generation != 9 {
			t.Errorf("generation %d", q.Generation)
		}
		q.Generation = p.Generation
		compareProfiles(t, first, p, q, now)
	}
}

// TestRenumberingKeepsWhatRulesNoLongerAskFor: no rule set is there to say.
func TestRenumberingKeepsWhatRulesNoLongerAskFor(t *testing.T) {
	schema := everySeries(1000)
	_, names := NewCodec(schema, []string{"a", "b", "c"}, nil)
	blob, err := hex.DecodeString(goldenBlob)
	if err != nil {
		t.Fatal(err)
	}
	other, there := renumbered(rand.New(rand.NewPCG(1, 1)), names)
	back := &Renumbering{Generation: func(uint64) uint64 { return 3 }}
	for _, name := range other {
		back.Numbers = append(back.Numbers, uint64(max(0, slices.Index(names, name))))
	}
	moved, err := there.Append(nil, blob)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Append(nil, moved)
	if err != nil || hex.EncodeToString(again) != goldenBlob {
		t.Errorf("there and back again: %x, %v", again, err)
	}
}

func TestDamagedBlobsAreNotRenumbered(t *testing.T) {
	blob, err := hex.DecodeString(goldenBlob)
	if err != nil {
		t.Fatal(err)
	}
	_, names := NewCodec(everySeries(1000), []string{"a", "b", "c"}, nil)
	_, n := renumbered(rand.New(rand.NewPCG(1, 1)), names)
	refused := func(what string, blob []byte) {
		if got, err := n.Append(nil, blob); err == nil || len(got) != 0 {
			t.Errorf("%s: %x, %v", what, got, err)
		}
	}
	for i := range blob {
		refused("cut short", blob[:i])
	}
	refused("an empty list of conditions", append(slices.Clone(blob), 0))
	refused("too long", append(slices.Clone(blob), 1, 0, 0, 0))
	refused("another format", append([]byte{formatVersion + 1}, blob[1:]...))
	n.Numbers = n.Numbers[:1]
	refused("a number beyond the names", blob)
}

func TestReadStored(t *testing.T) {
	blob, err := hex.DecodeString(goldenBlob)
	if err != nil {
		t.Fatal(err)
	}
	p, err := codecOf(everySeries(1000)).Decode("p", string(blob))
	if err != nil {
		t.Fatal(err)
	}
	_, names := NewCodec(everySeries(1000), []string{"a", "b", "c"}, nil)
	s, err := ReadStored(blob)
	if err != nil || s.Deadline != p.Deadline {
		t.Fatalf("%+v, %v; want deadline %d", s, err, p.Deadline)
	}
	var ids []string
	for _, number := range s.Segments {
		id, is := SegmentName(names[number])
		if !is {
			t.Errorf("%q is no segment", names[number])
		}
		ids = append(ids, id)
	}
	if !slices.Equal(ids, []string{"a", "c"}) {
		t.Errorf("segments %v", ids)
	}
	if _, is := SegmentName("a:series"); is {
		t.Error("a series is a segment")
	}
	for _, damaged := range [][]byte{nil, blob[:8], {formatVersion + 1, 0, 0, 0, 0, 0, 0, 0}} {
		if s, err := ReadStored(damaged); err == nil {
			t.Errorf("%x reads as %+v", damaged, s)
		}
	}
}

// FuzzRenumbering: whatever is stored, renumbering refuses it or makes what
// leads back to the same.
func FuzzRenumbering(f *testing.F) {
	blob, err := hex.DecodeString(goldenBlob)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blob)
	schema := conditionSchema("x", "y")
	codec, names := NewCodec(schema, []string{"a"}, nil)
	p := New("p")
	p.Hold(1, start)
	f.Add(codec.Append(nil, p, start))
	other, there := renumbered(rand.New(rand.NewPCG(1, 1)), append(names, "a:1", "a:2"))
	back := &Renumbering{Generation: func(uint64) uint64 { return 0 }}
	for _, name := range other {
		back.Numbers = append(back.Numbers, uint64(max(0, slices.Index(append(names, "a:1", "a:2"), name))))
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		moved, err := there.Append(nil, blob)
		if err != nil {
			return
		}
		before, err := ReadStored(blob)
		if err != nil {
			t.Fatalf("%x was renumbered and can't be read: %v", blob, err)
		}
		again, err := back.Append(nil, moved)
		if err != nil {
			t.Fatalf("%x became %x, which can't be renumbered: %v", blob, moved, err)
		}
		after, err := ReadStored(again)
		if err != nil || after.Deadline != before.Deadline || !slices.Equal(after.Segments, before.Segments) {
			t.Fatalf("%+v came back as %+v, %v", before, after, err)
		}
	})
}
