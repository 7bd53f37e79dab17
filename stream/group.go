package stream

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// hintInterval is how often the offsets for lag tools are committed.
const hintInterval = time.Second

// Group shares out the partitions of the keyed topic among the workers of
// the same group. Run it once.
type Group struct {
	member member
	mu     sync.Mutex
	hints  map[int]int64
}

// Group returns the group of the keyed topic.
func (c *Cluster) Group() *Group {
	return &Group{
		member: member{cluster: c, group: c.cfg.Group, topics: []string{c.cfg.Keyed}},
		hints:  map[int]int64{},
	}
}

// Run joins the group and calls own for every partition this member gets,
// each in its own goroutine, until ctx ends; then it leaves the group and
// returns nil. It returns an error only when the keyed topic does not exist
// or can't be asked for.
//
// The ctx of own ends on a rebalance and on shutdown. Own must then finish
// what it has begun and return within Config.SessionTimeout: until it does,
// this member does not take part in the next generation, and after that time
// another member gets the partition all the same. Own must not keep anything
// of the partition for its next call.
//
// When own returns before its ctx ends it is called again after a wait that
// grows from one or two heartbeats to 30 s. When its error is fatal (see
// IsFatal) it is not called again until the next rebalance, and the Observer
// is told. Neither disturbs other partitions.
func (g *Group) Run(ctx context.Context, own func(ctx context.Context, partition int) error) error {
	return g.member.run(ctx, func(gen *kafka.Generation) {
		g.takeHints() // of partitions that may be another's now
		keyed := g.member.cluster.cfg.Keyed
		var working sync.WaitGroup
		working.Add(len(gen.Assignments[keyed]))
		// Before the owners: a generation that ends at once waits for what it has started.
		gen.Start(func(lasting context.Context) { g.commitHints(lasting, gen, &working) })
		for _, a := range gen.Assignments[keyed] {
			work := func(ctx context.Context) error { return own(ctx, a.ID) }
			g.member.hold(ctx, gen, topicPartition{keyed, a.ID}, work, working.Done)
		}
	})
}

// CommitHint tells lag tools, at most once a second and without any
// guarantee, that the records of an owned partition before next are done.
func (g *Group) CommitHint(partition int, next int64) {
	g.mu.Lock()
	g.hints[partition] = next
	g.mu.Unlock()
}

func (g *Group) takeHints() map[int]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	hints := maps.Clone(g.hints)
	clear(g.hints)
	return hints
}

// commitHints commits for as long as the generation lasts, and once more
// when its owners have returned.
func (g *Group) commitHints(lasting context.Context, gen *kafka.Generation, working *sync.WaitGroup) {
	tick := time.NewTicker(hintInterval)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-lasting.Done():
			working.Wait()
			last = true
		case <-tick.C:
		}
		hints := g.takeHints()
		if len(hints) == 0 {
			continue
		}
		err := gen.CommitOffsets(map[string]map[int]int64{g.member.cluster.cfg.Keyed: hints})
		if err != nil && lasting.Err() == nil {
			g.member.cluster.observer.commitError(g.member.group, g.member.cluster.explain(err))
		}
	}
}
