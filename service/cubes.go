package service

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"muster/cube"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/sink"
)

const (
	// foldEvery is how often what was counted is folded into the pages of cubes.
	foldEvery = 2 * time.Second
	// mostParts is how many parts may wait for that in one shard. Beyond it the
	// shard's owner folds them itself before it goes on.
	mostParts = 500
)

// cubes are the declarations in force in this process. Its zero value has none.
type cubes struct{ current atomic.Pointer[[]*cube.Cube] }

func (c *cubes) list() []*cube.Cube {
	if all := c.current.Load(); all != nil {
		return *all
	}
	return nil
}

func (c *cubes) publish(all []*cube.Cube) { c.current.Store(&all) }

// sameCubes reports whether two lists count the same.
func sameCubes(a, b []*cube.Cube) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key() != b[i].Key() {
			return false
		}
	}
	return true
}

// beginCubes reads the declarations that the service begins with, and has a
// worker count for those in force.
func (s *Service) beginCubes(worker *pipeline.Worker, store *sink.Store) error {
	if s.Cubes == nil {
		return nil
	}
	all, err := s.Cubes()
	if err != nil {
		return unusable(err)
	}
	s.cubes.publish(all)
	worker.Counter = s.counting(store)
	return nil
}

// keepCubes takes over changes of the declarations until ctx ends. Those with a
// mistake are told of, and the ones before stay.
func (s *Service) keepCubes(ctx context.Context) {
	if s.Cubes == nil || s.config.Segments.Reload == 0 {
		return
	}
	tick := time.NewTicker(s.config.Segments.Reload)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		all, err := s.Cubes()
		switch {
		case err != nil:
			if told != err.Error() {
				told = err.Error()
				s.log.Error("cubes are refused, and those before stay in force", zap.Error(err))
			}
			continue
		case !sameCubes(all, s.cubes.list()):
			s.cubes.publish(all)
			s.log.Info("cubes were taken over", zap.Int("cubes", len(all)))
		}
		told = ""
	}
}

// counter counts the events of one shard for the cubes. It opens what is kept of
// them only once there is one to count for, so that where none is declared
// nothing is asked of Redis.
type counter struct {
	service *Service
	store   *sink.Store
	shard   int
	epoch   int64
	gaps    int64 // that the shard has passed over
	mark    sink.CubeMark
	tally   *cube.Tally
	counts  []*cube.Cube // that it counts for
	part    []byte
}

// counting returns what makes the counters of a store.
func (s *Service) counting(store *sink.Store) func(context.Context, int, pipeline.State) (pipeline.Counter, error) {
	return func(ctx context.Context, shard int, state pipeline.State) (pipeline.Counter, error) {
		c := &counter{
			service: s, store: store, shard: shard, epoch: state.Epoch, gaps: int64(len(state.Gaps)), tally: cube.NewTally(s.config.Cubes.Days),
		}
		return c, c.declare(ctx)
	}
}

// declare takes over the declarations in force.
func (c *counter) declare(ctx context.Context) error {
	now := c.service.cubes.list()
	if sameCubes(now, c.counts) {
		return nil
	}
	if len(c.counts) == 0 {
		var err error
		if c.mark, err = c.store.OpenCubes(ctx, c.shard); err != nil {
			return err
		}
	}
	c.counts = now
	c.tally.Declare(now)
	return nil
}

// Count implements pipeline.Counter. Events below the mark were counted before
// their batch was, and are applied again.
func (c *counter) Count(offset int64, ev *event.Event, profiles func(id string) *profile.Profile) {
	if len(c.counts) > 0 && c.mark.Before(c.gaps, offset) {
		c.tally.Count(ev, profiles(ev.Profile))
	}
}

// Store implements pipeline.Counter.
func (c *counter) Store(ctx context.Context, commit *pipeline.Commit) error {
	if commit.Gap != nil {
		c.gaps++
	}
	if !c.tally.Empty() {
		m := sink.CubeMark{Gaps: c.gaps, Next: commit.Next}
		if err := c.add(ctx, commit.From, m); err != nil {
			return err
		}
		commit.Counted = m.String()
	}
	return c.declare(ctx)
}

func (c *counter) add(ctx context.Context, from int64, m sink.CubeMark) error {
	c.part = c.tally.Append(c.part[:0])
	waiting, err := c.store.AddCubes(ctx, c.shard, sink.CubeOwner{Epoch: c.epoch, Next: from}, m, c.part)
	if err != nil {
		return err
	}
	c.service.watch.CubesWaiting(c.shard, int(waiting))
	c.mark = m
	c.tally.Reset()
	for more := waiting > mostParts; more; {
		if more, err = c.service.foldSome(ctx, c.store, c.shard); err != nil {
			return err
		}
	}
	return nil
}

// foldSome folds some of what was counted of a shard, and tells of it.
func (s *Service) foldSome(ctx context.Context, store *sink.Store, shard int) (more bool, err error) {
	done, err := store.FoldCubes(ctx, shard, s.config.Cubes)
	if err == nil {
		s.watch.CubesFolded(shard, done)
	}
	return done.More, err
}

// folding has what owns a shard also fold what was counted of it. What fails is
// logged, and tried again.
func (s *Service) folding(own Owner, store *sink.Store) Owner {
	if s.Cubes == nil {
		return own
	}
	return accompanied(own, func(ctx context.Context, partition int) { s.fold(ctx, store, partition) })
}

func (s *Service) fold(ctx context.Context, store *sink.Store, shard int) {
	defer s.watch.CubesGone(shard)
	tick := time.NewTicker(foldEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if len(s.cubes.list()) == 0 {
			continue
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = s.foldSome(ctx, store, shard); err != nil && ctx.Err() == nil {
				s.log.Warn("folding cubes, will try again", zap.Int("shard", shard), zap.Error(err))
			}
		}
	}
}
