package profile

import (
	"slices"
	"strings"

	"muster/event"
)

// Traits and groups of a patch are as if history's writes had come before
// all of the profile's own. By event time that makes no difference but for
// equal times, of which the later arrival wins.

// over returns the traits that follow from older writes and then t's, and
// whether they are others than t.
func (t *Traits) over(older *Traits) (Traits, bool) {
	merged := Traits{leaves: older.copied()}
	for _, one := range t.copied() { // what stands above comes first
		merged.set(one.path, one.time, one.value)
	}
	own, all := Traits{leaves: t.copied()}, Traits{leaves: slices.Clone(merged.leaves)}
	return merged, string(own.append(nil)) != string(all.append(nil))
}

// copied returns the leaves, in memory of their own.
func (t *Traits) copied() []leaf {
	var leaves []leaf
	for l := range t.all() {
		leaves = append(leaves, leaf{Path(strings.Clone(string(l.path))), l.time, cloneValue(l.value)})
	}
	return leaves
}

// mergeTraits reports whether anything has changed. Where the profile would
// have more leaves than it may, none of history's are taken.
func (p *Profile) mergeTraits(schema *Schema, cfg *Config, older *Traits, changed *Changed) bool {
	if older.Len() == 0 {
		return false
	}
	merged, other := p.Traits.over(older)
	if !other {
		return false
	}
	if merged.Len() > cfg.Traits {
		changed.Relieved = true
		return false
	}
	p.Traits, p.tailStored = merged, false
	for l := range older.all() {
		schema.touch(l.path, event.Value{}, false, changed)
	}
	return true
}

// mergeGroups reports whether anything has changed. What would pass a bound
// is not taken.
func (p *Profile) mergeGroups(cfg *Config, older []Group, changed *Changed) bool {
	leaves := 0
	for i := range p.Groups {
		leaves += p.Groups[i].Traits.Len()
	}
	before := changed.Groups
	for i := range older {
		at, found := slices.BinarySearchFunc(p.Groups, older[i].ID, func(g Group, id string) int { return strings.Compare(g.ID, id) })
		if !found {
			if len(p.Groups) >= cfg.Groups {
				changed.Relieved = true
				continue
			}
			p.Groups = slices.Insert(p.Groups, at, Group{ID: strings.Clone(older[i].ID)})
			changed.Groups = true
		}
		own := &p.Groups[at].Traits
		merged, other := own.over(&older[i].Traits)
		switch {
		case !other:
		case leaves-own.Len()+merged.Len() > cfg.GroupTraits:
			changed.Relieved = true
		default:
			leaves += merged.Len() - own.Len()
			*own, changed.Groups = merged, true
		}
	}
	return changed.Groups && !before
}
