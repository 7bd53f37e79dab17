package keeping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/history/publication"
	"muster/pipeline"
	"muster/rules"
)

// ErrNotYet says that evaluators have not taken the rules over yet.
var ErrNotYet = errors.New("not yet")

// Lacks tells what shards can't be exact about.
type Lacks interface {
	Lacks(ctx context.Context, shard int, set *rules.Set) ([]pipeline.Mark, error)
}

// Keeper keeps the segments of a deployment complete.
type Keeper struct {
	Target publication.Target
	Lacks  Lacks
	// Source says what history is made of. Rules are all rules in force;
	// Segments are chosen by the Keeper.
	Source publication.Source
	Config publication.Config
	// Every is after what time history is brought again for profiles that were
	// silent; 0 for never.
	Every time.Duration
	// Began is told of a publication before it runs; nil for nobody.
	Began func(*publication.Publication, []Want)
	// Bring runs a publication; nil for its own Run.
	Bring func(context.Context, *publication.Publication) (*publication.Report, error)
}

// Wants returns what a Round would bring, and what it would go on with.
// ErrNotYet where shards go by other rules.
func (k *Keeper) Wants(ctx context.Context) ([]Want, *Record, error) {
	r, err := k.record()
	if err != nil {
		return nil, nil, err
	}
	shards := make([]Shard, k.Target.Count)
	for i := range shards {
		if shards[i], err = k.shard(ctx, i); err != nil {
			return nil, nil, err
		}
	}
	return Wants(k.Source.Rules, r, shards, k.Target.Clock.Now(), k.Every), r, nil
}

func (k *Keeper) record() (*Record, error) { return readRecord(&k.Source.Config, k.Target.ID) }

func (k *Keeper) write(r *Record) error { return r.write(&k.Source.Config, k.Target.ID) }

// shard reads what a shard tells.
func (k *Keeper) shard(ctx context.Context, shard int) (s Shard, err error) {
	if err := k.checkRules(ctx, shard); err != nil {
		return s, err
	}
	if s.Seams, err = k.Target.Shards.Seams(ctx, shard); err != nil {
		return s, err
	}
	s.Lacks, err = k.Lacks.Lacks(ctx, shard, k.Source.Rules)
	return s, err
}

// checkRules is ErrNotYet where a shard goes by other rules.
func (k *Keeper) checkRules(ctx context.Context, shard int) error {
	standing, err := k.Target.Shards.Standing(ctx, shard)
	if err != nil {
		return err
	}
	if own := k.Source.Rules.Fingerprint(); standing.Rules != "" && standing.Rules != own {
		return fmt.Errorf("%w: shard %d goes by rules with the fingerprint %.12s, and the files have %.12s", ErrNotYet, shard, standing.Rules, own)
	}
	return nil
}

// alone does something while no other process keeps the deployment. The error is
// history.ErrHeld where one does.
func (k *Keeper) alone(ctx context.Context, do func(context.Context) (*publication.Report, error)) (report *publication.Report, err error) {
	err = k.Source.Config.Alone(ctx, lockFile(k.Target.ID), func(ctx context.Context) (err error) {
		report, err = do(ctx)
		return err
	})
	return report, err
}

// Round looks once what is wanted and brings it, all by one run. It returns a
// nil report when nothing was wanted.
func (k *Keeper) Round(ctx context.Context) (*publication.Report, error) {
	return k.alone(ctx, k.round)
}

func (k *Keeper) round(ctx context.Context) (*publication.Report, error) {
	wants, record, err := k.Wants(ctx)
	if err != nil {
		return nil, err
	}
	source := k.Source
	source.Segments = nil
	if going := record.Running; going != nil && going.Rules == source.Rules.Fingerprint() {
		source.Segments = going.Segments
	} else {
		for _, w := range wants {
			source.Segments = append(source.Segments, w.Segment)
		}
	}
	if len(source.Segments) == 0 {
		return nil, nil
	}
	config := k.Config
	config.Again = true
	p, err := publication.New(k.Target, source, config)
	if err != nil {
		return nil, err
	}
	if err := k.begin(ctx, record, p.ID(), source.Segments); err != nil {
		return nil, err
	}
	if k.Began != nil {
		k.Began(p, wants)
	}
	bring := k.Bring
	if bring == nil {
		bring = func(ctx context.Context, p *publication.Publication) (*publication.Report, error) { return p.Run(ctx) }
	}
	report, err := bring(ctx, p)
	if err != nil {
		return nil, err
	}
	return report, k.end(record, report)
}

// begin notes the run. One before it that can't be gone on with, as the rules
// are others now, is given up.
func (k *Keeper) begin(ctx context.Context, r *Record, request string, segments []string) error {
	if r.Running != nil && r.Running.Request != request {
		if err := publication.GiveUp(ctx, k.Target, &k.Source.Config, r.Running.Request); err != nil {
			return err
		}
	}
	r.Running = &Running{Request: request, Rules: k.Source.Rules.Fingerprint(), Segments: segments}
	return k.write(r)
}

// end notes what was brought, and that its run has ended.
func (k *Keeper) end(r *Record, report *publication.Report) error {
	if err := k.note(r, report); err != nil {
		return err
	}
	r.Running = nil
	return k.write(r)
}

// note has the record say what was brought.
func (k *Keeper) note(r *Record, report *publication.Report) error {
	whole, err := time.Parse(time.RFC3339Nano, report.WholeSince)
	if err != nil {
		return fmt.Errorf("reading since when the archive is whole: %w", err)
	}
	for _, id := range report.Segments {
		if position, known := k.Source.Rules.Position(id); known {
			r.Segments[id] = Given{
				Meaning: meaning(k.Source.Rules, position), Run: report.Run, Whole: whole.UnixMilli(), Ended: k.Target.Clock.Now().UnixMilli(),
			}
		}
	}
	return nil
}
