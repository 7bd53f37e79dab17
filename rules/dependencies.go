package rules

import (
	"fmt"
	"slices"
	"strings"

	"muster/rules/internal/language"
	"muster/spelling"
)

// idOrder returns the indexes of segments by id.
func idOrder(segments []Segment) []int32 {
	byID := make([]int32, len(segments))
	for i := range byID {
		byID[i] = int32(i)
	}
	slices.SortStableFunc(byID, func(a, b int32) int { return strings.Compare(segments[a].ID, segments[b].ID) })
	return byID
}

// dependencyOrder returns the indexes of segments so that each stands behind
// those it mentions: first those that mention none, by id, then those that
// mention only such, and so on. It reports unknown and circular mentions.
func dependencyOrder(segments []Segment, byID []int32, rules []language.Checked, missing bool) ([]int32, Errors) {
	d := dependencies{segments: segments, rules: rules, missing: missing, index: make(map[string]int, len(segments)), state: make([]visit, len(segments)), level: make([]int, len(segments))}
	for i := range segments {
		d.index[segments[i].ID] = i
	}
	for _, i := range byID {
		if d.state[i] == visitNone {
			d.visit(int(i))
		}
	}
	order := slices.Clone(byID)
	slices.SortStableFunc(order, func(a, b int32) int { return d.level[a] - d.level[b] })
	return order, d.errs
}

type visit uint8

const (
	visitNone visit = iota
	visitBegun
	visitDone
)

// dependencies is a depth-first walk along segment("...").
type dependencies struct {
	segments []Segment
	rules    []language.Checked
	missing  bool // whether unknown segments may exist
	index    map[string]int
	state    []visit
	path     []int
	level    []int // 0 for a segment that mentions none
	errs     Errors
}

func (d *dependencies) visit(i int) {
	d.state[i] = visitBegun
	d.path = append(d.path, i)
	for _, mention := range d.rules[i].Uses {
		j, known := d.index[mention.Segment]
		switch {
		case !known && d.missing:
		case !known:
			d.wrong(i, mention, d.suggest(mention.Segment), "there is no segment %s", mention.Segment)
		case d.state[j] == visitBegun:
			d.wrong(i, mention, "take one of the mentions out", "segments depend on each other in a circle: %s", d.circle(j))
		case d.state[j] == visitNone:
			d.visit(j)
		}
		if known {
			d.level[i] = max(d.level[i], d.level[j]+1)
		}
	}
	d.path = d.path[:len(d.path)-1]
	d.state[i] = visitDone
}

func (d *dependencies) wrong(i int, u language.Use, hint, format string, args ...any) {
	s := &d.segments[i]
	d.errs = append(d.errs, s.origin.errorAt(s.ID, s.Rule, language.Mistake{From: u.From, Message: fmt.Sprintf(format, args...), Hint: hint}))
}

func (d *dependencies) circle(from int) string {
	var ids []string
	for _, i := range d.path[slices.Index(d.path, from):] {
		ids = append(ids, d.segments[i].ID)
	}
	return strings.Join(append(ids, d.segments[from].ID), " -> ")
}

func (d *dependencies) suggest(id string) string {
	ids := make([]string, len(d.segments))
	for i := range d.segments {
		ids[i] = d.segments[i].ID
	}
	if near := spelling.Nearest(id, ids); near != "" {
		return "did you mean " + near + "?"
	}
	return "the id stands behind id: of the other segment"
}
