package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/configs"
	"muster/rules"
)

// shopSegments makes n segments of the example ones by varying constants:
// numbers, windows, countries, plans, categories and tags. Each copy of the
// examples mentions segments of its own.
func shopSegments(n int, seed uint64) ([]rules.Segment, error) {
	examples, err := exampleSegments()
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 21))
	segments := make([]rules.Segment, 0, n+len(examples))
	for copied := 0; len(segments) < n; copied++ {
		for _, one := range examples {
			segments = append(segments, rules.NewSegment(copyID(one.ID, copied), vary(r, one.Rule, copied)))
		}
	}
	return segments, nil // whole copies, as segments mention each other
}

func exampleSegments() ([]rules.Segment, error) {
	files, err := fs.Glob(configs.Segments(), "segments/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the example segments: %w", err)
	}
	var all []rules.Segment
	for _, file := range files {
		data, err := fs.ReadFile(configs.Segments(), file)
		if err != nil {
			return nil, fmt.Errorf("reading the example segments: %w", err)
		}
		segments, wrong := rules.Read(rules.Source{Name: file, Data: data})
		if len(wrong) > 0 {
			return nil, fmt.Errorf("reading the example segments: %w", wrong)
		}
		all = append(all, segments...)
	}
	return all, nil
}

func copyID(id string, copied int) string { return fmt.Sprintf("%s-%d", id, copied) }

var (
	mention  = regexp.MustCompile(`^segment\("([^"]*)"\)$`)
	token    = regexp.MustCompile(`segment\("[^"]*"\)|"[^"]*"|\b\d+\b`)
	families = [][]string{
		{"1d", "3d", "7d", "14d", "30d", "60d", "90d", "180d"},
		{"DE", "AT", "CH", "FR", "US", "PL", "IT", "ES"},
		{"free", "pro", "business"},
		{"shirts", "shoes", "hats", "bags", "coats"},
		{"newsletter", "beta", "student"},
	}
)

// vary writes a rule with other constants. Numbers grow and shrink together,
// so that ranges stay ranges.
func vary(r *rand.Rand, rule string, copied int) string {
	factor := 0.5 + r.Float64()
	return token.ReplaceAllStringFunc(rule, func(text string) string {
		if m := mention.FindStringSubmatch(text); m != nil {
			return fmt.Sprintf("segment(%q)", copyID(m[1], copied))
		}
		if text[0] == '"' {
			return strconv.Quote(varyText(r, strings.Trim(text, `"`)))
		}
		n, err := strconv.Atoi(text)
		if err != nil || n == 0 {
			return text // 0 stands for "not at all"
		}
		return strconv.Itoa(max(1, int(factor*float64(n))))
	})
}

// varyText replaces a window by one of the usual ones near it, and any other
// text of a known family by another member of the family.
func varyText(r *rand.Rand, text string) string {
	for i, family := range families {
		at := slices.Index(family, text)
		if at < 0 {
			continue
		}
		if i == 0 {
			return family[min(max(0, at-1+r.IntN(3)), len(family)-1)]
		}
		return family[r.IntN(len(family))]
	}
	return text
}
