package rules

import "muster/rules/internal/language"

// Asked counts the different names that rules ask the data for.
type Asked struct {
	Events     int `json:"events"`     // names of events, or beginnings of them
	Traits     int `json:"traits"`     // paths
	Properties int `json:"properties"` // paths, of all events together
}

// AskedOf counts what rules that are in the language ask the data for by
// name. Without a Vocabulary nothing can tell whether there is such a thing.
func AskedOf(sources ...Source) Asked {
	seen := map[language.Named]bool{}
	var n Asked
	eachNamed(sources, func(_ *Segment, one language.Named) {
		if one.From = 0; one.Kind == language.NameOfProperty {
			one.Event, one.Prefix = "", false
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
		}
	})
	return n
}
