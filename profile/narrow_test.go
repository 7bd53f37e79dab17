package profile

import (
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
	"muster/test/kit/generate"
)

// part is a schema of some of streamSchema's series and some traits, one
// within another.
func part(r *rand.Rand) *Schema {
	var series []Series
	for _, one := range streamSchema().Series {
		if r.IntN(4) == 0 {
			series = append(series, one)
		}
	}
	traits := []Path{PathOf("address"), PathOf("address", "city"), PathOf("plan"), PathOf("nobody")}
	slices.Sort(traits)
	return NewSchema(slices.DeleteFunc(traits, func(Path) bool { return r.IntN(3) == 0 }), series)
}

// codecsOf returns the whole codec of a part's schema and the narrow one, of
// profiles that are stored under another.
func codecsOf(stored *Codec, schema *Schema) (whole, narrow *Codec) {
	whole, _ = NewCodec(schema, []string{"b"}, stored.Names())
	return whole, whole.Retiring(func(segment string) bool { return segment == "c" })
}

// TestNarrowReadsTheSame demands that a narrow codec tells of a profile what
// the whole one does, as far as the schema asks.
func TestNarrowReadsTheSame(t *testing.T) {
	schema, cfg := streamSchema(), Default()
	stored := codecOf(schema)
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 2))
		p, now := New("p"), generate.Start
		for range 100 {
			ev := generate.Event(r, []string{"p"}, now)
			now = max(now, ev.Arrival)
			p.Apply(schema, &cfg, &ev, now, &Changed{})
			if !p.Exists() || r.IntN(4) > 0 {
				continue
			}
			p.Members.Set(r.IntN(3), r.IntN(2) == 0)
			asked := part(r)
			whole, narrow := codecsOf(stored, asked)
			compareNarrow(t, asked, whole, narrow, string(stored.Append(nil, p, now)), now)
		}
	}
}

func compareNarrow(t *testing.T, schema *Schema, whole, narrow *Codec, blob string, now int64) {
	t.Helper()
	want, err := whole.Decode("p", blob)
	if err != nil {
		t.Fatal(err)
	}
	got, err := narrow.Decode("p", blob)
	if err != nil {
		t.Fatal(err)
	}
	compareAnswers(t, schema, got, want, now)
	for _, path := range schema.Traits {
		if a, b := got.Traits.Get(path), want.Traits.Get(path); !a.Equal(b) {
			t.Fatalf("%q is %v, read whole %v", path, a, b)
		}
	}
	if a, b := visits(got, schema), visits(want, schema); !slices.Equal(a, b) {
		t.Fatalf("the traits are %v, read whole %v", a, b)
	}
	retired := slices.DeleteFunc(want.Retired, func(number uint64) bool { return whole.Segment(number) != "c" })
	if !slices.Equal(got.Retired, retired) || !slices.Equal(got.Members, want.Members) || !slices.EqualFunc(got.Groups, want.Groups, sameGroup) {
		t.Fatalf("segments %v and %v, read whole %v and %v", got.Members, got.Retired, want.Members, retired)
	}
	if got.FirstSeen != want.FirstSeen || got.LastSeen != want.LastSeen || got.Deadline != want.Deadline || got.Generation != want.Generation {
		t.Fatalf("%+v, read whole %+v", got, want)
	}
}

// visits lists the traits that a profile has anything of.
func visits(p *Profile, schema *Schema) []int {
	var list []int
	p.EachTrait(schema, func(trait int, _ *event.Value) { list = append(list, trait) })
	return list
}

// TestNarrowRefusesTheSame changes each byte of a blob: the narrow codec must
// refuse what the whole one does, in parts that nobody asks for, too. Only
// what the points of a known series may be is not looked at in others.
func TestNarrowRefusesTheSame(t *testing.T) {
	schema := everySeries(1000)
	stored := codecOf(schema)
	blob := stored.Append(nil, goldenProfile(t, schema), start+2)
	asked := NewSchema([]Path{PathOf("address"), PathOf("plan")}, []Series{seriesOf(KeepSlidingNumbers, 1000)})
	whole, narrow := codecsOf(stored, asked)
	refused := 0
	for at := range blob {
		for _, bit := range []byte{1, 2, 16, 128} {
			broken := slices.Clone(blob)
			broken[at] ^= bit
			_, want := whole.Decode("p", string(broken))
			_, got := narrow.Decode("p", string(broken))
			if (want == nil) != (got == nil) {
				t.Fatalf("byte %d ^ %d: %v, read whole %v", at, bit, got, want)
			}
			if want != nil {
				refused++
			}
		}
		_, want := whole.Decode("p", string(blob[:at]))
		if _, got := narrow.Decode("p", string(blob[:at])); (want == nil) != (got == nil) {
			t.Fatalf("cut at %d: %v, read whole %v", at, got, want)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}
