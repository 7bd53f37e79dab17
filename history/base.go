package history

import (
	"errors"
	"io/fs"
	"path"
	"slices"
)

// maxBases bounds the bases of a rule set that are looked at, newest first.
const maxBases = 32

// base says that there are slices of some objects at an instant. Slices of
// more objects can go on from them, if what came with these arrived later.
type base struct {
	AsOf    int64    `json:"as_of"`
	Objects []string `json:"objects"` // short keys, in the order of the manifest
	Notes   []note   `json:"notes"`   // of the objects' sorted runs
	// Width is that of the slices; 0 for the usual one.
	Width  int `json:"width,omitempty"`
	rules  string
	inputs string
}

func (b *base) width() width { return widthOf(b.Width) }

// shortKey is as much of an object's key as tells it from all others.
func shortKey(object string) string { return object[:32] }

func newBase(rules string, asOf int64, objects []string, notes []note, w width) *base {
	return &base{Width: w.noted(), AsOf: asOf, Objects: objects, Notes: notes, rules: rules, inputs: digest("inputs", objects)}
}

// key is a digest of what makes the slices.
func (b *base) key() string {
	return digest("slices", b.rules, b.inputs, b.AsOf, b.width())[:32]
}

func basesOf(rules string) string { return path.Join("bases", rules[:32]) }

func (b *base) save(w work) error {
	return w.writeJSON(b.file(), b)
}

func (b *base) file() string {
	return path.Join(basesOf(b.rules), digest(b.AsOf, b.inputs, b.width())[:32]+".json")
}

// readBases returns the newest bases of a digest of rules, newest first.
func readBases(w work, rules string) ([]*base, error) {
	names, err := w.list(basesOf(rules), ".json")
	if err != nil {
		return nil, err
	}
	var known []*base
	for _, name := range names {
		one := &base{}
		if err := w.readJSON(name, one); errors.Is(err, fs.ErrNotExist) {
			continue // it was cleaned away
		} else if err != nil {
			return nil, err
		}
		known = append(known, newBase(rules, one.AsOf, one.Objects, one.Notes, one.width()))
	}
	slices.SortFunc(known, func(a, b *base) int {
		if a.AsOf != b.AsOf {
			return int(max(-1, min(1, b.AsOf-a.AsOf)))
		}
		return len(b.Objects) - len(a.Objects)
	})
	return known[:min(len(known), maxBases)], nil
}

// findBase returns the newest base to go on from, nil for none. First has the
// earliest arrival of each object that takes part, by its short key; 0 where
// there is none.
func findBase(w work, to *base, first map[string]int64) (*base, error) {
	known, err := readBases(w, to.rules)
	if err != nil {
		return nil, err
	}
	for _, one := range known {
		if one.AsOf > to.AsOf || one.Width != to.Width {
			continue
		}
		if ok, err := one.leadsTo(w, first); ok || err != nil {
			return one, err
		}
	}
	return nil, nil
}

// knownNotes returns the notes of all sorted runs that bases of a digest of rules know,
// by the short keys of the objects.
func knownNotes(w work, rules string) (map[string]note, error) {
	known, err := readBases(w, rules)
	if err != nil {
		return nil, err
	}
	notes := map[string]note{}
	for _, b := range known {
		for i, key := range b.Objects {
			if i < len(b.Notes) {
				notes[key] = b.Notes[i]
			}
		}
	}
	return notes, nil
}

// leadsTo reports whether all objects of the base take part, whether all
// others begin after it, and whether its slices are there.
func (b *base) leadsTo(w work, first map[string]int64) (bool, error) {
	own := make(map[string]bool, len(b.Objects))
	for _, key := range b.Objects {
		if _, there := first[key]; !there {
			return false, nil
		}
		own[key] = true
	}
	for key, arrival := range first {
		if !own[key] && arrival != 0 && arrival <= b.AsOf {
			return false, nil
		}
	}
	if missing, err := w.missing(b.key(), b.width(), b.width().all()); len(missing) > 0 || err != nil {
		return false, err
	}
	_, err := w.use(b.file())
	return true, err
}
