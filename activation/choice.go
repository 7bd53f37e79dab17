package activation

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/spelling"
)

// everySegment stands for all segments, those of tomorrow included. A segment
// with this id can't be asked for alone.
const everySegment = "all"

// patternSigns make a pattern of an entry.
const patternSigns = `*?[\`

// choice is which segments a destination asks for, in the form in which it is
// fast to ask.
type choice struct {
	all      bool
	ids      map[string]struct{}
	patterns []string
	verdicts map[string]bool // of the segments that Resolve has seen
}

// choose returns the choice that entries make. Entries that can't be used
// choose nothing.
func choose(entries []string) *choice {
	c := &choice{ids: map[string]struct{}{}}
	for _, entry := range entries {
		switch {
		case entry == everySegment:
			c.all = true
		case strings.ContainsAny(entry, patternSigns):
			c.patterns = append(c.patterns, entry)
		default:
			c.ids[entry] = struct{}{}
		}
	}
	return c
}

func (c *choice) has(segment string) bool {
	if c.all {
		return true
	}
	if verdict, known := c.verdicts[segment]; known {
		return verdict
	}
	return c.matches(segment)
}

func (c *choice) matches(segment string) bool {
	if _, ok := c.ids[segment]; ok {
		return true
	}
	return slices.ContainsFunc(c.patterns, func(pattern string) bool { return fits(pattern, segment) })
}

func fits(pattern, segment string) bool {
	ok, err := path.Match(pattern, segment)
	return ok && err == nil
}

// Wants reports whether changes of a segment are sent to the destination. It
// is one lookup for the segments that Resolve was given. Others, as those that
// came later, are compared with the patterns. It is safe for concurrent use.
func (d *Destination) Wants(segment string) bool {
	if d.choice == nil { // it was not read from a file
		return choose(d.Segments).has(segment)
	}
	return d.choice.has(segment)
}

// flawOf returns what is wrong with an entry of segments, and a hint.
func flawOf(entry string) (message, hint string) {
	if strings.ContainsAny(entry, patternSigns) {
		if _, err := path.Match(entry, ""); err != nil {
			return fmt.Sprintf("the pattern %q can't be used", entry), `close each [ with a ], and put a sign behind each \`
		}
		return "", ""
	}
	if !isName(entry) {
		return fmt.Sprintf("%q is no id of a segment", entry), `write an id, a pattern as "vip-*", or segments: all`
	}
	return "", ""
}

// Resolve gives each destination the segments that there are. Mistakes is
// returned when an id is none of them, or a pattern fits none. Call it before
// destinations are shared, and with copies when the segments change.
func Resolve(destinations []Destination, known []string) error {
	var mistakes Mistakes
	for i := range destinations {
		d := &destinations[i]
		c := choose(d.Segments)
		for n, entry := range d.Segments {
			if wrong := absent(entry, known); wrong != nil {
				wrong.Destination = d.Name
				if n < len(d.places) {
					wrong.File, wrong.Line, wrong.Column = d.places[n].file, d.places[n].line, d.places[n].column
				}
				mistakes = append(mistakes, wrong)
			}
		}
		if !c.all {
			c.verdicts = make(map[string]bool, len(known))
			for _, segment := range known {
				c.verdicts[segment] = c.matches(segment)
			}
		}
		d.choice = c
	}
	return mistakes.err()
}

// absent returns what is wrong with an entry that names none of the segments.
func absent(entry string, known []string) *Mistake {
	switch {
	case entry == everySegment:
		return nil
	case !strings.ContainsAny(entry, patternSigns):
		if slices.Contains(known, entry) {
			return nil
		}
		return &Mistake{Message: "there is no segment " + entry, Hint: nearHint(entry, known)}
	case slices.ContainsFunc(known, func(segment string) bool { return fits(entry, segment) }):
		return nil
	}
	return &Mistake{Message: fmt.Sprintf("no segment fits the pattern %q", entry), Hint: patternHint(lettersOf(entry), known)}
}

// lettersOf returns what a pattern says without its signs.
func lettersOf(pattern string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(patternSigns+"]^", r) {
			return -1
		}
		return r
	}, pattern), "-")
}

// patternHint is nearHint for the letters of a pattern, which may be but the
// beginning of an id.
func patternHint(letters string, known []string) string {
	var near []string
	for _, segment := range slices.Sorted(slices.Values(known)) {
		if spelling.Nearest(letters, []string{segment[:min(len(letters), len(segment))]}) != "" && len(near) < shown {
			near = append(near, segment)
		}
	}
	if len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return nearHint(letters, known)
}

// shown is how many segments a hint names.
const shown = 3

func nearHint(name string, known []string) string {
	if near := spelling.Near(name, known, shown); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	some := slices.Sorted(slices.Values(known))
	switch {
	case len(some) == 0:
		return "there are no segments yet; take it out, or add the segment"
	case len(some) > shown:
		return fmt.Sprintf("there are %s and %d more", strings.Join(some[:shown], ", "), len(some)-shown)
	}
	return "there are " + strings.Join(some, ", ")
}
