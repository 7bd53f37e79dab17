package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"muster/rules/internal/language"
	"muster/spelling"
)

// Unseen looks at segment files whose rules are in the language, and tells
// which names they ask for that the vocabulary does not have, and the nearest
// that it has. Nothing is wrong with such a rule, and nothing is refused.
func (v *Vocabulary) Unseen(sources ...Source) Errors {
	var found Errors
	eachNamed(sources, func(s *Segment, one language.Named) {
		if message, hint := v.missing(one); message != "" {
			found = append(found, s.origin.errorAt(s.ID, s.Rule, language.Mistake{From: one.From, Message: message, Hint: hint}))
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
		if v.traits.events == 0 || v.traits.may(one.Path) {
			return "", ""
		}
		return "nobody in the sample has traits" + one.Path, didYouMean("traits", one.Path, slices.Sorted(maps.Keys(v.traits.seen)), nil)
	}
	return v.missingProperty(one)
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
	if near := nearest(one.Event, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) > 0 {
		quoted := make([]string, min(mostShown, len(names)))
		for i := range quoted {
			quoted[i] = strconv.Quote(names[i])
		}
		hint = "it has " + strings.Join(quoted, ", ")
	}
	if one.Prefix {
		return fmt.Sprintf("no event of the sample has a name that begins with %q", one.Event), hint
	}
	return fmt.Sprintf("no event of the sample is called %q", one.Event), hint
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
var pseudo = []string{".event_name", ".event_time", ".event_day"}

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
	message = "no event of the sample has " + one.Path
	switch {
	case !one.Prefix:
		message = fmt.Sprintf("no %q of the sample has %s", one.Event, one.Path)
	case one.Event != "":
		message = fmt.Sprintf("no %q of the sample has %s", one.Event+"*", one.Path)
	}
	if other := v.elsewhere(one.Path); other != "" {
		return message, fmt.Sprintf("%q has it", other)
	}
	return message, didYouMean("", one.Path, near, pseudo)
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

// mostShown is how many known names a hint shows where none is near.
const mostShown = 5

// didYouMean is the hint that names the nearest of the known paths, and of
// others, or else some that are known. Before is written before each.
func didYouMean(before, path string, known, others []string) string {
	if near := nearest(path, append(slices.Clone(known), others...)); near != "" {
		return "did you mean " + before + near + "?"
	}
	var some []string
	for _, one := range known {
		if !strings.ContainsAny(one[1:], ".[") && len(some) < mostShown {
			some = append(some, before+one)
		}
	}
	if len(some) == 0 {
		return ""
	}
	return "it has " + strings.Join(some, ", ")
}

// nearest returns the known name that is nearest to one that was not seen, ""
// for none. Capitals and what is neither letter nor digit count for nothing
// at first: page_view is near Page Viewed.
func nearest(name string, known []string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return -1
			}
			return unicode.ToLower(r)
		}, s)
	}
	first := make(map[string]string, len(known))
	list := make([]string, 0, len(known))
	for _, k := range known {
		p := plain(k)
		if _, has := first[p]; !has {
			first[p] = k
			list = append(list, p)
		}
	}
	near := spelling.Near(plain(name), list, 1)
	if len(near) == 0 {
		return ""
	}
	return first[near[0]]
}

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

// HasTraits reports whether any identify call was added: without one, nothing
// can be said of traits.
func (v *Vocabulary) HasTraits() bool { return v.traits.events > 0 }
