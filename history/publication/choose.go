package publication

import (
	"fmt"
	"slices"

	"muster/pipeline"
	"muster/rules"
	"muster/spelling"
)

// Choose returns the segments of a rule set that history is to be brought for,
// in the order of the set: those that are named, or all. One that
// pipeline.CheckPast refuses is an error where it is named, and else among
// those that are left out.
func Choose(set *rules.Set, named []string) (chosen, leftOut []string, err error) {
	for _, id := range named {
		if _, known := set.Position(id); !known {
			return nil, nil, unknown(set, id)
		}
	}
	for position, id := range set.IDs() {
		if len(named) > 0 && !slices.Contains(named, id) {
			continue
		}
		refusal := pipeline.CheckPast(set, position)
		switch {
		case refusal == nil:
			chosen = append(chosen, id)
		case len(named) > 0:
			return nil, nil, refusal
		default:
			leftOut = append(leftOut, id)
		}
	}
	if len(chosen) == 0 {
		return nil, nil, fmt.Errorf("there is no segment that history can be brought for: all %d use held(...)", len(leftOut))
	}
	return chosen, leftOut, nil
}

func unknown(set *rules.Set, id string) error {
	if near := spelling.Nearest(id, set.IDs()); near != "" {
		return fmt.Errorf("there is no segment %q; did you mean %s?", id, near)
	}
	return fmt.Errorf("there is no segment %q", id)
}
