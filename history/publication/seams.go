package publication

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/directive"
	"muster/pipeline"
	"muster/profile"
)

// open opens the seams, or makes sure that they are still those that were
// opened before.
func (p *Publication) open(ctx context.Context) error {
	if p.state.Opened != 0 {
		if err := p.checkSeams(ctx); err != nil {
			return err
		}
		return p.checkAge(ctx)
	}
	d := directive.Directive{Kind: directive.Open, Run: p.state.Run, Series: p.series}
	if err := p.target.Guide.Direct(ctx, []directive.Directive{d}); err != nil {
		return err
	}
	if err := p.awaitOpen(ctx); err != nil {
		return err
	}
	p.state.Opened = p.target.Clock.Now().UnixMilli()
	if err := p.save(); err != nil {
		return err
	}
	return p.checkRules(ctx) // now every shard has committed something
}

// awaitOpen waits until every shard has the seam of the run.
func (p *Publication) awaitOpen(ctx context.Context) error {
	ends, err := p.target.Log.Ends(ctx)
	if err != nil {
		return err
	}
	seams := make([]int64, p.target.Count)
	err = p.await(ctx, func(shard int, _ int64) (bool, error) {
		own, all, there, err := p.look(ctx, shard, ends[shard], isThere)
		switch {
		case err != nil || !there:
			return false, err
		case own == nil:
			return false, p.refused(shard, all)
		}
		seams[shard] = own.At
		return true, nil
	})
	p.state.Seams, p.state.Behind = seams, ends
	return err
}

// look returns the seam of the run in a shard, nil for none, and all that there
// are. It is taken for what it is when it is good, or when the shard has read its
// log up to an offset; else there is false. A store that has lost its last
// writes has them again when the owner of the shard has read as far as before,
// so the offset is asked for behind the seams, and these are looked at again.
func (p *Publication) look(
	ctx context.Context, shard int, upto int64, good func(*pipeline.Seam) bool,
) (own *pipeline.Seam, all []pipeline.Seam, there bool, err error) {
	for again := false; ; again = true {
		if all, err = p.target.Shards.Seams(ctx, shard); err != nil {
			return nil, nil, false, err
		}
		if own = find(all, p.state.Run); again || good(own) {
			return own, all, true, nil
		}
		offsets, err := p.offsets(ctx)
		if err != nil || offsets[shard] < upto {
			return nil, nil, false, err
		}
	}
}

func isThere(s *pipeline.Seam) bool { return s != nil }

func isClosed(s *pipeline.Seam) bool { return s != nil && s.Closed }

func find(seams []pipeline.Seam, run string) *pipeline.Seam {
	if i := slices.IndexFunc(seams, func(s pipeline.Seam) bool { return s.Run == run }); i >= 0 {
		return &seams[i]
	}
	return nil
}

// refused says what may be the matter with a shard that did not do what a
// directive asked for.
func (p *Publication) refused(shard int, seams []pipeline.Seam) error {
	var open []string
	for _, s := range seams {
		if !s.Closed && !s.GivenUp {
			open = append(open, s.Run)
		}
	}
	hint := ""
	if len(open) > 0 {
		hint = fmt.Sprintf("; runs that are open there: %s", strings.Join(open, ", "))
	}
	return fmt.Errorf("shard %d has refused what run %s asked for: the keyed topic's dead letters say why%s", shard, p.state.Run, hint)
}

// awaitClosed waits until every shard has closed the seam of the run, which
// it does behind all patches.
func (p *Publication) awaitClosed(ctx context.Context) error {
	ends, err := p.target.Log.Ends(ctx)
	if err != nil {
		return err
	}
	return p.await(ctx, func(shard int, _ int64) (bool, error) {
		own, all, there, err := p.look(ctx, shard, ends[shard], isClosed)
		switch {
		case err != nil || !there:
			return false, err
		case own == nil:
			return false, p.lost(shard)
		case !own.Closed:
			return false, p.refused(shard, all)
		}
		return true, nil
	})
}

// checkSeams refuses to go on with a run whose seams are not all open, where
// they were, for the series that it gives: its patches would be refused. It
// waits for a shard whose store has lost writes until it is as far as it was.
func (p *Publication) checkSeams(ctx context.Context) error {
	if n := len(p.state.Seams); n != p.target.Count {
		return fmt.Errorf("run %s has opened seams in %d shards, and now there are %d: %w", p.state.Run, n, p.target.Count, ErrAnew)
	}
	return p.await(ctx, func(shard int, _ int64) (bool, error) {
		own, _, there, err := p.look(ctx, shard, p.state.behind(shard), isThere)
		if err != nil || !there {
			return false, err
		}
		return true, p.checkSeam(shard, own)
	})
}

func (p *Publication) checkSeam(shard int, own *pipeline.Seam) error {
	switch {
	case own == nil, own.At != p.state.Seams[shard], own.GivenUp:
		return p.lost(shard)
	case own.Closed && p.state.Closing == 0:
		return fmt.Errorf("the seam of run %s in shard %d is closed, although not all patches were given: %w", p.state.Run, shard, ErrAnew)
	case !slices.Equal(own.Series, p.state.Series):
		return fmt.Errorf("%w: an edit has changed what is kept of the series that run %s gives, or what conditions of held(...) mean, so that shard %d takes %d of %d: %w",
			ErrRules, p.state.Run, shard, len(own.Series), len(p.state.Series), ErrAnew)
	}
	return nil
}

// checkAge refuses to go on with a run whose seams have been open for too long.
func (p *Publication) checkAge(ctx context.Context) error {
	for shard, at := range p.state.Seams {
		standing, err := p.target.Shards.Standing(ctx, shard)
		if err != nil {
			return err
		}
		if at+profile.SeamLife < standing.Clock {
			return p.lost(shard)
		}
	}
	return nil
}

func (p *Publication) lost(shard int) error {
	return fmt.Errorf("the seam of run %s is gone from shard %d: the number of shards was changed, the store has lost it, or it was open for 30 days: %w",
		p.state.Run, shard, ErrAnew)
}
