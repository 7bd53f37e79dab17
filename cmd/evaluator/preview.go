package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/rules"
	"muster/service"
	"muster/snapshot"
)

type previewCommand struct {
	Config      string `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server      string `placeholder:"URL" help:"Ask evaluator insights serve and not Redis, as https://muster.internal:8091; MUSTER_TOKEN has the token."`
	Rule        string `placeholder:"RULE" help:"The rule to try, as a segment file would have it."`
	Draft       string `short:"f" placeholder:"FILE|DIR" help:"Segment files that nobody has taken over: all their segments are tried or, with --rule, what it may mention. Default with --rule: the segments of the configuration."`
	AgainstLive bool   `help:"With -f: tell too who would enter and who would leave each segment, against the memberships that Redis has."`
	Overlap     bool   `help:"With --rule: tell too how many members each segment in force shares with it, as Redis has them."`
	JSON        bool   `help:"Print a line of JSON each time, in place of text."`
}

// Help is shown by --help.
func (previewCommand) Help() string {
	return `Tells how many customers a rule would have, before it is published. It reads all profiles
from Redis, or a random sample of them that fits snapshot.memory, and evaluates the rule
for one after the other in a random order. So the first figures come at once, as an
estimate with a band that holds the truth in 95 of 100 cases, and the last one is exact
for what was read. It changes nothing and disturbs no evaluator.

    evaluator preview -c muster.yaml --rule 'traits.plan == "pro" and count(events("Login", "7d")) == 0'

    20000 profiles, all held
      256 of 20000: about 6641 (5493 to 7879), 33.2 % (27.5 to 39.4)
    20000 of 20000: 6321 exactly, 31.6 %
    such as u4711, u42, u17, u90210, u8

With --overlap the last figures are followed by the segments in force that share members
with the rule, those first that share most.

With -f and without --rule all segments of the files are tried at once. --against-live
tells who would enter and leave each of them, were the files taken over now.

    evaluator preview -c muster.yaml -f segments/ --against-live

What no rule in force asks for, nothing is kept of. A rule that needs it is marked on
stderr: the real segment would begin as the preview says, and fill up with time or by a
backfill. See docs/insights.md.

With --server the profiles are not read for the command: evaluator insights serve holds
them, fresh, and answers at once.

    MUSTER_TOKEN=... evaluator preview --server https://muster.internal:8091 --rule 'traits.plan == "pro"'

With --json each line is one object: seen, held, profiles, segments, done, and lacks in
the first and the last.

Exit code: 0 when told to the end, 1 when Redis or the server can't be reached or
the question was cancelled, 2 when the rule, the files, the configuration, or what Redis holds, can't be
used.`
}

// previewEvery is how often an estimate is told.
const previewEvery = 100 * time.Millisecond

// Run asks.
func (cmd *previewCommand) Run(c console) error {
	switch {
	case cmd.Rule == "" && cmd.Draft == "":
		return unusable(errors.New("there is nothing to try: give --rule or -f; see evaluator preview --help"))
	case cmd.AgainstLive && cmd.Rule != "":
		return unusable(errors.New("--against-live is for -f alone: nobody is in an ad hoc rule yet"))
	case cmd.Overlap && cmd.Rule == "":
		return unusable(errors.New("--overlap is for --rule"))
	case cmd.Server != "" && cmd.Rule != "" && cmd.Draft != "":
		return unusable(errors.New("with --server a rule may mention the segments in force, so -f is for -c"))
	}
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Server != "" {
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.preview(ctx, c, r) })
}

func (cmd *previewCommand) preview(ctx context.Context, c console, r *reader) error {
	q, err := cmd.question(ctx, c, r)
	if err != nil {
		return err
	}
	counted := func(read int64) { line(c.err, "\rreading profiles: %d", read) }
	if !isTerminal(c.err) {
		counted = func(int64) {}
	}
	s, err := snapshot.Fill(ctx, r.store, r.config.Snapshot, counted)
	if isTerminal(c.err) {
		line(c.err, "\r\x1b[K")
	}
	if err != nil {
		return service.Classify(err)
	}
	lacks, err := s.Lacks(ctx, q, r.store)
	if err != nil {
		return service.Classify(err)
	}
	return (&previewOutput{console: c, json: cmd.JSON, live: cmd.AgainstLive, lacks: lacks}).tell(ctx, s, q)
}

// question compiles what is asked, before anything is read.
func (cmd *previewCommand) question(ctx context.Context, c console, r *reader) (*snapshot.Question, error) {
	if cmd.Rule == "" {
		set, err := loadSegments(cmd.Draft)
		if err != nil {
			return nil, err
		}
		return snapshot.OfDraft(set, cmd.AgainstLive), nil
	}
	beside, where, err := r.rules(ctx, cmd.Draft)
	if err != nil && cmd.Draft != "" {
		return nil, err
	}
	if err != nil {
		beside = nil // most rules mention none
		line(c.err, "note: the segments of the configuration can't be read, so the rule can mention none\n")
	}
	q, err := snapshot.OfRule(cmd.Rule, beside)
	var mistakes rules.Errors
	if errors.As(err, &mistakes) {
		return nil, unusable(fmt.Errorf("the rule can't be used:\n\n%w", err))
	}
	if err != nil {
		return nil, unusable(fmt.Errorf("trying the rule beside the segments of %s: %w", where, err))
	}
	if cmd.Overlap {
		q = q.WithOverlap()
	}
	return q, nil
}
