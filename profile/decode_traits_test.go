package profile

import (
	"math/rand/v2"
	"testing"

	"muster/test/kit/generate"
)

// TraitsOf demands none of the names and gives what Decode gives.
func TestTraitsOf(t *testing.T) {
	schema, cfg := streamSchema(), Default()
	codec := codecOf(schema)
	compared := 0
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		p, now := New("p"), generate.Start
		for range 100 {
			ev := generate.Event(r, []string{"p"}, now)
			now = max(now, ev.Arrival)
			p.Apply(schema, &cfg, &ev, now, &Changed{})
			if !p.Exists() || r.IntN(4) > 0 {
				continue
			}
			p.Members.Set(r.IntN(3), r.IntN(2) == 0)
			blob := string(codec.Append(nil, p, now))
			whole, err := codec.Decode("p", blob)
			if err != nil {
				t.Fatal(err)
			}
			got, err := TraitsOf(blob)
			if err != nil || !got.Object().Equal(whole.Traits.Object()) {
				t.Fatalf("got %v, %v, want %v", got.Object(), err, whole.Traits.Object())
			}
			if compared += got.Len(); got.Len() > 0 {
				if _, err := TraitsOf(blob[:8]); err == nil {
					t.Error("the beginning of a blob has traits")
				}
			}
		}
	}
	if compared == 0 {
		t.Error("no profile had traits")
	}
	for _, blob := range []string{"", "\x09", "\x02"} {
		if _, err := TraitsOf(blob); err == nil {
			t.Errorf("%q has traits", blob)
		}
	}
}
