package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"muster/rules/internal/language"
)

// Unseen looks at segment files whose rules are in the language, and tells
// which names they ask for that the vocabulary does not have, and the nearest
// that it has. What it returns has Note set: nothing is wrong, and nothing is
// refused.
func (v *Vocabulary) Unseen(sources ...Source) Errors {
	var found Errors
	eachNamed(sources, func(s *Segment, one language.Named) {
		if message, hint := v.missing(one); message != "" {
			e := s.origin.errorAt(s.ID, s.Rule, language.Mistake{From: one.From, Message: message, Hint: hint})
			e.Note, found = true, append(found, e)
		}
	})
	sortErrors(found)
	return found
}

// eachNamed calls visit with every name that rules ask for.
func eachNamed(sources []Source, visit func(*Segment, language.Named)) {
	for _, source := range sources {
		segments, _ := Read(source)
		for i := range segments {
			checked, _ := language.Check(segments[i].Rule)
			for _, one := range checked.Names() {
				visit(&segments[i], one)
			}
		}
	}
}

// missing says that a name was not seen, "" when it was, or when that can't
// be told.
func (v *Vocabulary) missing(one language.Named) (message, hint string) {
	switch one.Kind {
	case language.NameOfEvent:
		return v.missingEvent(one)
	case language.NameOfTrait:
		return v.traits.missing(one.Path, "traits")
	case language.NameOfCall:
		return v.calls.missing(one.Path, "")
	case language.NameOfGroup:
		return v.groups.missing(one.Path, "")
	case language.NameOfContext:
		if v.calls.events == 0 {
			return "", ""
		}
	}
	return v.missingProperty(one)
}

// missing is that of what is known without the name of an event. Before is
// written before each path. Where no call was seen that could bring one,
// nothing is said.
func (p *paths) missing(path, before string) (message, hint string) {
	if p.events == 0 || p.may(path) {
		return "", ""
	}
	return "nobody in the sample has " + before + path, didYouMean(before, path, slices.Sorted(maps.Keys(p.seen)), nil)
}

func (v *Vocabulary) missingEvent(one language.Named) (message, hint string) {
	known := v.matching(one)
	if len(known) > 0 || v.full {
		return "", ""
	}
	names := slices.SortedFunc(maps.Keys(v.named), func(a, b string) int {
		return cmp.Or(v.named[b].events-v.named[a].events, cmp.Compare(a, b))
	})
	hint = "the sample has no track, page or screen call"
	if near := v.nearEvent(one, names); near != "" {
		hint = near
	} else if len(names) > 0 {
		quoted := make([]string, min(mostShown, len(names)))
		for i := range quoted {
			quoted[i] = strconv.Quote(names[i])
		}
		hint = "there is " + strings.Join(quoted, ", ")
	}
	if one.Prefix {
		return fmt.Sprintf("no event of the sample has a name that begins with %q", one.Event), hint
	}
	return fmt.Sprintf("no event of the sample is called %q", one.Event), hint
}

// nearEvent is the hint that shows the name that is nearest.
func (v *Vocabulary) nearEvent(one language.Named, names []string) string {
	if !one.Prefix {
		if near := nearest(one.Event, names); near != "" {
			return fmt.Sprintf("did you mean %q?", near)
		}
		return ""
	}
	beginnings := make([]string, len(names))
	for i, name := range names {
		beginnings[i] = name[:min(len(name), len(one.Event)+1)]
	}
	near := nearest(one.Event, beginnings)
	if near == "" {
		return ""
	}
	return fmt.Sprintf("there is %q", names[slices.Index(beginnings, near)])
}

// matching lists the names of events that a stream asks for, sorted.
func (v *Vocabulary) matching(one language.Named) []string {
	if !one.Prefix {
		if v.named[one.Event] == nil {
			return nil
		}
		return []string{one.Event}
	}
	var known []string
	for _, name := range slices.Sorted(maps.Keys(v.named)) {
		if strings.HasPrefix(name, one.Event) {
			known = append(known, name)
		}
	}
	return known
}

// pseudo are the names of what is known of every event.
var pseudo = []string{".event_name", ".event_time", ".event_day", ".event_channel"}

// missingProperty leaves alone what is asked of events that were not seen
// themselves.
func (v *Vocabulary) missingProperty(one language.Named) (message, hint string) {
	matching := v.matching(one)
	var near []string
	for _, name := range matching {
		if v.named[name].may(one.Path) {
			return "", ""
		}
		near = append(near, slices.Sorted(maps.Keys(v.named[name].seen))...)
	}
	if len(matching) == 0 || one.Prefix && v.full {
		return "", ""
	}
	before, others := "", pseudo
	if one.Kind == language.NameOfContext {
		before, others = ".", nil
	}
	shown := before + one.Path
	message = "no event of the sample has " + shown
	switch {
	case !one.Prefix:
		message = fmt.Sprintf("no %q of the sample has %s", one.Event, shown)
	case one.Event != "":
		message = fmt.Sprintf("no %q of the sample has %s", one.Event+"*", shown)
	}
	if other := v.elsewhere(one.Path); other != "" {
		return message, fmt.Sprintf("%q has it", other)
	}
	return message, didYouMean(before, one.Path, near, others)
}

// elsewhere returns the name of events that have a path, "" for none.
func (v *Vocabulary) elsewhere(path string) string {
	for _, name := range slices.Sorted(maps.Keys(v.named)) {
		if _, ok := v.named[name].seen[path]; ok {
			return name
		}
	}
	return ""
}

// may reports whether a path was seen, or may have been, or whether what is
// missing is the list that its last part is of, of which its own place tells.
func (p *paths) may(path string) bool {
	if _, ok := p.seen[path]; ok || p.full {
		return true
	}
	list := strings.LastIndex(path, language.ElementText)
	return list > 0 && !p.may(path[:list])
}
