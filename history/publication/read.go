package publication

import (
	"context"
	"fmt"
	"time"

	"muster/history"
)

// settle waits until the archive is whole up to the seams.
func (p *Publication) settle(ctx context.Context) error {
	if p.state.Settled != 0 {
		return nil
	}
	for p.config.Settle > 0 {
		until := p.state.settled(p.config.Settle)
		p.board.note(func(now *Progress) { now.Until = until })
		left := until.Sub(p.target.Clock.Now())
		if left <= 0 {
			break
		}
		if err := p.target.Clock.Wait(ctx, left); err != nil {
			return err
		}
	}
	p.state.Settled = p.target.Clock.Now().UnixMilli()
	return p.save()
}

// maxAhead is how far the arrivals of a shard may be ahead of the wall clock,
// in ms.
const maxAhead = 5 * 60 * 1000

// settled returns when the archive is taken for whole: so long after the
// latest seam, and after the seams were seen to be open.
func (s *State) settled(settle time.Duration) time.Time {
	at := s.Opened
	for _, seam := range s.Seams {
		at = max(at, min(seam, s.Opened+maxAhead)) // with clock: stream a seam may be anywhere
	}
	return time.UnixMilli(at).Add(settle)
}

// backfill returns what reads the archive, up to the seams.
func (p *Publication) backfill() (*history.Backfill, *history.Patching, error) {
	request := p.source.Request
	for _, seam := range p.state.Seams {
		request.AsOf = max(request.AsOf, seam)
	}
	b, err := history.New(&request, p.source.Config)
	return b, &history.Patching{
		Rules: p.source.Rules, Segments: p.source.Segments, Seams: p.state.Seams, Shard: p.target.Shard, Sharding: p.target.Sharding,
	}, err
}

// read makes the patches.
func (p *Publication) read(ctx context.Context) (*history.Patches, error) {
	b, patching, err := p.backfill()
	if err != nil {
		return nil, err
	}
	b.ReadAlong(p.along...)
	b.Earlier(p.earlier)
	p.board.read(b)
	patches, err := b.Patches(ctx, patching)
	if err != nil {
		return nil, err
	}
	s := p.state
	switch {
	case patches.Count == 0:
		return nil, fmt.Errorf("%w: no object of the archive has an event that arrived before the seams", history.ErrNothing)
	case s.Sent > 0 && s.Patches != patches.Key:
		return nil, fmt.Errorf("%d patches of run %s are given already, and what was listed now makes others: %w", s.Sent, s.Run, ErrAnew)
	}
	s.Patches, s.All = patches.Key, patches.Count
	if s.Whole = p.config.Whole; s.Whole == 0 {
		s.Whole = patches.Whole
	}
	of := patches.Report
	s.Seconds.Plan, s.Seconds.Index, s.Seconds.Evaluate = s.Seconds.Plan+of.Plan, s.Seconds.Index+of.Index, s.Seconds.Evaluate+of.Evaluate
	return patches, p.save()
}
