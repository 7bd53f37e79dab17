package publication

import (
	"bytes"
	"context"
	"time"

	"muster/directive"
	"muster/history"
)

// checkEvery is how many batches are given between two looks whether the seams
// are still there.
const checkEvery = 16

// sender gives patches batch by batch.
type sender struct {
	*Publication
	batch   []directive.Directive
	bytes   int
	batches int
}

// send gives the patches that are still to be given, in their order.
func (p *Publication) send(ctx context.Context, patches *history.Patches) error {
	p.board.note(func(now *Progress) { now.Sent, now.All = p.state.Sent, p.state.All })
	if p.state.Sent == p.state.All {
		return nil
	}
	s := &sender{Publication: p}
	if err := p.awaitTaken(ctx); err != nil {
		return err
	}
	err := patches.Each(ctx, p.state.Sent, func(profile string, body []byte) error { return s.add(ctx, profile, body) })
	if err != nil {
		return err
	}
	return s.give(ctx)
}

// add puts a patch into the batch, which is given first where it is full.
func (s *sender) add(ctx context.Context, profile string, body []byte) error {
	size := len(profile) + len(body)
	if len(s.batch) == s.config.Batch*s.target.Count || len(s.batch) > 0 && s.bytes+size > s.config.BatchBytes {
		if err := s.give(ctx); err != nil {
			return err
		}
	}
	s.batch = append(s.batch, directive.Directive{Kind: directive.Patch, Run: s.state.Run, Profile: profile, Body: bytes.Clone(body)})
	s.bytes += size
	return nil
}

// give gives the batch, notes that it is given, waits until the shards have
// taken it, and leaves them alone for a while.
func (s *sender) give(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	if s.batches++; s.batches%checkEvery == 0 {
		if err := s.checkSeams(ctx); err != nil {
			return err
		}
	}
	began := s.target.Clock.Now()
	if err := s.target.Guide.Direct(ctx, s.batch); err != nil {
		return err
	}
	s.state.Sent += int64(len(s.batch))
	s.state.Bytes += int64(s.bytes)
	s.batch, s.bytes = s.batch[:0], 0
	if err := s.save(); err != nil {
		return err
	}
	s.board.note(func(now *Progress) { now.Sent = s.state.Sent })
	if err := s.awaitTaken(ctx); err != nil {
		return err
	}
	took := s.target.Clock.Now().Sub(began)
	s.board.note(func(now *Progress) { now.OnTheWay += took })
	return s.rest(ctx, took)
}

// mostRest bounds a rest, so that what has held a batch up for long is not
// waited for three times over.
const mostRest = 2 * time.Second

// rest waits behind a batch that was on its way for so long, as Config.Share
// wants it.
func (s *sender) rest(ctx context.Context, took time.Duration) error {
	rest := min(mostRest, time.Duration(float64(took)*(1-s.config.Share)/s.config.Share))
	if rest <= 0 || s.state.Sent == s.state.All {
		return nil
	}
	return s.target.Clock.Wait(ctx, rest)
}

// awaitTaken waits until every shard has applied what is on its log now, so
// that no batch waits behind another, and until none has more before it than
// Config.MaxLag.
func (p *Publication) awaitTaken(ctx context.Context) error {
	upto, err := p.target.Log.Ends(ctx)
	if err != nil {
		return err
	}
	for {
		err := p.await(ctx, func(shard int, offset int64) (bool, error) { return offset >= upto[shard], nil })
		if err != nil {
			return err
		}
		ends, err := p.target.Log.Ends(ctx)
		if err != nil {
			return err
		}
		offsets, err := p.offsets(ctx)
		if err != nil {
			return err
		}
		behind := false
		for shard := range ends {
			if over := ends[shard] - offsets[shard] - p.config.MaxLag; over > 0 {
				behind, upto[shard] = true, offsets[shard]+over
			}
		}
		if !behind {
			return nil
		}
	}
}
