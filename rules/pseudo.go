package rules

import (
	"slices"

	"muster/rules/internal/language"
)

// partsOfTime are names that those look for who want a part of an event's own
// time. Data may have properties of these names, so no rule is refused.
var partsOfTime = []string{
	".hour", ".minute", ".weekday", ".month", ".year", ".day_of_week", ".hour_of_day", ".event_hour", ".event_minute", ".event_weekday", ".event_month",
	".event_year", ".event_date", ".event_timestamp",
}

// PseudoNotes tells where a rule asks for a property that may be meant as a
// part of the event's own time, which has none: only data tells whether there
// is such a property. What it returns has Note set.
func PseudoNotes(sources ...Source) Errors {
	var found Errors
	eachNamed(sources, func(s *Segment, one language.Named) {
		if one.Kind != language.NameOfProperty || !slices.Contains(partsOfTime, one.Path) {
			return
		}
		e := s.origin.errorAt(s.ID, s.Rule, language.Mistake{
			From: one.From, Message: one.Path + " is a property here, which only your data can tell of",
			Hint: "of the time of every event there are .event_time and .event_day; check --sample tells whether events have " + one.Path,
		})
		e.Note, found = true, append(found, e)
	})
	sortErrors(found)
	return found
}
