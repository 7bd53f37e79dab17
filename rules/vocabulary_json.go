package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// vocabularyJSON is the form in which a running service tells its Vocabulary.
type vocabularyJSON struct {
	Events int         `json:"events"` // all that were looked at
	Names  []namedJSON `json:"names"`
	Traits namedJSON   `json:"traits"`
	Calls  namedJSON   `json:"contexts"`
	Groups namedJSON   `json:"groups"`
	Full   bool        `json:"full"` // names were left out
}

// namedJSON is what is known of events of one name, or of traits.
type namedJSON struct {
	Name   string   `json:"name,omitempty"`
	Events int      `json:"events"`
	Paths  []string `json:"paths"` // as rules write them, with [] behind a list
	Full   bool     `json:"full"`  // paths were left out
}

// MarshalJSON writes names and paths in their order.
func (v *Vocabulary) MarshalJSON() ([]byte, error) {
	told := vocabularyJSON{Events: v.events, Names: []namedJSON{}, Traits: v.traits.told(""), Calls: v.calls.told(""), Groups: v.groups.told(""), Full: v.full}
	for _, name := range slices.Sorted(maps.Keys(v.named)) {
		told.Names = append(told.Names, v.named[name].told(name))
	}
	return json.Marshal(told)
}

func (p *paths) told(name string) namedJSON {
	sorted := slices.AppendSeq([]string{}, maps.Keys(p.seen))
	slices.Sort(sorted)
	return namedJSON{Name: name, Events: p.events, Paths: sorted, Full: p.full}
}

// UnmarshalJSON reads what MarshalJSON has written. To such a Vocabulary
// nothing can be added.
func (v *Vocabulary) UnmarshalJSON(data []byte) error {
	var told vocabularyJSON
	if err := json.Unmarshal(data, &told); err != nil {
		return fmt.Errorf("reading names of events: %w", err)
	}
	*v = *NewVocabulary(0)
	v.events, v.full = told.Events, told.Full
	v.traits, v.calls, v.groups = told.Traits.heard(), told.Calls.heard(), told.Groups.heard()
	for _, one := range told.Names {
		of := one.heard()
		v.named[one.Name] = &of
	}
	return nil
}

func (n *namedJSON) heard() paths {
	p := newPaths()
	p.events, p.full = n.Events, n.Full
	for _, path := range n.Paths {
		p.seen[path] = struct{}{}
	}
	return p
}
