package activation

import (
	"context"
	"time"
)

// gathering is the changes that a courier has read and not begun to send, at
// most roundSize. They are held in memory alone: who takes over reads them
// again, and waits anew.
type gathering struct {
	changes []Change
	since   time.Time // when the first of them was seen that is wanted; zero for none
}

// gather returns the changes that are to be delivered or passed now, none
// while more are waited for, and whether there may be more at once.
func (c *courier) gather(ctx context.Context) (read []Change, more bool, err error) {
	if err := c.fill(ctx); err != nil {
		return nil, false, err
	}
	read, more = c.gathered.changes, len(c.gathered.changes) == roundSize
	if unfinished := c.standing.Until; unfinished > c.standing.Number {
		// What was being sent is sent again in the same messages, so it waits
		// for nothing and is all that is taken.
		for len(read) > 0 && read[len(read)-1].Number > unfinished {
			read, more = read[:len(read)-1], true
		}
		c.gathered = gathering{}
		return read, more, nil
	}
	count := c.ready(more)
	read, c.gathered.changes = read[:count:count], read[count:]
	if count > 0 { // all that is left came just now
		c.gathered.since = time.Time{}
		c.mark()
	}
	return read, more, nil
}

// upTo returns those of the gathered changes whose numbers are at most number.
// They do not wait for more.
func (c *courier) upTo(number int64) []Change {
	count := 0
	for count < len(c.gathered.changes) && c.gathered.changes[count].Number <= number {
		count++
	}
	read := c.gathered.changes[:count:count]
	c.gathered = gathering{changes: c.gathered.changes[count:]}
	c.mark()
	return read
}

// fill reads changes until roundSize are there.
func (c *courier) fill(ctx context.Context) error {
	own := &c.gathered
	if len(own.changes) == roundSize {
		return nil
	}
	behind := c.standing.Behind
	if n := len(own.changes); n > 0 {
		behind = own.changes[n-1].Entry
	}
	read, err := c.outbox.Changes(ctx, behind, roundSize-len(own.changes))
	if err != nil {
		return err
	}
	if len(own.changes) == 0 {
		own.changes = read
	} else {
		own.changes = append(own.changes, read...)
	}
	c.mark()
	return nil
}

// mark notes since when there are changes that are wanted.
func (c *courier) mark() {
	if c.batchAge == 0 || !c.gathered.since.IsZero() {
		return
	}
	for i := range c.gathered.changes {
		if c.wants(c.gathered.changes[i].Segment) {
			c.gathered.since = c.now()
			return
		}
	}
}

// ready returns how many of the gathered changes are due: those of full
// batches, or all once they are as many as a round takes, have waited for long
// enough, or have none among them that is wanted.
func (c *courier) ready(all bool) int {
	own := &c.gathered
	if all || own.since.IsZero() || c.now().Sub(own.since) >= c.batchAge {
		return len(own.changes)
	}
	wanted, full := 0, 0
	for i := range own.changes {
		if c.wants(own.changes[i].Segment) {
			if wanted++; wanted%c.batch == 0 {
				full = i + 1
			}
		}
	}
	return full
}

// ripens returns how long it is until gathered changes have waited for long
// enough, at most most.
func (c *courier) ripens(most time.Duration) time.Duration {
	if c.gathered.since.IsZero() {
		return most
	}
	return min(most, max(0, c.batchAge-c.now().Sub(c.gathered.since)))
}
