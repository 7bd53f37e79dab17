package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// Commit implements pipeline.Store.
//
// A reply that is lost leaves the outcome open. Every further attempt
// therefore first reads the meta hash: it shows whether the attempt before
// has landed, and only if not is the transaction sent again. Its EXEC may
// still be on its way over the dead connection then. That is safe, because
// both attempts WATCH the hash that both change: whichever EXEC comes first
// makes Redis refuse the other. For the same reason a late EXEC does nothing
// once the worker has dropped the shard and opened it again, as opening
// changes that hash too.
//
// Should a new owner have opened the shard by the time of the lookup, the
// answer is ErrFenced whether the commit has landed or not: the new owner has
// gone on from whatever Open showed it.
//
// Once a transaction was sent, the end of ctx does not end the lookup;
// Config.RetryFor bounds it. If Redis can't be reached for that long, the
// outcome stays unknown and the error is ErrFenced too: all that is left to
// do is to open again, which shows what has landed.
func (s *Store) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	begin := time.Now()
	if err := validate(c); err != nil {
		return fmt.Errorf("committing shard %d: %w", shard, err)
	}
	if err := s.addReach(ctx, c.Reach); err != nil {
		return fmt.Errorf("committing shard %d: adding reach: %w", shard, err)
	}
	a := &attempts{store: s, shard: shard, commit: c, alive: ctx.Err, flows: s.shardFlows(shard), sizes: s.knownSizes(shard), now: s.now()}
	err := s.retry(context.WithoutCancel(ctx), "committing", a.once)
	if err != nil && a.sent && !isPartial(err) && !errors.Is(err, pipeline.ErrFenced) {
		err = fmt.Errorf("looking up the outcome: %w (%w)", err, pipeline.ErrFenced)
	}
	if errors.Is(err, pipeline.ErrFenced) {
		s.cfg.Observer.fenced(shard, err)
	}
	if err != nil {
		a.flows.forget()
		a.sizes.forget()
		return fmt.Errorf("committing shard %d from offset %d: %w", shard, c.From, err)
	}
	s.chronicler(shard).landed()
	s.milestonesOf(shard).landed()
	a.flows.landed()
	bytes := 0
	for i := range c.Profiles {
		w := &c.Profiles[i]
		if bytes += len(w.Blob); w.TailChanged {
			bytes += len(w.Tail)
		}
	}
	s.cfg.Observer.committed(Committed{
		Shard: shard, Duration: time.Since(begin), Profiles: len(c.Profiles), Changes: len(c.Changes), Bytes: bytes,
	})
	return nil
}

func validate(c *pipeline.Commit) error {
	if c.Next < c.From && c.Gap == nil {
		return fmt.Errorf("next offset %d is before %d", c.Next, c.From)
	}
	if c.Next < 0 && len(c.Changes) > 0 {
		return errors.New("changes before the first record")
	}
	if c.Bucket < 0 {
		return fmt.Errorf("bucket %d is negative", c.Bucket)
	}
	return nil
}

// attempts is one commit on its way.
type attempts struct {
	store  *Store
	shard  int
	commit *pipeline.Commit
	alive  func() error
	flows  *shardFlows
	sizes  *knownSizes
	now    time.Time // by which flows are kept

	sent    bool  // an EXEC was sent whose outcome is not known
	commits int64 // commits stored before it
}

// once looks up the attempt before, if there was one, and else tries to land
// the commit.
func (a *attempts) once(ctx context.Context) error {
	if err := a.alive(); err != nil && !a.sent {
		return finalError{err}
	}
	key := a.store.keys.meta(a.shard)
	return a.store.watching(ctx, key, func(w *watch, m meta) error {
		if a.sent && m.follows(a.commit, a.commits) {
			a.flows.forget() // it says what was sent, and this need not be what has landed
			a.sizes.forget()
			return a.store.verify(ctx, a.shard, a.commit, a.flows.pages)
		}
		if err := a.store.usable(a.shard, m); err != nil {
			return err
		}
		if !m.precedes(a.commit) {
			return final("stored epoch %d, next offset %d, outbox %d, counted %q; expected %d, %d, %d, %q: %w", m.epoch, m.next, m.outbox, m.cubed,
				a.commit.Epoch, a.commit.From, a.commit.Outbox, a.commit.Counted, pipeline.ErrFenced)
		}
		return a.send(ctx, w, m)
	})
}

// send sends the transaction and says what is known about it.
func (a *attempts) send(ctx context.Context, w *watch, m meta) error {
	d := a.store.draft()
	defer a.store.release(d)
	d.queued = true
	t := transaction{
		draft: d, keys: a.store.keys, shard: a.shard, commit: a.commit,
		sizes: a.sizes, milestones: a.store.milestonesOf(a.shard), chronicle: a.store.chronicler(a.shard), counts: a.store.cfg.countsFlows(),
	}
	t.fill(ctx, a.store.cfg.OutboxMax)
	t.fillTrail(ctx, a.store.cfg.TrailMax, m.commits)
	if err := a.fillFlows(ctx, w.tx, &t, m.summed); err != nil {
		return fmt.Errorf("reading flows: %w", err)
	}
	before := a.sent
	a.sent, a.commits = true, m.commits
	if ran, err := w.exec(ctx, d); !ran {
		if answered(err) { // it was refused, perhaps for what an attempt before has done
			a.sent = before
		}
		return err // else it is the connection's error: the outcome is open
	}
	if err := a.store.partial(ctx, a.shard, d.commands); err != nil {
		return err
	}
	a.sizes.landed(a.commit.Drop, d.answers)
	return nil
}

// refusal returns why Redis refused the whole transaction: the error of the
// command that could not be queued, if there is one.
func refusal(commands []redis.Cmder, err error) error {
	for _, command := range commands {
		if own := command.Err(); own != nil && !redis.IsExecAbortError(own) {
			return own
		}
	}
	return err
}
