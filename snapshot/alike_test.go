package snapshot

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"muster/profile"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

// TestAlike has its parts look at snapshots of the same profiles, of two shards
// whose clocks are far apart.
func TestAlike(t *testing.T) {
	s := benchmarked(t, 1000)
	for i := range s.held {
		s.held[i].shard = int32(i % 2)
	}
	shards := []shard{s.shards[0], {clock: generate.Start, names: s.shards[0].names}}
	for name, test := range map[string]func(*testing.T, *Snapshot){
		"random rules": alikeRules, "a draft": alikeDraft, "what is remembered": rememberedIsBounded,
		"columns": columnsAreBounded, "newer profiles": newerProfilesKeepNumbers,
	} {
		t.Run(name, func(t *testing.T) { test(t, &Snapshot{held: s.held, shards: shards, all: s.all}) })
	}
}

// byItself answers a question with the engine for every profile.
func byItself(t *testing.T, s *Snapshot, q *Question) *Answer {
	t.Helper()
	p := s.newPass(q, q.asked)
	one := s.newScan(q.set, p)
	one.alike = nil
	for seen := int64(0); seen < s.Held(); seen += stride {
		if err := one.evaluate(seen); err != nil {
			t.Fatal(err)
		}
	}
	return p.last()
}

func answerOf(t *testing.T, s *Snapshot, q *Question) *Answer {
	t.Helper()
	a, err := s.Ask(t.Context(), q, time.Hour, func(*Answer) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// alikeRules: random rules have the members, and the
// examples, that the engine finds when it looks at each profile, whether values
// are read for the first time or are there. Most rules are answered so.
func alikeRules(t *testing.T, s *Snapshot) {
	r := rand.New(rand.NewPCG(19, 11))
	covered, found := 0, int64(0)
	const tried = 100
	for range tried {
		rule := generate.Rule(r, r.IntN(3), nil)
		q := OfDraft(ruleset.Compile(t, map[string]string{"s": rule}), false)
		if s.newScan(q.set, s.newPass(q, q.asked)).alike != nil {
			covered++
		}
		want := byItself(t, s, q)
		for _, turn := range []string{"first", "second"} {
			if a := answerOf(t, s, q); !reflect.DeepEqual(a, want) {
				t.Errorf("%s: the %s answer is %+v; profile by profile it is %+v", rule, turn, a, want)
			}
		}
		found += want.Segments[0].Found
	}
	t.Logf("%d of %d rules can be answered by likeness", covered, tried)
	if covered < tried/2 || found == 0 {
		t.Errorf("%d of %d rules are covered, and %d members are found, which proves little", covered, tried, found)
	}
}

// alikeDraft: so have many segments that read values together.
func alikeDraft(t *testing.T, s *Snapshot) {
	texts := map[string]string{}
	for i := range 100 {
		texts[fmt.Sprint("s", i)] = fmt.Sprintf(`traits.age > %d and traits.plan == "pro" or traits.active == true and traits.age < %d`, i%90, i%7)
	}
	q := OfDraft(ruleset.Compile(t, texts), false)
	if a, want := answerOf(t, s, q), byItself(t, s, q); !reflect.DeepEqual(a, want) {
		t.Errorf("the answer is %+v; profile by profile it is %+v", a, want)
	}
}

// rememberedIsBounded: profiles that come when it is full are evaluated one by
// one.
func rememberedIsBounded(t *testing.T, s *Snapshot) {
	q := OfDraft(ruleset.Compile(t, map[string]string{"s": `traits.age > 30`}), false)
	p := s.newPass(q, q.asked)
	one := s.newScan(q.set, p)
	one.alike.most = 3
	for seen := int64(0); seen < s.Held(); seen += stride {
		if err := one.evaluate(seen); err != nil {
			t.Fatal(err)
		}
	}
	one.fold()
	if a, want := p.last(), byItself(t, s, q); len(one.alike.known) != 3 || !reflect.DeepEqual(a, want) {
		t.Errorf("%d likenesses are remembered and the answer is %+v, want 3 and %+v", len(one.alike.known), a, want)
	}
}

// columnsAreBounded: those go that were not asked for longest, and a question
// that reads more is answered profile by profile.
func columnsAreBounded(t *testing.T, s *Snapshot) {
	schema := func(first, traits int) *profile.Schema {
		var paths []profile.Path
		for i := range traits {
			paths = append(paths, profile.PathOf(fmt.Sprintf("t%03d", first+i)))
		}
		return profile.NewSchema(paths, nil)
	}
	v := s.values()
	if v.of(schema(0, mostValueColumns+1)) != nil {
		t.Error("more columns than fit are given")
	}
	first := v.of(schema(0, mostValueColumns))
	if again := v.of(schema(0, 1)); again[0] != first[0] {
		t.Error("a column that is there is made again")
	}
	v.of(schema(500, 1))
	if len(v.columns) != mostValueColumns || !slices.Contains(v.columns, first[0]) || slices.Contains(v.columns, first[1]) {
		t.Errorf("of %d columns there are the first: %t, and the second: %t", len(v.columns), slices.Contains(v.columns, first[0]), slices.Contains(v.columns, first[1]))
	}
	if v.fill(first, len(s.held)) != nil || first[1].filled != len(s.held) {
		t.Error("a column that has gone is not filled for whom it was given")
	}
}

// newerProfilesKeepNumbers: what is taken over from an older list is what is read
// of the newer one.
func newerProfilesKeepNumbers(t *testing.T, s *Snapshot) {
	r := rand.New(rand.NewPCG(19, 12))
	set := ruleset.Compile(t, map[string]string{"s": `traits.age > 30 and traits.plan == "pro" and count(events("Order Completed")) == 0`})
	for _, filled := range []int{0, 300, len(s.held)} {
		before := newValues(s.held, s.shards)
		columns := before.of(set.Schema())
		if err := before.fill(columns, filled); err != nil {
			t.Fatal(err)
		}
		if err := before.fill(columns[:1], min(filled+100, len(s.held))); err != nil {
			t.Fatal(err)
		}
		next := before.carried(changed(r, s.held), s.shards)
		if filled > 0 && next.columns[0].filled < filled/2 {
			t.Errorf("of %d numbers %d are taken over", filled, next.columns[0].filled)
		}
		got := next.of(set.Schema())
		if err := next.fill(got, len(next.held)); err != nil {
			t.Fatal(err)
		}
		for i, c := range got {
			fresh := &valueColumn{name: c.name, path: c.path, number: c.number, codes: make([]uint16, len(next.held)), numbers: c.numbers}
			if err := next.fill([]*valueColumn{fresh}, len(next.held)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(c.codes, fresh.codes) || c.filled != len(next.held) {
				t.Errorf("with %d filled, column %d is not what is read of the profiles", filled, i)
			}
		}
	}
	if same := s.values(); same.carried(s.held, s.shards) != same {
		t.Error("of the same list the values are not the same")
	}
}

// changed is a list of which some profiles are gone, some have what others had,
// and some are new.
func changed(r *rand.Rand, list []held) []held {
	var next []held
	for i := range list {
		one := list[i]
		switch r.IntN(10) {
		case 0:
			continue
		case 1:
			one.blob = list[r.IntN(len(list))].blob
		case 2:
			other := one
			other.id = fmt.Sprint("new-", i)
			other.hash = orderOf(other.id)
			next = append(next, other)
		}
		next = append(next, one)
	}
	slices.SortFunc(next, func(a, b held) int { return compare(&a, &b) })
	return next
}
