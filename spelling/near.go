package spelling

import (
	"cmp"
	"slices"
	"strings"
)

// shortestPart is the least that two names must share to be near each other
// because one is a part of the other.
const shortestPart = 3

// Near returns up to most known names that may have been meant by name, the
// likeliest first: those that are a few edits away, one for every three
// letters and two at least, and those that have name as a part, or are a part
// of it.
func Near(name string, known []string, most int) []string {
	type candidate struct {
		name string
		away int
	}
	var found []candidate
	edits := max(2, len(name)/3)
	for _, k := range known {
		switch away := distance(name, k); {
		case away <= edits && away < len(k):
			found = append(found, candidate{k, away})
		case within(name, k) || within(k, name):
			found = append(found, candidate{k, edits + away}) // behind those with a slip of the pen
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(a.away-b.away, strings.Compare(a.name, b.name))
	})
	names := make([]string, 0, most)
	for _, one := range found[:min(most, len(found))] {
		names = append(names, one.name)
	}
	return names
}

func within(part, whole string) bool {
	return len(part) >= shortestPart && strings.Contains(whole, part)
}
