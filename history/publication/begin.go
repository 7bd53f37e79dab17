package publication

import (
	"context"
	"fmt"

	"muster/history"
	"muster/history/files"
)

// begin finds out how far the publication is, and begins a run where there is
// none. It reports whether the run has ended.
func (p *Publication) begin(ctx context.Context) (ended bool, err error) {
	if p.state, err = readState(&p.source.Config, p.id); err != nil {
		return false, err
	}
	first := p.state == nil
	if p.state != nil && p.state.GivenUp {
		p.state = nil
	}
	if p.config.Again && p.state != nil && (p.state.Ended != 0 || p.state.Lost != "") {
		if err := p.leave(ctx); err != nil {
			return false, err
		}
	}
	if p.state != nil && p.state.Ended != 0 {
		return true, nil
	}
	if err := p.checkRules(ctx); err != nil {
		return false, err
	}
	if p.state == nil {
		if err := p.anew(ctx, first); err != nil {
			return false, err
		}
	}
	p.board.note(func(now *Progress) { now.Run = p.state.Run })
	return false, nil
}

// leave turns from the run before, which has ended or can't be gone on with.
func (p *Publication) leave(ctx context.Context) error {
	if p.state.Ended == 0 {
		if err := p.state.giveUp(ctx, p.target); err != nil {
			return err
		}
	}
	p.state = nil
	return nil
}

// anew begins a run, of an archive that is listed anew. It makes sure before that
// there is one: a seam that is open can't be taken back. First says that there
// was no run before.
func (p *Publication) anew(ctx context.Context, first bool) error {
	if err := p.source.Request.Probe(ctx); err != nil {
		return err
	}
	dead, err := p.target.Log.Dead(ctx)
	if err != nil {
		return fmt.Errorf("counting dead letters: %w", err)
	}
	if err := history.Forget(&p.source.Config, p.id); err != nil {
		return err
	}
	now := p.target.Clock.Now()
	p.state = &State{Run: newRun(now), Begun: now.UnixMilli(), Segments: p.source.Segments, Series: p.series, Dead: dead}
	if !first {
		return p.save()
	}
	// Of two processes that begin at the same time, in a bucket, both go on with
	// the run of the first: what both do is done once.
	if err := p.state.put(&p.source.Config, p.id, files.Once); err != nil {
		return err
	}
	p.state, err = readState(&p.source.Config, p.id)
	return err
}

// checkRules refuses a deployment that goes by other rules. A shard that has
// committed nothing yet tells nothing.
func (p *Publication) checkRules(ctx context.Context) error {
	own := p.source.Rules.Fingerprint()
	for shard := range p.target.Count {
		standing, err := p.target.Shards.Standing(ctx, shard)
		if err != nil {
			return err
		}
		if standing.Rules != "" && standing.Rules != own {
			return fmt.Errorf("%w: shard %d goes by rules with the fingerprint %.12s, and those that were given have %.12s; "+
				"give the files that the evaluators have, all of them, and wait until they have taken over the last edit", ErrRules, shard, standing.Rules, own)
		}
	}
	return nil
}
