package rules

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/profile"
	"muster/test/kit/generate"
)

// A set that is made with what is known of earlier ones is in every field the
// one that is made from nothing, and so are the mistakes: after random edits,
// removals, renames, mentions of others, of itself and of nobody, and texts that
// are no rules, with room for all rules and with too little.
func TestASetOfKnownRulesIsTheSetMadeFromNothing(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(12) {
		e := &edits{r: rand.New(rand.NewPCG(seed, 17)), rules: map[string]string{}}
		known := NewChecks()
		if seed%3 == 0 {
			known.most = 20_000 // a few rules
		}
		for n := range 40 {
			kind, undo := e.edit()
			kinds[kind]++
			where := fmt.Sprintf("seed %d, edit %d (%s)", seed, n, kind)
			if e.compare(t, where, known); t.Failed() {
				t.Fatalf("%s: %q", where, e.rules)
			}
			if known.bytes > known.most {
				t.Fatalf("%s: %d bytes are kept", where, known.bytes)
			}
			if _, err := Compile(e.segments()); err != nil {
				kinds["refused"]++
				if e.r.IntN(3) > 0 {
					undo()
				}
			}
		}
	}
	for _, kind := range []string{"write", "remove", "rename", "mention", "break", "refused"} {
		if kinds[kind] == 0 {
			t.Errorf("there was no %s: %v", kind, kinds)
		}
	}
}

// edits is a rule set that is changed at random.
type edits struct {
	r     *rand.Rand
	rules map[string]string // by segment
}

// edit changes one segment and returns how, and what takes it back.
func (e *edits) edit() (kind string, undo func()) {
	before := maps.Clone(e.rules)
	undo = func() { e.rules = before }
	id, ids := fmt.Sprint("s", e.r.IntN(14)), slices.Sorted(maps.Keys(e.rules))
	text := generate.Rule(e.r, e.r.IntN(3), ids)
	switch e.r.IntN(8) {
	case 0:
		delete(e.rules, id)
		return "remove", undo
	case 1:
		if old, there := e.rules[id]; there {
			delete(e.rules, id)
			e.rules[fmt.Sprint("s", e.r.IntN(14))] = old
			return "rename", undo
		}
	case 2, 3:
		e.rules[id] = fmt.Sprintf(`segment("s%d") and (bucket("x") < 50 or segment("s%d"))`, e.r.IntN(14), e.r.IntN(14))
		return "mention", undo
	case 4:
		e.rules[id] = text[:e.r.IntN(len(text))]
		return "break", undo
	}
	e.rules[id] = text
	return "write", undo
}

// segments lists them in any order; some ask for history, which held forbids.
func (e *edits) segments() []Segment {
	var list []Segment
	for _, id := range slices.Sorted(maps.Keys(e.rules)) {
		one := NewSegment(id, e.rules[id])
		one.Backfill = strings.HasSuffix(id, "3")
		list = append(list, one)
	}
	e.r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// compare makes the set anew and from what is known, and drafts it.
func (e *edits) compare(t *testing.T, where string, known *Checks) {
	t.Helper()
	segments := e.segments()
	want, wrong := Compile(segments)
	draft, refused := Check(segments, known)
	got, err := CompileWith(segments, Options{Checks: known})
	if fmt.Sprint(refused) != fmt.Sprint(wrong) || fmt.Sprint(err) != fmt.Sprint(wrong) {
		t.Errorf("%s: from nothing: %v\nchecked: %v\ncompiled: %v", where, wrong, refused, err)
	}
	if err != nil || wrong != nil || refused != nil {
		return
	}
	if path := differ(reflect.ValueOf(want), reflect.ValueOf(got), "set", map[[2]uintptr]bool{}); path != "" {
		t.Errorf("%s: the sets differ in %s", where, path)
	}
	if !reflect.DeepEqual(want.segments, draft.set.segments) || !reflect.DeepEqual(want.uses, draft.set.uses) || !reflect.DeepEqual(want.meanings, draft.set.meanings) {
		t.Errorf("%s: the draft has %v, %v and not %v, %v", where, draft.set.segments, draft.set.uses, want.segments, want.uses)
	}
	if a, b := texts(want.Aggregates()), texts(got.Aggregates()); !slices.Equal(a, b) {
		t.Errorf("%s: aggregates %v and not %v", where, b, a)
	}
	if a, b := flips(want), flips(got); a != b {
		t.Errorf("%s: flips %s and not %s", where, b, a)
	}
}

func texts(list []Aggregate) []string {
	var out []string
	for _, one := range list {
		out = append(out, one.Text+" of "+one.Series)
	}
	return out
}

// flips plays the same events to any set, and tells the memberships that come of
// them.
func flips(set *Set) string {
	r := rand.New(rand.NewPCG(5, 3))
	limits, clock, p, matcher := profile.Default(), generate.Start, profile.New("a"), NewMatcher(set)
	out := fmt.Sprint(matcher.Full(p, clock))
	for range 30 {
		ev := generate.Event(r, []string{"a"}, clock)
		clock = max(clock, ev.Arrival)
		p.Apply(set.Schema(), &limits, &ev, clock, &profile.Changed{})
		out += fmt.Sprint(matcher.Full(p, clock))
	}
	return out
}

// differ compares what two values hold, however deep, and returns where they
// differ first. Of functions it can tell whether they are of the same code.
func differ(a, b reflect.Value, path string, seen map[[2]uintptr]bool) string {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return path
	}
	if !a.IsValid() || strings.HasPrefix(a.Type().String(), "sync.") {
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer:
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if a.IsNil() != b.IsNil() || a.IsNil() || seen[pair] {
			return map[bool]string{true: path}[a.IsNil() != b.IsNil()]
		}
		seen[pair] = true
		return differ(a.Elem(), b.Elem(), path, seen)
	case reflect.Interface:
		return differ(a.Elem(), b.Elem(), path, seen)
	case reflect.Func:
		return map[bool]string{true: path}[a.Pointer() != b.Pointer()]
	case reflect.Struct:
		for i := range a.NumField() {
			if at := differ(a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name, seen); at != "" {
				return at
			}
		}
		return ""
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return path
		}
		for i := range a.Len() {
			if at := differ(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i), seen); at != "" {
				return at
			}
		}
		return ""
	case reflect.Map:
		if a.Len() != b.Len() {
			return path
		}
		for _, key := range a.MapKeys() {
			if at := differ(a.MapIndex(key), b.MapIndex(key), fmt.Sprintf("%s[%v]", path, key), seen); at != "" {
				return at
			}
		}
		return ""
	case reflect.UnsafePointer, reflect.Chan, reflect.Uintptr:
		return "" // of memory
	}
	return map[bool]string{true: path}[!a.Equal(b)]
}

// The comparison above sees a difference that lies deep.
func TestDifferentSetsDiffer(t *testing.T) {
	of := func(rule string) reflect.Value {
		set, err := Compile([]Segment{NewSegment("a", rule)})
		if err != nil {
			t.Fatal(err)
		}
		return reflect.ValueOf(set.compiled)
	}
	seen := func() map[[2]uintptr]bool { return map[[2]uintptr]bool{} }
	one := `traits.age > 1 and count(events("A")) > 2`
	if at := differ(of(one), of(one), "set", seen()); at != "" {
		t.Errorf("equal ones differ in %s", at)
	}
	for _, other := range []string{`traits.age > 2 and count(events("A")) > 2`, `traits.age > 1 and count(events("B")) > 2`, `traits.age >= 1 and count(events("A")) > 2`, one + " and traits.x"} {
		if differ(of(one), of(other), "set", seen()) == "" {
			t.Errorf("%s does not differ", other)
		}
	}
}

// Of a set that was there before only what is new is checked, and only rules
// that are right are kept.
func TestOnlyNewRulesAreChecked(t *testing.T) {
	known := NewChecks()
	var segments []Segment
	for i := range 100 {
		segments = append(segments, NewSegment(fmt.Sprint("s", i), fmt.Sprint("traits.age > ", i)))
	}
	check := func() {
		t.Helper()
		if _, err := CompileWith(segments, Options{Checks: known}); err != nil {
			t.Fatal(err)
		}
	}
	check()
	before := maps.Clone(known.known)
	segments[7].Rule = "traits.age > 1000"
	check()
	if len(known.known) != len(before)+1 {
		t.Errorf("of %d rules %d are known after one edit", len(before), len(known.known))
	}
	for text, one := range before {
		if known.known[text] != one {
			t.Errorf("%s was checked again", text)
		}
	}
	segments[7].Rule = "traits.age >"
	if _, err := Check(segments, known); err == nil || len(known.known) != len(before)+1 {
		t.Errorf("%v; %d rules are known", err, len(known.known))
	}
}

// At the bound what no set has had of late gives way, and what a set has stays.
func TestRulesThatNobodyAsksForAreForgottenAtTheBound(t *testing.T) {
	known := NewChecks()
	set := func(from, to int) {
		t.Helper()
		var segments []Segment
		for i := from; i < to; i++ {
			segments = append(segments, NewSegment(fmt.Sprint("s", i), fmt.Sprintf("traits.age > %03d", i)))
		}
		if _, err := Check(segments, known); err != nil {
			t.Fatal(err)
		}
	}
	set(0, 10)
	known.most = known.bytes // exactly these
	has := func(i int) bool { return known.known[fmt.Sprintf("traits.age > %03d", i)] != nil }
	set(5, 15) // the set before still has its rules
	if !has(0) || has(10) {
		t.Errorf("%v has pushed out what the set before had", slices.Sorted(maps.Keys(known.known)))
	}
	set(5, 15)
	if has(0) || !has(5) || !has(14) || known.bytes > known.most {
		t.Errorf("%v are known, %d of %d bytes", slices.Sorted(maps.Keys(known.known)), known.bytes, known.most)
	}
}

// Whoever checks an edit and whoever takes one over work at the same time.
func TestChecksAreSharedBetweenGoroutines(t *testing.T) {
	known := NewChecks()
	e := &edits{r: rand.New(rand.NewPCG(1, 2)), rules: generate.Set(rand.New(rand.NewPCG(1, 2)), []string{"a", "b", "c", "d", "e", "f", "g", "h"})}
	segments := e.segments()
	for i := range segments {
		segments[i].Backfill = false
	}
	want, err := Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				set, err := CompileWith(segments, Options{Checks: known})
				if err != nil {
					t.Error(err)
					return
				}
				if at := differ(reflect.ValueOf(want.compiled), reflect.ValueOf(set.compiled), "set", map[[2]uintptr]bool{}); at != "" {
					t.Errorf("the sets differ in %s", at)
				}
				if _, err := Check(segments, known); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
