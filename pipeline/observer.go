package pipeline

import (
	"time"

	"muster/event"
)

// Observer watches a Worker from outside. Every function is optional and
// must return at once; they are called by the workers' goroutines.
type Observer struct {
	Opened     func(shard int, s State)           // a shard was taken over
	Committed  func(shard int, b BatchStats)      // a batch landed
	Left       func(shard int, err error)         // a worker ended; nil error when it was asked to
	Fenced     func(shard int, err error)         // another owner has the shard, or the store lost writes
	DeadLetter func(shard int, letter DeadLetter) // a record could not be applied
	Adopted    func(shard int, a Adoption)        // a rule set came into force in a shard, with its opening or later
	Swept      func(shard int, s Sweep)           // a sweep began, went on, or came to its end
}

// Adoption describes a rule set that came into force in a shard.
type Adoption struct {
	Edition uint64
	// Marks are those of the segments that the sweep to come is about. What
	// has been swept was told before.
	Marks []Mark
}

// BatchStats describes one committed batch.
type BatchStats struct {
	Records        int
	Events         int // applied
	Directives     int // that were followed
	Repeats        int // dropped: message id seen within 24 hours
	Erased         int // directives to erase a profile that were followed
	Suppressed     int // events and patches of profiles that were erased, passed over
	Relieved       int // events at which a profile passed its bound on state and gave up detail
	DeadLetters    int
	ClampedTime    int // event times after arrival
	ClampedArrival int // arrival times too far ahead of the clock
	StoodIn        int // timestamps that can't be used
	Unjoined       int // events that say that two ids are one customer
	Tombstones     int // records without a value, passed over
	Changes        int
	ByTime         int           // of the changes, those whose cause is time
	ByRules        int           // of the changes, those whose cause is other rules
	ByBackfill     int           // of the changes, those whose cause is a patch
	ByErasure      int           // of the changes, those of profiles that were erased
	Profiles       int           // written
	Loaded         int           // profiles that were not in memory
	Lag            int64         // records behind the end of the partition
	Overdue        int           // timers that are due and not served yet, counted up to Config.Wave + 1
	Gap            *Gap          // that was passed over, nil for none
	StreamTime     int64         // ms since 1970 UTC
	Edition        uint64        // of the rules that were applied
	Step           time.Duration // loading, applying and matching
	Commit         time.Duration // storing
}

// notice counts what is odd about an event that came.
func (b *BatchStats) notice(ev *event.Event) {
	if ev.Clamped&event.ClampedTime != 0 {
		b.ClampedTime++
	}
	if ev.Clamped&event.ClampedArrival != 0 {
		b.ClampedArrival++
	}
	if ev.StoodIn {
		b.StoodIn++
	}
	if ev.Joins() {
		b.Unjoined++
	}
}

// count counts changes by their cause.
func (b *BatchStats) count(changes []Change) {
	b.Changes = len(changes)
	for i := range changes {
		switch changes[i].Cause {
		case CauseTime:
			b.ByTime++
		case CauseRules:
			b.ByRules++
		case CauseBackfill:
			b.ByBackfill++
		case CauseErased:
			b.ByErasure++
		}
	}
}

func (o *Observer) opened(shard int, s State) {
	if o.Opened != nil {
		o.Opened(shard, s)
	}
}

func (o *Observer) committed(shard int, b BatchStats) {
	if o.Committed != nil {
		o.Committed(shard, b)
	}
}

func (o *Observer) left(shard int, err error) {
	if o.Left != nil {
		o.Left(shard, err)
	}
}

func (o *Observer) fenced(shard int, err error) {
	if o.Fenced != nil {
		o.Fenced(shard, err)
	}
}

func (o *Observer) adopted(shard int, a Adoption) {
	if o.Adopted != nil {
		o.Adopted(shard, a)
	}
}

func (o *Observer) swept(shard int, s Sweep) {
	if o.Swept != nil {
		o.Swept(shard, s)
	}
}

func (o *Observer) deadLetter(shard int, l DeadLetter) {
	if o.DeadLetter != nil {
		o.DeadLetter(shard, l)
	}
}
