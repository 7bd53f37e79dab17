package activation

import (
	"context"
	"math/rand/v2"
	"time"
)

// crew is who delivers the changes of one shard: a courier for each
// destination. None waits for another, however long its destination takes;
// only whoever takes a courier's place waits for it to end.
type crew struct {
	posts map[string]*post // by destination: the newest
}

// post is where one courier works after the other.
type post struct {
	line  *line
	ended chan struct{} // closed when the courier has
}

// Run delivers the changes of one shard to all destinations until ctx ends.
// Whatever fails is told to the Observer and tried again.
func (a *Activator) Run(ctx context.Context, shard int) {
	own := crew{posts: map[string]*post{}}
	for ctx.Err() == nil {
		lines, swapped := a.current()
		own.man(lines, func(l *line) { a.serve(ctx, shard, l) })
		select {
		case <-ctx.Done():
		case <-swapped:
		}
	}
	for _, p := range own.posts {
		<-p.ended
	}
}

// man has serve work for each line that is new. Those that are not there any
// more end by themselves.
func (c *crew) man(lines []*line, serve func(*line)) {
	for name, p := range c.posts {
		select {
		case <-p.ended:
			delete(c.posts, name)
		default:
		}
	}
	for _, l := range lines {
		before := c.posts[l.name]
		if before != nil && before.line == l {
			continue
		}
		p := &post{line: l, ended: make(chan struct{})}
		c.posts[l.name] = p
		go func() {
			defer close(p.ended)
			if before != nil {
				<-before.ended
			}
			serve(l)
		}()
	}
}

// serve delivers the changes of one shard to one destination until ctx ends
// or the line is retired.
func (a *Activator) serve(ctx context.Context, shard int, l *line) {
	awake := a.listen(shard)
	defer a.forget(shard, awake)
	c := &courier{
		route: l.route, breaker: l.breaker, outbox: a.outbox(shard), ledger: a.ledger(shard, l.name), observer: a.observer,
		now: time.Now, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), shard: shard, shards: a.Shards, leaving: l.retired,
		request: func(ctx context.Context, run, instead string) error {
			a.states.forget(l.name)
			return a.control.Request(ctx, l.name, run, instead)
		},
	}
	if a.Members != nil {
		c.members = a.Members(shard)
	}
	if len(c.traits) > 0 {
		c.profiles = a.Profiles(shard)
	}
	for rest(ctx, l.retired, nil, 0) {
		end := c.fence(l.sender, shard)
		err := a.deliver(ctx, c, awake)
		end()
		if err == nil || ctx.Err() != nil {
			return
		}
		a.observer.failed(l.name, shard, err)
		if !rest(ctx, l.retired, nil, recoverAfter) {
			return
		}
	}
}
