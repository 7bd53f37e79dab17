package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"muster/event"
	"muster/pipeline"
)

// floor does what no service can do without: it reads and decodes a partition
// and writes bytes for every profile that a batch names, with the offset, one
// transaction a batch. There are no profiles and no rules.
type floor struct {
	worker *pipeline.Worker // lends its parts
	blob   []byte           // written for every profile
}

// decoded is what of a batch has to be written.
type decoded struct {
	writes []pipeline.Write
	clock  int64
	next   int64
}

// run owns one shard until ctx ends. Like a Worker it reads and decodes one
// batch ahead.
func (f *floor) run(ctx context.Context, partition int) error {
	state, err := f.worker.Store.Open(ctx, partition)
	if err != nil {
		return fmt.Errorf("opening shard %d: %w", partition, err)
	}
	source, err := f.worker.Open(ctx, partition, state.Next, state.Anchor)
	if err != nil {
		return fmt.Errorf("opening partition %d: %w", partition, err)
	}
	defer source.Close()
	batches := make(chan decoded)
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return f.read(ctx, source, batches) })
	parts.Go(func() error { return f.write(ctx, partition, state, batches) })
	if err := parts.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

func (f *floor) read(ctx context.Context, source pipeline.Source, out chan<- decoded) error {
	var decoders [2]*event.Decoder // in turn: the writer still reads ids of the one before
	for i := range decoders {
		var err error
		if decoders[i], err = event.NewDecoder(f.worker.Config.Events); err != nil {
			return err
		}
		decoders[i].ReadContext(nil)
	}
	var batches [2][]event.Event
	for turn := 0; ; turn = 1 - turn {
		batch, err := source.Fetch(ctx)
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if len(batch.Records) == 0 {
			continue
		}
		decoders[turn].Reset()
		events := batches[turn][:0]
		for _, r := range batch.Records {
			events, _ = decoders[turn].Decode(events, nil, r.Value, r.Time, 0)
		}
		batches[turn] = events
		select {
		case out <- f.decoded(events, batch.Next):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// decoded has one write for every profile.
func (f *floor) decoded(events []event.Event, next int64) decoded {
	d := decoded{next: next, writes: make([]pipeline.Write, 0, len(events))}
	named := make(map[string]bool, len(events))
	for i := range events {
		e := &events[i]
		d.clock = max(d.clock, e.Arrival)
		if !named[e.Profile] {
			named[e.Profile] = true
			d.writes = append(d.writes, pipeline.Write{Profile: e.Profile, Blob: f.blob})
		}
	}
	return d
}

func (f *floor) write(ctx context.Context, partition int, s pipeline.State, in <-chan decoded) error {
	for {
		select {
		case d := <-in:
			err := f.worker.Store.Commit(ctx, partition, &pipeline.Commit{
				Epoch: s.Epoch, From: s.Next, Next: d.next, Clock: d.clock, Outbox: s.Outbox,
				Rules: s.Rules, Generation: s.Generation, Profiles: d.writes,
			})
			if err != nil {
				return err
			}
			s.Next = d.next
			f.worker.Hint(partition, d.next)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
