package rules

import "muster/rules/internal/language"

// Asked counts the different names that rules ask the data for.
type Asked struct {
	Events     int `json:"events"`     // names of events, or beginnings of them
	Traits     int `json:"traits"`     // paths
	Properties int `json:"properties"` // paths, of all events together
	Contexts   int `json:"contexts"`   // paths in contexts
	Groups     int `json:"groups"`     // traits of groups
}

// AskedOf counts what rules that are in the language ask the data for by
// name. Without a Vocabulary nothing can tell whether there is such a thing.
func AskedOf(sources ...Source) Asked {
	seen := map[language.Named]bool{}
	var n Asked
	eachNamed(sources, func(_ *Segment, one language.Named) {
		if one.From = 0; one.Kind != language.NameOfEvent {
			one.Event, one.Prefix = "", false
		}
		if one.Kind == language.NameOfCall {
			one.Kind = language.NameOfContext
		}
		if seen[one] {
			return
		}
		seen[one] = true
		switch one.Kind {
		case language.NameOfEvent:
			n.Events++
		case language.NameOfTrait:
			n.Traits++
		case language.NameOfProperty:
			n.Properties++
		case language.NameOfContext:
			n.Contexts++
		case language.NameOfGroup:
			n.Groups++
		}
	})
	return n
}
