package profile

import (
	"encoding/binary"
	"slices"
	"strings"

	"muster/event"
)

// Group is a group that a profile is in, with the traits that the profile's
// own group calls told of it: those that others' calls told are not here.
type Group struct {
	ID     string
	Traits Traits
}

// Fields by which rules see a group's id. The one is a trait that may say
// something else; the other is always the id.
const (
	groupTraitID = "id"
	GroupIDField = "group_id"
)

// Object returns the group as rules see it: its traits, with the id as
// group_id, and as id too where that is no trait.
func (g *Group) Object() event.Value {
	id := event.StringOf(g.ID)
	pairs := []event.Value{event.StringOf(GroupIDField), id}
	traits := g.Traits.Object()
	if traits.Get(groupTraitID).IsMissing() {
		pairs = append(pairs, event.StringOf(groupTraitID), id)
	}
	for i := range traits.Len() {
		if key, value := traits.Field(i); key != GroupIDField {
			pairs = append(pairs, event.StringOf(key), value)
		}
	}
	return event.ObjectOf(pairs)
}

// applyGroup takes a group call in: the group, and what it tells of it.
func (p *Profile) applyGroup(cfg *Config, ev *event.Event, changed *Changed) Outcome {
	i, found := slices.BinarySearchFunc(p.Groups, ev.GroupID, func(g Group, id string) int { return strings.Compare(g.ID, id) })
	if !found && len(p.Groups) >= cfg.Groups {
		return GroupsFull
	}
	var writes []write
	if !ev.Body.IsMissing() {
		writes = flatten(nil, "", true, ev.Body)
	}
	if !p.groupsFit(i, found, len(writes), writes, cfg.GroupTraits) {
		return GroupTraitsFull
	}
	if !found {
		p.Groups = slices.Insert(p.Groups, i, Group{ID: strings.Clone(ev.GroupID)})
		changed.Groups = true
	}
	for _, w := range writes {
		if set, _ := p.Groups[i].Traits.set(w.path, ev.Time, cloneValue(w.value)); set {
			changed.Groups = true
		}
	}
	return Applied
}

// groupsFit reports whether writes to the group at i, which may be one to
// come, keep the number of leaves of all groups within bound.
func (p *Profile) groupsFit(i int, found bool, n int, writes []write, bound int) bool {
	if n == 0 {
		return true
	}
	others := 0
	for j := range p.Groups {
		others += p.Groups[j].Traits.Len()
	}
	if !found {
		return others+n <= bound
	}
	own := &p.Groups[i].Traits
	return own.fits(writes, bound-(others-own.Len()))
}

// appendGroups writes the groups.
func appendGroups(b []byte, groups []Group) []byte {
	b = binary.AppendUvarint(b, uint64(len(groups)))
	for i := range groups {
		b = groups[i].Traits.append(appendText(b, groups[i].ID))
	}
	return b
}

// groups reads what appendGroups wrote; format 1 had ids alone. Where it is
// kept no longer than the blob, it refers to it.
func (r *reader) groups(refer bool) []Group {
	least := 2
	if r.old {
		least = 1
	}
	n := r.count(least)
	if n == 0 {
		return nil
	}
	groups := make([]Group, n)
	for i := range groups {
		g := &groups[i]
		if g.ID = r.text(); !refer {
			g.ID = strings.Clone(g.ID)
		}
		if i > 0 && g.ID <= groups[i-1].ID {
			r.fail(errValue)
		}
		if !r.old {
			g.Traits.read(r, refer)
		}
	}
	return groups
}

// groups copies the groups, in today's format.
func (w *rewriter) groups() {
	if !w.old {
		w.copied(func() { w.reader.groups(true) })
		return
	}
	if groups := w.reader.groups(true); w.err == nil {
		w.out = appendGroups(w.out, groups)
	}
}
