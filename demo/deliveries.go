package demo

import (
	"time"

	"muster/pipeline"
)

// arrived is a change as a receiver gets it.
type arrived struct {
	Profile string `json:"profile"`
	Version uint64 `json:"version"`
}

// maxOnTheWay bounds the changes whose evaluation is remembered until they are
// received. Those beyond it are not in the delays.
const maxOnTheWay = 100_000

// maxMessages bounds the messages that are remembered. Twice as many are, at
// most; of the older ones a repeat would count as new.
const maxMessages = 20_000

// deliveries is what is known of changes on their way to the receiver.
type deliveries struct {
	evaluated map[arrived]time.Time
	messages  map[string]bool // by id: whether it was taken
	older     map[string]bool // those before
	waits     latencies
}

func newDeliveries() deliveries {
	return deliveries{evaluated: map[arrived]time.Time{}, messages: map[string]bool{}}
}

// recall returns what is remembered of a message.
func (d *deliveries) recall(id string) (taken, known bool) {
	if taken, known = d.messages[id]; !known {
		taken, known = d.older[id]
	}
	return taken, known
}

func (d *deliveries) remember(id string, taken bool) {
	if len(d.messages) >= maxMessages {
		d.messages, d.older = map[string]bool{}, d.messages
	}
	d.messages[id] = taken
}

// evaluated notes changes that are about to be committed, which is before
// anybody can send them.
func (t *Tally) evaluated(changes []pipeline.Change, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range changes {
		if len(t.sent.evaluated) < maxOnTheWay {
			t.sent.evaluated[arrived{changes[i].Profile, changes[i].Version}] = now
		}
	}
}

// refused notes a message that was not taken.
func (t *Tally) refused(id string) {
	t.update(func(c *Counts) {
		taken, again := t.sent.recall(id)
		if again {
			c.Retried++
		}
		t.sent.remember(id, taken)
	})
}

// delivered notes a message that was taken. Its changes count once, however
// often it comes.
func (t *Tally) delivered(id string, changes []arrived, now time.Time) {
	t.update(func(c *Counts) {
		taken, again := t.sent.recall(id)
		if again {
			c.Retried++
		}
		t.sent.remember(id, true)
		if taken {
			return
		}
		c.Sent += len(changes)
		for _, change := range changes {
			if at, known := t.sent.evaluated[change]; known {
				t.sent.waits.add(now.Sub(at))
				delete(t.sent.evaluated, change)
			}
		}
	})
}
