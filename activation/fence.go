package activation

import (
	"context"
	"fmt"
)

// Fenced is a Sender of a destination where the last word counts, and that can
// keep off whoever had the word before: a process that was frozen, say, and
// goes on sending what is long overtaken.
type Fenced interface {
	Sender
	// Of returns what sends for one shard. Before its first message, and before
	// the next one after a failure, it fences off everybody who has sent for
	// the shard before, and then asks holds whether the caller still may send:
	// whoever may has so fenced off those who may not any more.
	Of(shard int, holds func(context.Context) error) ShardSender
}

// ShardSender sends for one shard, one message after the other. Close it when
// no Send is on its way any more.
type ShardSender interface {
	Sender
	Close()
}

// fence has the courier send as one of a shard, where its destination knows
// fences, until end is called.
func (c *courier) fence(to Sender, shard int) (end func()) {
	fenced, ok := to.(Fenced)
	if !ok {
		return func() {}
	}
	own := fenced.Of(shard, c.holds)
	c.sender = own
	return own.Close
}

// holds returns an error when somebody else has claimed the ledger since.
func (c *courier) holds(ctx context.Context) error {
	if err := c.ledger.Save(ctx, Step{Standing: c.standing}); err != nil {
		return fmt.Errorf("making sure that nobody else delivers: %w", err)
	}
	return nil
}
