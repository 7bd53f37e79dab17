package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"muster/insights"
	"muster/service"
	"muster/snapshot"
)

type insightsProfile struct {
	insightsFlags
	Audience     string   `placeholder:"SEGMENT" help:"The segment to tell of."`
	AudienceRule string   `placeholder:"RULE" help:"In its place, a rule as a segment file would have it."`
	Against      string   `placeholder:"SEGMENT" help:"The segment to compare with. Who is in both counts in the audience alone. Default: everybody who is not in the audience."`
	AgainstRule  string   `placeholder:"RULE" help:"In its place, a rule."`
	Traits       []string `placeholder:"NAME,..." help:"Traits whose values are compared too, as country,address.city. At most 20."`
	Top          int      `default:"20" help:"How many differences to tell, 1 to 200: those that are most for certain."`
	All          bool     `help:"Tell every comparison, also those that differ by no more than chance. A picture has the top all the same."`
	JSON         bool     `help:"Print JSON in place of a table."`
	CSV          bool     `help:"Print CSV in place of a table."`
	picturesFlags
}

// Help is shown by --help.
func (insightsProfile) Help() string {
	return `Compares an audience with everybody else, or with another audience: in which segments, and
in which values of traits, are its members more often, and in which less often? All segments
are compared, however many there are.

    evaluator insights profile -c muster.yaml --audience buyers --traits country

    20000 profiles, all held
    buyers (6321) against everybody else (13679)
    3 of 212 comparisons differ by more than chance

    what             audience  against  index    from      to  less   more
    newsletter         60.1 %   12.0 %    501     478     524         ██████
    country is "DE"    41.0 %   20.2 %    203     194     212         ███
    lapsed              2.0 %   30.4 %      7       6       8  ▒▒▒▒▒▒▒

Of the buyers 60.1 % have the newsletter, of everybody else 12.0 %, so it is 5 times as
frequent: the index is 501, where 100 is "the same". From 478 to 524 is what chance leaves
open, in 95 of 100 cases. A row is told only if the difference is more than chance, with
all comparisons in mind: of what is told, about one in twenty may still be chance. First
comes what is more frequent for certain, last what is less frequent for certain. Each step
of a bar is a factor of about 1.35, and 8 times is the longest.

Who is in both audiences counts in the first alone. Who is in a segment is told as Redis
has it. With --audience-rule and --against-rule a rule is evaluated now in place of it.

    evaluator insights profile -c muster.yaml --audience-rule 'traits.plan == "pro"' --against vip
    evaluator insights profile -c muster.yaml --audience vip --all --csv > vip.csv
    evaluator insights profile -c muster.yaml --audience vip --svg vip.svg

Where not all profiles fit snapshot.memory, a random sample is compared, and the first line
says so. With --server evaluator insights serve is asked, which holds the profiles.
See docs/insights.md.

Exit code: 0 when told, also that nothing differs; 1 when Redis or the server can't be
reached or a picture can't be written; 2 when a segment, a rule, the configuration or what
Redis holds can't be used, or when an audience has nobody.`
}

// asked is the question, or what of the flags can't be used together.
func (cmd *insightsProfile) asked() (*insights.ProfileQuestion, error) {
	q := &insights.ProfileQuestion{Audience: cmd.Audience, AudienceRule: cmd.AudienceRule, Against: cmd.Against, AgainstRule: cmd.AgainstRule, Traits: cmd.Traits}
	switch {
	case cmd.JSON && cmd.CSV:
		return nil, unusable(errors.New("--json and --csv are there both: keep one"))
	case cmd.Top < 1 || cmd.Top > insights.MostTop:
		return nil, unusable(fmt.Errorf("--top is %d; it must be 1 to %d, and --all tells all", cmd.Top, insights.MostTop))
	}
	if err := q.Check(asFlag); err != nil {
		return nil, unusable(err)
	}
	return q, oneOf(cmd.Config, cmd.Server)
}

// Run asks and tells.
func (cmd *insightsProfile) Run(c console) error {
	q, err := cmd.asked()
	if err != nil {
		return err
	}
	if cmd.Server != "" {
		return withServerFor(insightsWithin, cmd.Server, func(ctx context.Context, s *server) error {
			var p insights.Profile
			if err := s.do(ctx, http.MethodPost, cmd.body(), &p, nil, "insights", "profile"); err != nil {
				return err
			}
			return cmd.finish(c, &p)
		})
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		p, err := cmd.ask(ctx, c, r, q)
		if err != nil {
			cmd.warn(c, p)
			return err
		}
		return cmd.finish(c, p)
	})
}

// body is the question as the API takes it.
func (cmd *insightsProfile) body() map[string]any {
	body := map[string]any{"all": cmd.All, "top": cmd.Top}
	for field, value := range map[string]string{
		"audience": cmd.Audience, "audience_rule": cmd.AudienceRule, "against": cmd.Against, "against_rule": cmd.AgainstRule,
	} {
		if value != "" {
			body[field] = value
		}
	}
	if len(cmd.Traits) > 0 {
		body["traits"] = cmd.Traits
	}
	return body
}

// ask reads the profiles and compares. With an error it may return what rules lack.
func (cmd *insightsProfile) ask(ctx context.Context, c console, r *reader, q *insights.ProfileQuestion) (*insights.Profile, error) {
	for _, id := range q.Segments() {
		if err := r.lookup.UnknownSegment(ctx, id); err != nil {
			return nil, service.Classify(err)
		}
	}
	compiled, err := q.Rules(func(rule string) (*snapshot.Question, error) {
		return (&previewCommand{Rule: rule}).question(ctx, c, r) // as a preview has it
	})
	var mistaken *insights.RuleError
	if errors.As(err, &mistaken) {
		return nil, mistaken.Err // which says so for people
	}
	if err != nil {
		return nil, err
	}
	columns, err := cmd.fill(ctx, c, r, snapshot.Wanted{Traits: q.Traits, Rules: compiled})
	if err != nil {
		return nil, err
	}
	p, err := q.Answer(ctx, columns, compiled, r.store)
	if err != nil {
		return p, unanswered(err)
	}
	return p, nil
}

// finish tells the answer and draws it.
func (cmd *insightsProfile) finish(c console, p *insights.Profile) error {
	cmd.warn(c, p)
	if err := cmd.tell(c, p); err != nil {
		return err
	}
	top := p.Top(cmd.Top)
	return cmd.draw(func(to io.Writer) error { return p.WriteSVG(to, top) }, func(to io.Writer) error { return p.WritePNG(to, top) })
}

// warn says which rules can't be exact, and which traits nobody has.
func (cmd *insightsProfile) warn(c console, p *insights.Profile) {
	if p == nil {
		return
	}
	for _, lack := range p.Lacks {
		line(c.err, "warning: a rule that is compared: %s\n", whatLacks(lack))
	}
	for _, trait := range p.Absent {
		line(c.err, "warning: nobody has a trait %s; evaluator profile shows what the traits of a customer are called\n", trait)
	}
}
