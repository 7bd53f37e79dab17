package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/event"
	"muster/profile"
	"muster/rules/internal/engine"
	"muster/rules/internal/language"
	"muster/spelling"
)

// Explanation is one node of a rule as it stands for a profile.
type Explanation struct {
	Text  string         `json:"text"`            // the node as text of the language
	Holds *bool          `json:"holds,omitempty"` // the truth of a condition
	Value string         `json:"value,omitempty"` // what anything else yields
	Since *time.Time     `json:"since,omitempty"` // since when the condition of held(...) is true, UTC
	Flips *time.Time     `json:"flips,omitempty"` // when a condition next flips by itself, UTC
	Parts []*Explanation `json:"parts,omitempty"`
}

// Explain evaluates a segment's rule for a profile at stream time now and
// shows every step. It is slow and meant for people.
func (s *Set) Explain(p *profile.Profile, segment string, now int64) (*Explanation, error) {
	position, known := s.Position(segment)
	if !known {
		return nil, fmt.Errorf("explaining: there is no segment %s%s", segment, s.near(segment))
	}
	rule, mistakes := language.Check(s.segments[position].Rule)
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("explaining segment %s: %s", segment, mistakes[0].Message)
	}
	return explain(engine.NewInspector(s.compiled, p, now, s.mentioned), rule.Term), nil
}

// nearIDs is how many ids are proposed in place of one that nobody knows.
const nearIDs = 5

// near names segments that may have been meant by an id.
func (s *Set) near(id string) string {
	ids := s.IDs()
	if found := spelling.Near(id, ids, nearIDs); len(found) > 0 {
		return "; near it are " + strings.Join(found, ", ")
	}
	slices.Sort(ids)
	switch {
	case len(ids) == 0:
		return "; there are none at all"
	case len(ids) > nearIDs:
		return fmt.Sprintf("; there are %s and %d more", strings.Join(ids[:nearIDs], ", "), len(ids)-nearIDs)
	}
	return "; there are " + strings.Join(ids, ", ")
}

// explain explains a term and what is below it.
func explain(inspect *engine.Inspector, term *language.Term) *Explanation {
	explanation := &Explanation{Text: term.Text()}
	if term.Kind == event.KindBool {
		holds := inspect.Holds(term)
		explanation.Holds, explanation.Since, explanation.Flips = &holds, timeAt(inspect.Since(term)), timeAt(inspect.NextFlip(term))
	} else {
		explanation.Value = language.FormatValue(inspect.Value(term))
		if inspect.AtLeast(term) {
			explanation.Value = "at least " + explanation.Value
		}
	}
	for _, part := range term.Shown() {
		explanation.Parts = append(explanation.Parts, explain(inspect, part))
	}
	return explanation
}

// timeAt is a time in ms since 1970 UTC, nil where it is not known.
func timeAt(ms int64, known bool) *time.Time {
	if !known {
		return nil
	}
	at := time.UnixMilli(ms).UTC()
	return &at
}

const instantLayout = "2006-01-02T15:04:05.000Z07:00"

// String writes the explanation as an indented tree: + for what holds, - for
// what does not, = for values.
func (e *Explanation) String() string {
	var b strings.Builder
	e.write(&b, 0)
	return b.String()
}

func (e *Explanation) write(to *strings.Builder, depth int) {
	to.WriteString(strings.Repeat("  ", depth))
	switch {
	case e.Holds == nil:
		fmt.Fprintf(to, "= %s is %s", e.Text, e.Value)
	case *e.Holds:
		fmt.Fprintf(to, "+ %s", e.Text)
	default:
		fmt.Fprintf(to, "- %s", e.Text)
	}
	if e.Since != nil {
		fmt.Fprintf(to, "  (true since %s)", e.Since.Format(instantLayout))
	}
	if e.Flips != nil {
		fmt.Fprintf(to, "  (flips by itself at %s)", e.Flips.Format(instantLayout))
	}
	to.WriteByte('\n')
	for _, part := range e.Parts {
		part.write(to, depth+1)
	}
}
