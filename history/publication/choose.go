package publication

import (
	"errors"
	"fmt"
	"slices"

	"muster/rules"
	"muster/spelling"
)

// Choose returns the segments of a rule set that history is to be brought for,
// in the order of the set: those that are named, or all.
func Choose(set *rules.Set, named []string) ([]string, error) {
	for _, id := range named {
		if _, known := set.Position(id); !known {
			return nil, unknown(set, id)
		}
	}
	var chosen []string
	for _, id := range set.IDs() {
		if len(named) == 0 || slices.Contains(named, id) {
			chosen = append(chosen, id)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("there is no segment to bring history for: the segment files have none")
	}
	return chosen, nil
}

func unknown(set *rules.Set, id string) error {
	if near := spelling.Nearest(id, set.IDs()); near != "" {
		return fmt.Errorf("there is no segment %q; did you mean %s?", id, near)
	}
	return fmt.Errorf("there is no segment %q", id)
}
