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
