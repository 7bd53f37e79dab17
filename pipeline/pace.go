package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// How much a commit holds. One that can't be sent in time, over a slow network
// or with large profiles, would fail in the same way for ever: the batch comes
// again after each failure. So its profiles are halved until it can be sent.

// mostPaced is the number of profiles from which on a commit is not bounded:
// more than a batch has records.
const mostPaced = 100_000

// pace is how many profiles a commit of one shard has at most, 0 for no bound.
// It outlives the Drivers of the shard in this process.
type pace struct{ most int }

// failed halves the bound after so many profiles did not come through in time.
// It reports whether it did: what fails for another reason would also fail if
// it were smaller.
func (p *pace) failed(profiles int, err error) bool {
	var slow interface{ Timeout() bool }
	if profiles == 0 || !errors.As(err, &slow) || !slow.Timeout() {
		return false
	}
	p.most = max(1, profiles/2)
	return true
}

// landed adapts the bound to how long a commit took of the time that it may
// take: beyond a half it is halved, and within a quarter, if the bound was
// what kept the commit small, doubled.
func (p *pace) landed(profiles int, took, limit time.Duration) {
	switch {
	case profiles == 0: // whatever it waited for
	case took > limit/2:
		p.most = max(1, profiles/2)
	case p.most == 0 || took > limit/4 || profiles < p.most:
	case p.most > mostPaced/2:
		p.most = 0
	default:
		p.most *= 2
	}
}

// paces are those of all shards of a Worker.
type paces struct {
	mu sync.Mutex
	of map[int]*pace
}

// shard returns the pace of a shard, which only its owner uses.
func (p *paces) shard(shard int) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[shard] == nil {
		if p.of == nil {
			p.of = map[int]*pace{}
		}
		p.of[shard] = &pace{}
	}
	return p.of[shard]
}

// slower has the next owner in this process send less at a time when so many
// profiles did not come through in time.
func (t *tenure) slower(profiles int, err error) error {
	if !t.pace.failed(profiles, err) {
		return err
	}
	return fmt.Errorf("%w (the next attempt has %d profiles at a time)", err, t.pace.most)
}

// loadAhead makes sure that the profiles of an event are in memory: as many
// are loaded at a time as a commit may have. When those that have changed are
// as many it commits them first, unless the event is in the middle of a
// record.
func (d *Driver) loadAhead(ctx context.Context, f *Feed, i int) error {
	if i > 0 && d.full() {
		if offset, first := f.offset(i); first {
			if err := d.commit(ctx, offset); err != nil {
				return err
			}
			d.ahead = i // the commit may have dropped what was loaded
		}
	}
	if i < d.ahead {
		return nil
	}
	d.ahead = i + d.atMost(len(f.Events)-i)
	return d.load(ctx, d.shard.missing(d.wanted[:0], f.Events[i:d.ahead], d.timersOf(f)))
}

// full reports whether as many profiles have changed as a commit may have.
func (d *Driver) full() bool { return d.Most > 0 && d.shard.pending() >= d.Most }

// timers is how many timers are served before a commit.
func (d *Driver) timers() int { return d.atMost(d.config.Timers) }

// atMost is a number of profiles that are loaded or changed at a time, within
// the bound.
func (d *Driver) atMost(profiles int) int {
	if d.Most > 0 {
		return min(profiles, d.Most)
	}
	return profiles
}
