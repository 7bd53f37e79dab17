package rules

import (
	"slices"
	"strings"
	"unicode"

	"muster/rules/internal/language"
	"muster/spelling"
)

// mostShown is how many known names a hint shows where none is near.
const mostShown = 5

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

// didYouMean is the hint that shows the path that is nearest to one that was
// not seen, and where none is near some that stand beside it. Of the known
// paths, and others at the top, those beside it come first, then those with its
// last name, and then, where what it lies in was not seen either, those of
// another way there. Before is written before each.
func didYouMean(before, path string, known, others []string) string {
	parent, name := splitPath(path)
	var beside, lasts, far, namesakes []string
	for _, one := range append(slices.Clone(known), others...) {
		within, last := splitPath(one)
		switch {
		case within == parent:
			beside, lasts = append(beside, one), append(lasts, last)
		case last == name:
			namesakes = append(namesakes, one)
		default:
			far = append(far, one)
		}
	}
	near := ""
	if last := nearest(name, lasts); last != "" {
		near = beside[slices.Index(lasts, last)]
	} else if len(namesakes) > 0 {
		near = nearest(path, namesakes)
		if near == "" {
			near = namesakes[0]
		}
	} else if len(beside) == 0 {
		near = nearest(path, far)
	}
	if near != "" {
		return "did you mean " + before + near + "?"
	}
	return shownBeside(before, beside, others)
}

// shownBeside shows some of the paths, but for others.
func shownBeside(before string, beside, others []string) string {
	var some []string
	for _, one := range beside {
		if !slices.Contains(others, one) && len(some) < mostShown {
			some = append(some, before+one)
		}
	}
	if len(some) == 0 {
		return ""
	}
	return "there is " + strings.Join(some, ", ")
}

// splitPath takes the last part off a path.
func splitPath(path string) (parent, last string) {
	i := len(path)
	switch {
	case strings.HasSuffix(path, language.ElementText):
		i -= len(language.ElementText)
	case strings.HasSuffix(path, `"]`):
		i = strings.LastIndex(path, `["`)
	default:
		i = max(0, strings.LastIndexByte(path, '.'))
	}
	return path[:i], path[i:]
}
