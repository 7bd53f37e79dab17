package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"muster/insights"
	"muster/service"
	"muster/snapshot"
)

type insightsProfile struct {
	columnsFlags
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
says so. See docs/insights.md.

Exit code: 0 when told, also that nothing differs; 1 when Redis can't be reached or a
picture can't be written; 2 when a segment, a rule, the configuration or what Redis holds
can't be used, or when an audience has nobody.`
}

// mostTop bounds --top: a picture with more bars can't be looked at.
const mostTop = 200

// check says what of the flags can't be used together.
func (cmd *insightsProfile) check() error {
	switch {
	case cmd.Audience == "" && cmd.AudienceRule == "":
		return errors.New("there is nothing to tell of: give --audience or --audience-rule; see evaluator insights profile --help")
	case cmd.Audience != "" && cmd.AudienceRule != "":
		return errors.New("--audience and --audience-rule are there both: keep one")
	case cmd.Against != "" && cmd.AgainstRule != "":
		return errors.New("--against and --against-rule are there both: keep one")
	case cmd.Against != "" && cmd.Against == cmd.Audience:
		return fmt.Errorf("--audience and --against are both %s: nothing differs", cmd.Audience)
	case cmd.JSON && cmd.CSV:
		return errors.New("--json and --csv are there both: keep one")
	case cmd.Top < 1 || cmd.Top > mostTop:
		return fmt.Errorf("--top is %d; it must be 1 to %d, and --all tells all", cmd.Top, mostTop)
	}
	return (&snapshot.Wanted{Traits: cmd.Traits}).Validate()
}

// Run asks and tells.
func (cmd *insightsProfile) Run(c console) error {
	if err := cmd.check(); err != nil {
		return unusable(err)
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		p, err := cmd.ask(ctx, c, r)
		var nobody *insights.NobodyError
		if errors.As(err, &nobody) {
			return unusable(err)
		}
		if err != nil {
			return err
		}
		if err := cmd.tell(c, p); err != nil {
			return err
		}
		top := p.Top(cmd.Top)
		return cmd.draw(func(to io.Writer) error { return p.WriteSVG(to, top) }, func(to io.Writer) error { return p.WritePNG(to, top) })
	})
}

// ask reads the profiles and compares.
func (cmd *insightsProfile) ask(ctx context.Context, c console, r *reader) (*insights.Profile, error) {
	for _, id := range []string{cmd.Audience, cmd.Against} {
		if id == "" {
			continue
		}
		if err := r.lookup.UnknownSegment(ctx, id); err != nil {
			return nil, service.Classify(err)
		}
	}
	wanted := snapshot.Wanted{Traits: cmd.Traits}
	for _, rule := range []string{cmd.AudienceRule, cmd.AgainstRule} {
		if rule == "" {
			continue
		}
		q, err := (&previewCommand{Rule: rule}).question(ctx, c, r) // as a preview has it
		if err != nil {
			return nil, err
		}
		wanted.Rules = append(wanted.Rules, q)
	}
	columns, err := cmd.fill(ctx, c, r, wanted)
	if err != nil {
		return nil, err
	}
	if err := cmd.warn(ctx, c, r, columns, wanted.Rules); err != nil {
		return nil, err
	}
	return cmd.compare(ctx, columns)
}

// compare compares the audiences that the flags name.
func (cmd *insightsProfile) compare(ctx context.Context, columns *snapshot.Columns) (*insights.Profile, error) {
	left := columns.Rules()
	named := func(segment, rule string) (one insights.Group, err error) {
		if rule == "" {
			return group(columns, segment)
		}
		one = insights.Group{Name: rule, Of: left[0]}
		left = left[1:]
		return one, nil
	}
	audience, err := named(cmd.Audience, cmd.AudienceRule)
	if err != nil {
		return nil, err
	}
	if cmd.Against == "" && cmd.AgainstRule == "" {
		return insights.ProfileOf(ctx, columns, audience, nil)
	}
	against, err := named(cmd.Against, cmd.AgainstRule)
	if err != nil {
		return nil, err
	}
	return insights.ProfileOf(ctx, columns, audience, &against)
}

// warn says which rules can't be exact, and which traits nobody has.
func (cmd *insightsProfile) warn(ctx context.Context, c console, r *reader, columns *snapshot.Columns, asked []*snapshot.Question) error {
	for _, q := range asked {
		lacks, err := columns.Lacks(ctx, q, r.store)
		if err != nil {
			return service.Classify(err)
		}
		for _, lack := range lacks {
			line(c.err, "warning: a rule that is compared: %s\n", whatLacks(lack))
		}
	}
	for _, trait := range columns.Traits() {
		if columns.Held() > 0 && trait.Count(columns.Everybody())[0] == columns.Held() {
			line(c.err, "warning: nobody has a trait %s; evaluator profile shows what the traits of a customer are called\n", trait.Name())
		}
	}
	return nil
}
