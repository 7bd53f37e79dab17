package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"muster/event"
	"muster/lookup"
)

// printProfile prints for people.
func printProfile(out io.Writer, p *lookup.Profile) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	next := "none without an event"
	if p.NextFlip != nil {
		next = p.NextFlip.String() + " at the earliest"
	}
	_, _ = fmt.Fprintf(t, "profile %s, shard %d of %d, as of %s\n", lookup.Shown(p.Profile), p.Shard, p.Shards, p.At)
	_, _ = fmt.Fprintf(t, "first seen\t%s\nlast seen\t%s\nnext flip\t%s\n", p.FirstSeen, p.LastSeen, next)
	if len(p.Groups) > 0 {
		groups := make([]string, len(p.Groups))
		for i, id := range p.Groups {
			groups[i] = lookup.Shown(id)
		}
		_, _ = fmt.Fprintf(t, "groups\t%s\n", strings.Join(groups, ", "))
	}
	_, _ = fmt.Fprintln(t, "traits")
	printTraits(t, "", p.Traits)
	for _, id := range p.Groups {
		if traits := p.GroupTraits[id]; len(traits) > 0 {
			_, _ = fmt.Fprintf(t, "traits of group %s\n", lookup.Shown(id))
			printTraits(t, "", traits)
		}
	}
	_, _ = fmt.Fprintln(t, "segments")
	for _, s := range p.Segments {
		if s.Since == nil {
			_, _ = fmt.Fprintf(t, "  %s\tlonger than the outbox tells\n", s.Segment)
		} else {
			_, _ = fmt.Fprintf(t, "  %s\tsince %s\tby %s\n", s.Segment, *s.Since, s.Cause)
		}
	}
	printAggregates(t, p)
	if p.Outdated {
		_, _ = fmt.Fprintln(t, "The segments are those of earlier rules; the profile was not looked at since they changed.")
	}
	return wrap("writing output", t.Flush())
}

// printAggregates prints a line for each aggregate, in the way of evaluator
// explain. Texts are too long to stand in columns.
func printAggregates(out io.Writer, p *lookup.Profile) {
	if len(p.Aggregates) > 0 {
		_, _ = fmt.Fprintln(out, "aggregates")
	}
	for i := range p.Aggregates {
		one := &p.Aggregates[i]
		atLeast := ""
		if one.AtLeast {
			atLeast = "at least "
		}
		_, _ = fmt.Fprintf(out, "  %s is %s%s\n", one.Aggregate, atLeast, aggregateText(one))
	}
	if p.LeftOut > 0 && len(p.Aggregates) > 0 {
		_, _ = fmt.Fprintf(out, "  %d more are left out; --aggregates shows more\n", p.LeftOut)
	}
}

// aggregateText is the value of an aggregate for people: JSON, but for what is
// no text though JSON has it as one.
func aggregateText(one *lookup.Aggregate) string {
	if one.Value == nil {
		return "missing"
	}
	if text, ok := one.Value.(string); ok && one.Kind != event.KindString.String() {
		return text
	}
	return plainText(one.Value)
}

// plainText is a plain value as JSON.
func plainText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error() // can't be: all values are plain
	}
	return string(text)
}

// printTraits prints a line for each trait, those within others by their path.
func printTraits(out io.Writer, above string, traits map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(traits)) {
		path := above + lookup.Shown(key)
		if inner, ok := traits[key].(map[string]any); ok {
			printTraits(out, path+".", inner)
			continue
		}
		_, _ = fmt.Fprintf(out, "  %s\t%s\n", path, plainText(traits[key]))
	}
}
