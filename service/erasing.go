package service

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"muster/activation"
	"muster/pipeline"
	"muster/sink"
)

const (
	// eraseEvery is how often a shard's owner looks for erasures to complete.
	eraseEvery = 2 * time.Second
	// eraseAfter is how long the exits of an erased profile stay in the outbox at
	// least, for who reads it besides destinations.
	eraseAfter = 10 * time.Second
	// EraseWithin is for how long they stay at most for destinations that have not
	// passed them: one that is paused or can't be reached is not told then.
	EraseWithin = 72 * time.Hour
)

// eraser completes the erasures of one shard, for as long as its process owns
// the shard: what the owner before has begun, it begins again.
type eraser struct {
	store *sink.Store
	shard int
	names func() []string // of the destinations that are sent to
	log   *zap.Logger
	begun map[string]begun // by the name of the erasure
}

// begun is since when an eraser knows of an erasure, and what the newest entry
// of the outbox was then, and how many commits there were: none of the profile
// comes behind them.
type begun struct {
	at      time.Time
	request string
	end     int64
	commits int64
}

// erasing has what owns a shard also complete the erasures of its profiles.
// What fails is logged, and tried again.
func (s *Service) erasing(own Owner, store *sink.Store, names func() []string) Owner {
	return accompanied(own, func(ctx context.Context, partition int) {
		e := &eraser{store: store, shard: partition, names: names, log: s.log, begun: map[string]begun{}}
		e.run(ctx)
	})
}

func (e *eraser) run(ctx context.Context) {
	tick := time.NewTicker(eraseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.turn(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("completing erasures, will try again", zap.Int("shard", e.shard), zap.Error(err))
		}
	}
}

// turn removes what is still kept of the erased profiles whose exits everybody
// has been told. An erasure is complete when there is nothing to remove.
func (e *eraser) turn(ctx context.Context) error {
	left, err := e.store.Erasing(ctx, e.shard)
	if err != nil || len(left) == 0 {
		clear(e.begun)
		return err
	}
	ready := map[string]sink.Erasing{}
	for name, one := range left {
		told, err := e.told(ctx, name, one)
		if err != nil {
			return err
		}
		if told {
			ready[name] = one
		}
	}
	if len(ready) == 0 {
		return nil
	}
	found, err := e.clean(ctx, ready)
	if err != nil || found > 0 {
		return err // what was being written meanwhile is found by the next turn
	}
	for name, one := range ready {
		if err := e.store.Erased(ctx, e.shard, name, one); err != nil {
			return err
		}
		e.log.Info("erasure is complete", zap.Int("shard", e.shard), zap.String("request", one.Request))
	}
	return nil
}

// told reports whether the exits of a profile were told, or are not waited for
// any more.
func (e *eraser) told(ctx context.Context, name string, one sink.Erasing) (bool, error) {
	b, known := e.begun[name]
	if !known || b.request != one.Request {
		end, err := e.store.OutboxEnd(ctx, e.shard)
		if err != nil {
			return false, err
		}
		commits, err := e.store.Commits(ctx, e.shard)
		if err != nil {
			return false, err
		}
		b = begun{time.Now(), one.Request, end, commits}
		e.begun[name] = b
	}
	if time.Since(time.UnixMilli(one.At)) > EraseWithin {
		return true, nil
	}
	if time.Since(b.at) < eraseAfter {
		return false, nil
	}
	gone := func(profile string) bool { return pipeline.ErasedName(profile) == name }
	for _, destination := range e.names() {
		l := e.store.Ledger(e.shard, destination)
		passed, begun, err := l.Passed(ctx, b.end)
		if err != nil || begun && !passed {
			return false, err
		}
		if held, err := l.HeldBack(ctx, gone); err != nil || held {
			return false, err
		}
	}
	return true, nil
}

// clean removes profiles from all that is kept beside the shard's commits. A
// customer may have come back meanwhile, with higher versions: these stay.
func (e *eraser) clean(ctx context.Context, ready map[string]sink.Erasing) (found int, err error) {
	gone := func(profile string, version uint64) bool {
		one, is := ready[pipeline.ErasedName(profile)]
		return is && version <= one.Version
	}
	if found, err = e.store.CleanOutbox(ctx, e.shard, gone); err != nil {
		return found, err
	}
	chronicled, err := e.store.CleanChronicle(ctx, e.shard, slices.Collect(maps.Keys(ready)), gone)
	if found += chronicled; err != nil {
		return found, err
	}
	trailed, err := e.store.CleanTrail(ctx, e.shard, e.commits(ready))
	if found += trailed; err != nil {
		return found, err
	}
	destinations, err := e.store.Destinations(ctx)
	if err != nil {
		return found, err
	}
	for _, destination := range destinations {
		n, err := e.store.Ledger(e.shard, destination).Forget(ctx, forgetting(ready, gone))
		found += n
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// commits is behind how many commits no profile of those that are ready was
// touched. Who follows the trail has passed them: erasures are ready only some
// time after.
func (e *eraser) commits(ready map[string]sink.Erasing) (most int64) {
	for name := range ready {
		most = max(most, e.begun[name].commits)
	}
	return most
}

// forgetting reads what activation stores in ledgers.
func forgetting(ready map[string]sink.Erasing, gone func(profile string, version uint64) bool) sink.Forgetting {
	return sink.Forgetting{
		Gone: func(profile string) bool {
			_, is := ready[pipeline.ErasedName(profile)]
			return is
		},
		Rest: func(text []byte) (sink.Remainder, error) {
			rest, err := activation.Without(text, gone)
			return sink.Remainder(rest), err
		},
		Logged: func(text []byte) (message string, named bool, err error) {
			entry, err := activation.DecodeLog(text)
			named = slices.ContainsFunc(entry.Changes, func(c activation.Change) bool { return gone(c.Profile, c.Version) })
			return entry.Message, named, err
		},
	}
}
