package publication

import (
	"context"
	"errors"
	"fmt"

	"muster/history"
)

// ErrEnded says that there is nothing to plan.
var ErrEnded = errors.New("this request has ended; to read the archive anew: --again")

// Plan does all of a publication that comes before reading: it opens the seams,
// waits until the archive is whole, and cuts what is to be read into so many
// tasks for each stage, at most. Any machines may do them; Run then goes on with
// what they have made, and does the rest of it itself.
func (p *Publication) Plan(ctx context.Context, tasks int) (*history.Backfill, *history.Plan, error) {
	ended, err := p.prepare(ctx)
	if err != nil {
		return nil, nil, p.lose(err)
	}
	if ended {
		return nil, nil, ErrEnded
	}
	b, patching, err := p.backfill()
	if err != nil {
		return nil, nil, err
	}
	plan, err := b.PatchPlan(ctx, patching, tasks)
	return b, plan, err
}

// Outline is what a publication would do, and how far it is.
type Outline struct {
	Request  string   `json:"request"`
	Segments []string `json:"segments"`
	// Run is the run that a start would go on with, or that has ended; "" where
	// it would begin one. Sent of All patches are given.
	Run   string `json:"run,omitempty"`
	Ended bool   `json:"ended,omitempty"`
	Sent  int64  `json:"sent,omitempty"`
	All   int64  `json:"all,omitempty"`

	*history.Outline
}

// Outline tells what Run would do now. It lists the archive, reads a sample of so
// many objects, which are not read again, and changes nothing of the service.
func (p *Publication) Outline(ctx context.Context, sample int) (*Outline, error) {
	state, err := readState(&p.source.Config, p.id)
	if err != nil {
		return nil, err
	}
	o := &Outline{Request: p.id, Segments: p.source.Segments}
	if state != nil && !state.GivenUp {
		o.Run, o.Ended, o.Sent, o.All = state.Run, state.Ended != 0, state.Sent, state.All
	}
	request := p.source.Request
	request.AsOf = p.target.Clock.Now().UnixMilli()
	b, err := history.New(&request, p.source.Config)
	if err != nil {
		return nil, err
	}
	if o.Outline, err = b.PatchOutline(ctx); err != nil || sample == 0 {
		return o, err
	}
	if err := b.Sample(ctx, o.Outline, sample); err != nil {
		return nil, fmt.Errorf("%w; --sample 0 does without", err)
	}
	return o, nil
}
