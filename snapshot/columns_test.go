package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"muster/profile"
	"muster/snapshot"
	"muster/test/kit/crowd"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

func columnsOf(t *testing.T, from snapshot.Source, memory int64, w snapshot.Wanted) *snapshot.Columns {
	t.Helper()
	c, err := snapshot.FillColumns(t.Context(), from, snapshot.Config{Memory: memory}, w, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func membersOf(t *testing.T, c *snapshot.Columns, segment string) snapshot.Audience {
	t.Helper()
	members, known := c.Members(segment)
	if !known {
		t.Fatalf("segment %s is not known among %v", segment, c.Segments())
	}
	return members
}

// TestColumnsAreTheOracles: who is in each segment, in two of them, and in an ad
// hoc rule, is what the oracle finds; so it is with the profiles held beside.
func TestColumnsAreTheOracles(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 5))
	inForce := generate.Set(r, []string{"a", "b", "c", "d", "e", "f", "g", "h"})
	rule := `traits.age > 30`
	d := deploy(t, r, inForce, map[string]string{"ad-hoc": rule}, 500, 4000)
	ids := slices.Sorted(maps.Keys(inForce))
	beside, err := d.fill(t, 1<<30).Columns(t.Context(), nil, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	ruled := columnsOf(t, d.store, 1<<30, snapshot.Wanted{Rules: []*snapshot.Question{ofRule(t, rule, nil)}})
	if got, want := ruled.Rules()[0].Len(), int64(len(d.oracle.Members("ad-hoc"))); got != want {
		t.Errorf("%d profiles are in the rule; the oracle has %d", got, want)
	}
	for _, c := range []*snapshot.Columns{columnsOf(t, d.store, 1<<30, snapshot.Wanted{}), beside, ruled} {
		if !slices.Equal(c.Segments(), ids) || c.Held() != int64(len(d.oracle.Profiles())) || c.All() != c.Held() || c.Everybody().Len() != c.Held() {
			t.Fatalf("%d of %d profiles have the segments %v", c.Held(), c.All(), c.Segments())
		}
		for _, id := range ids {
			of, members := membersOf(t, c, id), d.oracle.Members(id)
			if of.Len() != int64(len(members)) {
				t.Errorf("%s has %d members; the oracle has %d", id, of.Len(), len(members))
			}
			counts, err := c.Count(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			for i, other := range ids {
				both := int64(len(members) - len(without(members, d.oracle.Members(other))))
				if counts[i] != both || of.Shared(membersOf(t, c, other)) != both || of.Without(membersOf(t, c, other)).Len() != of.Len()-both {
					t.Errorf("%s and %s share %d; the oracle has %d", id, other, counts[i], both)
				}
			}
		}
		if _, known := c.Members("nobody-wrote-it"); known {
			t.Error("a segment is known that nobody wrote")
		}
	}
}

// drawn is a deployment whose profiles are in segments by chance, of which each
// has its share.
func drawn(profiles int, shares []float64) *crowd.Crowd {
	c := &crowd.Crowd{Profiles: profiles}
	for i := range shares {
		c.Segments = append(c.Segments, fmt.Sprintf("s%04d", i))
	}
	c.Join = func(i int, members *profile.Members) {
		r := rand.New(rand.NewPCG(3, uint64(i)))
		for k, share := range shares {
			members.Set(k, r.Float64() < share)
		}
	}
	return c
}

// TestTraitColumns: each value is counted by itself, numbers and texts that look
// alike too, and what is no single value is told as such.
func TestTraitColumns(t *testing.T) {
	shapes := []any{"1", 1.0, 1.0, true, []any{"a"}, nil, strings.Repeat("x", 300), "<DE>"}
	from := &crowd.Crowd{Profiles: 800, Traits: func(i int) map[string]any { return map[string]any{"v": shapes[i%len(shapes)], "w": 1.0} }}
	for _, memory := range []int64{1 << 30, 16 << 20} {
		c := columnsOf(t, from, memory, snapshot.Wanted{Traits: []string{"v", "w", "v.below"}})
		got := map[string]int64{}
		for i, n := range c.Traits()[0].Count(c.Everybody()) {
			got[c.Traits()[0].Values()[i]] = n
		}
		want := map[string]int64{`"1"`: 100, `1`: 200, `true`: 100, `"<DE>"`: 100, snapshot.NoValue: 100, snapshot.OtherValues: 200}
		if !maps.Equal(got, want) || c.Traits()[0].Name() != "v" {
			t.Errorf("the values of v are %v; want %v", got, want)
		}
		if counts := c.Traits()[2].Count(c.Everybody()); counts[0] != 800 {
			t.Errorf("v.below is %v", counts)
		}
	}
}

// TestValuesOfATraitAreBounded: past the bound they count together.
func TestValuesOfATraitAreBounded(t *testing.T) {
	from := &crowd.Crowd{Profiles: 10_500, Traits: func(i int) map[string]any { return map[string]any{"v": crowd.ID(i)} }}
	c := columnsOf(t, from, 1<<30, snapshot.Wanted{Traits: []string{"v"}})
	counts := c.Traits()[0].Count(c.Everybody())
	if len(counts) != 10_002 || counts[1] != 500 {
		t.Errorf("%d values are told apart, and %d profiles have others", len(counts)-2, counts[1])
	}
}

// TestColumnsThatDoNotFitAreASample: what is held is the first in the order of
// the hash, the same whatever the memory, and the bound is kept.
func TestColumnsThatDoNotFitAreASample(t *testing.T) {
	const memory = 1 << 20
	from := drawn(20_000, slices.Repeat([]float64{0.5, 0.02, 0.9}, 100))
	whole, sample := columnsOf(t, from, 1<<30, snapshot.Wanted{}), columnsOf(t, from, memory, snapshot.Wanted{})
	t.Logf("%d profiles take %d bytes, %d take %d", whole.Held(), whole.Bytes(), sample.Held(), sample.Bytes())
	if whole.Held() != 20_000 || sample.All() != 20_000 || sample.Held() >= 20_000 || sample.Held() < 2000 || sample.Bytes() > memory {
		t.Fatalf("%d of %d profiles are held in %d bytes", sample.Held(), sample.All(), sample.Bytes())
	}
	for _, id := range []string{"s0000", "s0001", "s0002"} {
		all := membersOf(t, whole, id)
		want := all.Len() - all.Without(sample.Everybody()).Len() // places are the same
		if got := membersOf(t, sample, id).Len(); got != want {
			t.Errorf("%s has %d members in the sample; the first of all have %d", id, got, want)
		}
		if b := sample.Estimate(membersOf(t, sample, id).Len()); b.Low > all.Len() || b.High < all.Len() {
			t.Errorf("%s is estimated %+v; it has %d", id, b, all.Len())
		}
	}
}

// TestColumnsTakeWhatTheySay: the heap has grown by about Bytes.
func TestColumnsTakeWhatTheySay(t *testing.T) {
	from := drawn(40_000, slices.Repeat([]float64{0.3, 0.01, 0.03, 0.001}, 100))
	from.Traits = func(i int) map[string]any { return map[string]any{"v": crowd.ID(i % 5000)} }
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	c := columnsOf(t, from, 1<<30, snapshot.Wanted{Traits: []string{"v"}})
	grown := heap() - before
	t.Logf("the heap has grown by %d bytes; the columns say %d", grown, c.Bytes())
	if grown > c.Bytes()*5/4 || grown < c.Bytes()/2 {
		t.Errorf("the heap has grown by %d bytes; the columns say %d", grown, c.Bytes())
	}
	runtime.KeepAlive(c)
}

// TestColumnsCanBeCancelled while they are made, and while they are asked.
func TestColumnsCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	from := drawn(3000, []float64{0.5})
	s, err := snapshot.Fill(ctx, from, snapshot.Default(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	c := columnsOf(t, from, 1<<30, snapshot.Wanted{})
	cancel()
	if _, err := s.Columns(ctx, nil, 1<<30); !errors.Is(err, context.Canceled) {
		t.Errorf("making them gives %v", err)
	}
	if _, err := c.Count(ctx, c.Everybody()); !errors.Is(err, context.Canceled) {
		t.Errorf("asking them gives %v", err)
	}
}

// TestCombinations counts what each combination has, beside a slow count.
func TestCombinations(t *testing.T) {
	c := columnsOf(t, drawn(3000, []float64{0.5, 0.1, 0.02, 0}), 1<<30, snapshot.Wanted{})
	var of []snapshot.Audience
	for _, id := range c.Segments() {
		of = append(of, membersOf(t, c, id))
	}
	for combination, got := range snapshot.Combinations(of) {
		if combination == 0 {
			if got != 0 {
				t.Errorf("%d are told to be in none", got)
			}
			continue
		}
		rest := c.Everybody()
		for i, one := range of {
			if outside := rest.Without(one); combination>>i&1 == 1 {
				rest = rest.Without(outside)
			} else {
				rest = outside
			}
		}
		if got != rest.Len() {
			t.Errorf("combination %b has %d; want %d", combination, got, rest.Len())
		}
	}
}

func TestWanted(t *testing.T) {
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	for fault, w := range map[string]snapshot.Wanted{
		"": {Traits: many[:20]}, "there are 21 traits; at most 20": {Traits: many}, `"a..b" names no trait`: {Traits: []string{"a..b"}},
		`"" names no trait`: {Traits: []string{""}}, "trait a is there twice": {Traits: []string{"a", "b", "a"}},
	} {
		if err := w.Validate(); (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("%v gives %v; want %q", w.Traits, err, fault)
		}
	}
}

// TestColumnsOfADamagedProfile name it.
func TestColumnsOfADamagedProfile(t *testing.T) {
	_, err := snapshot.FillColumns(t.Context(), broken{open(t)}, snapshot.Default(), snapshot.Wanted{}, func(int64) {})
	if err == nil || !strings.Contains(err.Error(), `"u7"`) {
		t.Errorf("it gives %v", err)
	}
	set := ruleset.Compile(t, map[string]string{"a": `traits.age > 30`})
	if _, err := snapshot.FillColumns(t.Context(), broken{open(t)}, snapshot.Default(), snapshot.Wanted{Rules: []*snapshot.Question{snapshot.OfDraft(set, false)}}, func(int64) {}); err == nil || !strings.Contains(err.Error(), `"u7"`) {
		t.Errorf("with a rule it gives %v", err)
	}
}
