package insights

import (
	"context"

	"muster/snapshot"
)

// MostTop bounds how many differences are told as the top: a picture with more
// bars can't be looked at.
const MostTop = 200

// ProfileQuestion asks what sets an audience apart. An audience is a segment or a
// rule. Without one to compare with it is everybody who is not in the first.
type ProfileQuestion struct {
	Audience, AudienceRule string
	Against, AgainstRule   string
	Traits                 []string // whose values are compared too
}

// Check returns what of a question can't be asked together.
func (q *ProfileQuestion) Check(called Spell) error {
	audience, against := called("audience"), called("against")
	audienceRule, againstRule := called(audienceRulePart), called(againstRulePart)
	switch {
	case q.Audience == "" && q.AudienceRule == "":
		return wrong("there is nothing to tell of: give %s or %s", audience, audienceRule)
	case q.Audience != "" && q.AudienceRule != "":
		return wrong("%s and %s are there both: keep one", audience, audienceRule)
	case q.Against != "" && q.AgainstRule != "":
		return wrong("%s and %s are there both: keep one", against, againstRule)
	case q.Against != "" && q.Against == q.Audience:
		return wrong("%s and %s are both %s: nothing differs", audience, against, q.Audience)
	}
	if err := (&snapshot.Wanted{Traits: q.Traits}).Validate(); err != nil {
		return wrong("%v", err)
	}
	return nil
}

// The parts of a question that are rules.
const (
	audienceRulePart = "audience-rule"
	againstRulePart  = "against-rule"
)

// Segments are those that the question names.
func (q *ProfileQuestion) Segments() (ids []string) {
	for _, id := range []string{q.Audience, q.Against} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// Rules has each rule of the question compiled, in the order in which Answer takes
// them. Its errors are RuleErrors of those of compile.
func (q *ProfileQuestion) Rules(compile func(rule string) (*snapshot.Question, error)) (rules []*snapshot.Question, err error) {
	for _, one := range []struct{ part, rule string }{{audienceRulePart, q.AudienceRule}, {againstRulePart, q.AgainstRule}} {
		if one.rule == "" {
			continue
		}
		compiled, err := compile(one.rule)
		if err != nil {
			return nil, &RuleError{one.part, err}
		}
		rules = append(rules, compiled)
	}
	return rules, nil
}

// Answer compares the audiences over columns with the traits of the question and
// its rules. With a *NobodyError it returns what rules lack all the same, as that
// may be why.
func (q *ProfileQuestion) Answer(ctx context.Context, c *snapshot.Columns, rules []*snapshot.Question, from snapshot.Marker) (*Profile, error) {
	lacking := &Profile{Held: c.Held(), Profiles: c.All(), Absent: absentTraits(c)}
	for _, rule := range rules {
		lacks, err := c.Lacks(ctx, rule, from)
		if err != nil {
			return nil, err
		}
		lacking.Lacks = append(lacking.Lacks, lacks...)
	}
	audience, against, err := q.groups(c)
	if err != nil {
		return nil, err
	}
	p, err := ProfileOf(ctx, c, audience, against)
	if err != nil {
		return lacking, err
	}
	p.Lacks, p.Absent = lacking.Lacks, lacking.Absent
	return p, nil
}

// groups are the audiences of the question; the second is nil for everybody else.
func (q *ProfileQuestion) groups(c *snapshot.Columns) (audience Group, against *Group, err error) {
	left := c.Rules()
	named := func(segment, rule string) (one Group, err error) {
		if rule == "" {
			return groupOf(c, segment)
		}
		one = Group{Name: rule, Of: left[0]}
		left = left[1:]
		return one, nil
	}
	if audience, err = named(q.Audience, q.AudienceRule); err != nil || q.Against == "" && q.AgainstRule == "" {
		return audience, nil, err
	}
	other, err := named(q.Against, q.AgainstRule)
	return audience, &other, err
}

// absentTraits are those that nobody has.
func absentTraits(c *snapshot.Columns) (names []string) {
	for _, trait := range c.Traits() {
		if c.Held() > 0 && trait.Count(c.Everybody())[0] == c.Held() {
			names = append(names, trait.Name())
		}
	}
	return names
}

// Told returns the profile with those of its findings that are told: the top, or
// every one.
func (p *Profile) Told(top int, all bool) *Profile {
	told := *p
	if !all {
		told.Findings = p.Top(top)
	}
	if told.Findings == nil {
		told.Findings = []Finding{}
	}
	return &told
}
