package insights

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"muster/cube"
	"muster/snapshot"
)

// Parts are what a Desk answers from.
type Parts struct {
	Columns *snapshot.KeptColumns
	// Compile returns the question that a rule is, or rules.Errors.
	Compile func(ctx context.Context, rule string) (*snapshot.Question, error)
	Marks   snapshot.Marker
	// Cubes returns those that are declared, and Store is where they are kept.
	Cubes func() ([]*cube.Cube, error)
	Store Cubes
	// Waiting is how many questions after profiles may wait, and as many after
	// cubes. Refused is told of each one more.
	Waiting int
	Refused func()
}

// Desk answers questions about audiences and cubes for others: one about profiles
// at a time, as it takes all processors, and one about cubes, as its rows may take
// much memory. The others wait. It is safe for concurrent use.
type Desk struct {
	parts           Parts
	profiles, cubes *queue
	Answers         atomic.Int64 // that were given
}

// NewDesk returns a Desk.
func NewDesk(parts Parts) *Desk {
	return &Desk{parts: parts, profiles: newQueue(parts.Waiting), cubes: newQueue(parts.Waiting)}
}

// asField is how a question over HTTP calls its parts.
func asField(part string) string { return strings.ReplaceAll(part, "-", "_") }

// Profile compares audiences.
func (d *Desk) Profile(ctx context.Context, q *ProfileQuestion) (*Profile, error) {
	if err := q.Check(asField); err != nil {
		return nil, err
	}
	compiled, err := q.Rules(func(rule string) (*snapshot.Question, error) { return d.parts.Compile(ctx, rule) })
	if err != nil {
		return nil, err
	}
	var p *Profile
	err = d.inQueue(ctx, d.profiles, func() error {
		columns, asOf, err := d.parts.Columns.Columns(ctx, snapshot.Wanted{Traits: q.Traits, Rules: compiled})
		if err != nil {
			return err
		}
		if p, err = q.Answer(ctx, columns, compiled, d.parts.Marks); err != nil {
			return err
		}
		p.AsOf = asOf
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Overlap counts every combination of segments.
func (d *Desk) Overlap(ctx context.Context, segments []string) (*Overlap, error) {
	if err := CheckOverlap(segments); err != nil {
		return nil, err
	}
	var o *Overlap
	err := d.inQueue(ctx, d.profiles, func() error {
		columns, asOf, err := d.parts.Columns.Columns(ctx, snapshot.Wanted{})
		if err != nil {
			return err
		}
		if o, err = OverlapOfSegments(columns, segments); err != nil {
			return err
		}
		o.AsOf = asOf
		return nil
	})
	return o, err
}

// Reach tells what a cube has to say.
func (d *Desk) Reach(ctx context.Context, id string, q *ReachQuestion) (*Reach, error) {
	declared, err := d.parts.Cubes()
	if err != nil {
		return nil, err
	}
	of, err := FindCube(declared, id)
	if err != nil {
		return nil, err
	}
	var r *Reach
	err = d.inQueue(ctx, d.cubes, func() (err error) {
		r, err = q.Answer(ctx, of, d.parts.Store, time.Now(), asField)
		return err
	})
	return r, err
}

// inQueue answers a question once those before it are answered.
func (d *Desk) inQueue(ctx context.Context, of *queue, answer func() error) error {
	leave, err := of.wait(ctx)
	var full *snapshot.FullError
	if errors.As(err, &full) {
		d.parts.Refused()
	}
	if err != nil {
		return err
	}
	defer leave()
	if err := answer(); err != nil {
		return err
	}
	d.Answers.Add(1)
	return nil
}

// Waiting is how many questions wait, and how many are being answered.
func (d *Desk) Waiting() (waiting, running int) {
	return int(d.profiles.waiting.Load() + d.cubes.waiting.Load()), len(d.profiles.first) + len(d.cubes.first)
}
