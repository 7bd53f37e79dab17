package segments_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/rules"
	"muster/segments"
	"muster/test/kit/generate"
)

// Whoever knows the rules that were there before refuses what compiling all
// from nothing refuses, with the same words, and takes the rest over as it is
// then.
func TestEditsAreJudgedAsIfAllWereCompiled(t *testing.T) {
	store, _ := newStore(t)
	known := rules.NewChecks()
	now := int64(0)
	d := segments.NewDefinitions(store, func() int64 { now++; return now }, known)
	source := segments.NewStored(store, known)
	r, texts := rand.New(rand.NewPCG(3, 9)), map[string]string{}
	refused := 0
	for n := range 150 {
		e, after := drawEdit(r, texts)
		want, mistakes := compileTexts(after)
		_, err := d.Apply(t.Context(), e, ann)
		if fmt.Sprint(err) != fmt.Sprint(mistakes) {
			t.Fatalf("edit %d, %v: got\n%v\nwant\n%v", n, e, err, mistakes)
		}
		if err != nil {
			refused++
			continue
		}
		texts = after
		set, err := source.Read(t.Context()).Build(rules.Options{})
		if err != nil || set.Fingerprint() != want.Fingerprint() || !slices.Equal(set.IDs(), want.IDs()) {
			t.Fatalf("edit %d, %v: %v; got %q and not %q", n, e, err, set.IDs(), want.IDs())
		}
	}
	if refused < 20 || refused > 130 {
		t.Errorf("%d of 150 edits were refused", refused)
	}
}

// drawEdit draws a change of some definitions, and returns what there would be.
func drawEdit(r *rand.Rand, texts map[string]string) (segments.Edit, map[string]string) {
	e, after := segments.Edit{Write: map[string]string{}, If: segments.Any}, maps.Clone(texts)
	for range 1 + r.IntN(3) {
		id := fmt.Sprint("s", r.IntN(12))
		rule := generate.Rule(r, r.IntN(2), slices.Sorted(maps.Keys(texts)))
		switch r.IntN(6) {
		case 0:
			if e.Write[id] == "" && !slices.Contains(e.Remove, id) {
				e.Remove = append(e.Remove, id)
				delete(after, id)
			}
			continue
		case 1:
			rule = fmt.Sprintf(`segment("s%d") or not segment("s%d")`, r.IntN(12), r.IntN(12))
		case 2:
			rule = rule[:r.IntN(len(rule))]
		}
		if !slices.Contains(e.Remove, id) {
			after[id] = text(id, "|\n  "+strings.ReplaceAll(rule, "\n", "\n  "))
			e.Write[id] = after[id]
		}
	}
	return e, after
}

// compileTexts compiles definitions from nothing; the error is as an edit tells
// it.
func compileTexts(texts map[string]string) (*rules.Set, error) {
	var all []rules.Segment
	var wrong rules.Errors
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		one, mistakes := rules.ReadText(rules.Source{Name: "definition " + id, Data: []byte(texts[id])})
		if wrong = append(wrong, mistakes...); len(mistakes) == 0 {
			all = append(all, one)
		}
	}
	if len(wrong) > 0 {
		return nil, &segments.RefusedError{Mistakes: wrong}
	}
	set, err := rules.Compile(all)
	if errors.As(err, &wrong) {
		return nil, &segments.RefusedError{Mistakes: wrong}
	}
	return set, err
}

// Definitions that begin with what a source has seen go on from there, whatever
// became of the definitions and of the source since then.
func TestDefinitionsBeginWithWhatWasSeen(t *testing.T) {
	store, server := newStore(t)
	first := newDefinitions(store)
	put := func(d *segments.Definitions, id, rule string) {
		t.Helper()
		if _, _, err := d.Put(t.Context(), id, text(id, rule), segments.Any, ann); err != nil {
			t.Fatal(err)
		}
	}
	put(first, "a", "traits.a == 1")
	put(first, "b", "traits.b == 1")
	source := segments.NewStored(store, nil)
	if c := source.Read(t.Context()); c.Err != nil {
		t.Fatal(c.Err)
	}
	d := newDefinitions(store)
	d.Begin(source.Seen())
	put(first, "c", "traits.c == 1")
	if err := first.Delete(t.Context(), "b", segments.Any, ann); err != nil {
		t.Fatal(err)
	}
	source.Read(t.Context())
	want, version, err := first.List(t.Context())
	list, got, err2 := d.List(t.Context())
	if err != nil || err2 != nil || got != version || !slices.Equal(list, want) || len(list) != 2 {
		t.Errorf("%v, %v: version %d has %+v and not %+v of %d", err, err2, got, list, want, version)
	}

	// What was seen is not read again: it is told although Redis has lost it.
	d = newDefinitions(store)
	d.Begin(source.Seen())
	server.Del("m:{definitions}:texts")
	if list, _, err := d.List(t.Context()); err != nil || !slices.Equal(list, want) {
		t.Errorf("%v: %+v", err, list)
	}
}
