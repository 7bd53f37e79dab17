package pipeline

import (
	"context"
	"fmt"
	"math"

	"muster/event"
	"muster/profile"
	"muster/rules"
)

// Port is where a Driver gets stored profiles from and puts commits.
type Port interface {
	// Load returns the blobs of profiles with their tails, "" for one that does
	// not exist.
	Load(ctx context.Context, profiles []string) ([]string, error)
	// Commit stores a commit whole or fails. The commit is valid during the call.
	Commit(ctx context.Context, c *Commit) error
}

// PortOf returns the Port of one shard of a Store, for a Driver that nobody
// else looks over the shoulder of. The shard must be open.
func PortOf(s Store, shard int) Port { return storePort{s, shard} }

type storePort struct {
	store Store
	shard int
}

// Load implements Port.
func (p storePort) Load(ctx context.Context, profiles []string) ([]string, error) {
	return p.store.Load(ctx, p.shard, profiles)
}

// Commit implements Port.
func (p storePort) Commit(ctx context.Context, c *Commit) error {
	return p.store.Commit(ctx, p.shard, c)
}

// Receiver is asked about and told of the events of a batch, by their index.
type Receiver interface {
	// Admit is asked before an event is applied, when the timers that are due
	// before it are served; one that is not admitted is left out.
	Admit(i int) bool
	// Outcome is told what became of an event that was admitted. Relieved
	// says that its profile passed its bound on state and gave up detail.
	Outcome(i int, o profile.Outcome, relieved bool)
}

// Stage is what a Driver is at, for whoever measures it.
type Stage uint8

// The stages of a batch.
const (
	StageLoad   Stage = iota // profiles are read and decoded
	StageStep                // timers and events are applied
	StageCommit              // the commit is encoded and stored
)

// Driver feeds one Shard, from a broker, a file or a test: it loads what an
// event needs, serves the timers that are due before it, applies it, and
// commits. Everything that shares the owner's time with the records is
// decided here: timers in passing.go, sweeps in sweep.go. It reads no clock
// and is used by one goroutine.
//
// A Driver without a Port keeps every profile in memory and never stores
// anything; Changes gives what followed.
//
// The trap: after an error the Driver is worthless. Make a new one from the
// stored state.
type Driver struct {
	// Receiver is asked about every event; nil admits all and tells nobody.
	Receiver Receiver
	// Directed is told what became of a directive, by its index, and why it was
	// refused, "" where it was not; optional.
	Directed func(i int, refusal string)
	// Stage is told when a stage begins; optional.
	Stage func(Stage)
	// Census names the stored profiles, for sweeps; without one there are none.
	Census Census
	// Slots bounds how many Drivers that share it sweep at once behind their
	// batches; nil for no bound. Who calls Turn for a sweep takes a slot first.
	Slots chan struct{}
	// Most bounds the profiles of a commit, and those that are loaded at once;
	// 0 for no bound. One record may bring more. It may change at any time.
	Most int

	shard  *Shard
	config Config
	port   Port
	next   int64 // offset of the last commit
	until  int64 // where time has come without a record: the stored clock, then the wall's; ms
	wanted []string
	guided int // directives of the batch at hand that are done
	ahead  int // events of the batch at hand before this one have their profiles loaded

	sweeper sweeper
}

// Feed is a batch for a Driver: events in the order of their records.
type Feed struct {
	Events  []event.Event
	Records []int   // index of each event's record in Offsets; nil: each is a record of its own
	Offsets []int64 // of the records; without a Port they are not needed
	// Directives are records of Muster's own, in order.
	Directives []Directed
	Next       int64 // offset to go on from when all is committed
	Last       bool  // whether nothing more waits to be read behind it
}

// NewDriver returns the Driver of a stored state. Of the configuration it
// takes what concerns profiles and timers; CacheBytes 0 keeps all profiles in
// memory. Port may be nil, see Driver.
func NewDriver(set *rules.Set, config Config, state State, port Port) *Driver {
	if port == nil {
		config.CacheBytes, config.Timers = 0, math.MaxInt
	}
	return &Driver{
		shard: newShard(set, config.Profiles, config.CacheBytes, state), config: config, port: port,
		next: state.Next, until: state.Clock,
	}
}

// Match has profiles evaluated by another Matcher, for this rule set and
// those after it. It is called before anything is fed.
func (d *Driver) Match(newMatcher func(*rules.Set) Matcher) { d.shard.match(newMatcher) }

// Clock returns the stream time, in milliseconds since 1970 UTC.
func (d *Driver) Clock() int64 { return d.shard.clock }

// Next returns the offset that the last commit goes on from.
func (d *Driver) Next() int64 { return d.next }

// Profile returns a profile that is in memory, nil for one that is not. The
// caller must not change it.
func (d *Driver) Profile(id string) *profile.Profile { return d.shard.profile(id) }

// Members calls f with every profile in memory that is in a segment, in no
// order: without a Port these are all.
func (d *Driver) Members(segment string, f func(profile string)) { d.shard.members(segment, f) }

// Names is the shard's list of names, those of the commit at hand included.
// It only grows and must not be changed.
func (d *Driver) Names() []string { return d.shard.codec.Names() }

// Swap goes on with another rule set, as a Driver that is made from the
// stored state with that set would. Everything must be committed.
func (d *Driver) Swap(set *rules.Set) error { return d.shard.swap(set) }

// Serve takes a batch from its events to its commit.
func (d *Driver) Serve(ctx context.Context, f *Feed) error {
	d.guided = 0
	if d.ahead = 0; len(f.Events) == 0 { // time alone may have something to load
		if err := d.loadAhead(ctx, f, 0); err != nil {
			return err
		}
	}
	d.enter(StageStep)
	for i := range f.Events {
		if err := d.guide(ctx, f, i); err != nil {
			return err
		}
		if err := d.loadAhead(ctx, f, i); err != nil {
			return err
		}
		if err := d.apply(ctx, f, i); err != nil {
			return err
		}
	}
	if err := d.guide(ctx, f, len(f.Events)); err != nil {
		return err
	}
	if err := d.keepPace(ctx, f); err != nil {
		return err
	}
	if err := d.sweepBeside(ctx, len(f.Offsets)); err != nil {
		return err
	}
	return d.commit(ctx, f.Next)
}

// Apply serves all timers that are due before an event and applies it. It
// commits nothing, so it is for who has no waves and no offsets to keep.
func (d *Driver) Apply(ctx context.Context, ev *event.Event) (profile.Outcome, error) {
	if err := d.load(ctx, d.shard.missing(d.wanted[:0], []event.Event{*ev}, 0)); err != nil {
		return 0, err
	}
	if err := d.Advance(ctx, ev.Arrival); err != nil {
		return 0, err
	}
	return d.shard.apply(ev)
}

// Commit stores everything since the last commit, with next as the offset to
// go on from.
func (d *Driver) Commit(ctx context.Context, next int64) error { return d.commit(ctx, next) }

// Pending is the number of profiles changed and not committed.
func (d *Driver) Pending() int { return d.shard.pending() }

// Changes returns and forgets the changes since it was last called. It is for
// a Driver without a Port.
func (d *Driver) Changes() []Change { return d.shard.takeChanges() }

// apply serves the timers that are due before an event, then the event.
func (d *Driver) apply(ctx context.Context, f *Feed, i int) error {
	if err := d.advance(ctx, f, i); err != nil {
		return err
	}
	if d.Receiver != nil && !d.Receiver.Admit(i) {
		return nil
	}
	outcome, err := d.shard.apply(&f.Events[i])
	if err != nil {
		return err
	}
	if d.Receiver != nil {
		d.Receiver.Outcome(i, outcome, outcome == profile.Applied && d.shard.changed.Relieved)
	}
	return nil
}

// load puts profiles into the shard. Without a Port they begin empty.
func (d *Driver) load(ctx context.Context, ids []string) error {
	d.wanted = ids
	if d.port == nil {
		for _, id := range ids {
			if err := d.shard.put(id, ""); err != nil {
				return err
			}
		}
		return nil
	}
	blobs, err := d.read(ctx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if err := d.shard.put(id, blobs[i]); err != nil {
			return unreadable(err)
		}
	}
	return nil
}

// read returns what is stored of profiles, by as many at a time as Most says.
func (d *Driver) read(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	d.enter(StageLoad)
	defer d.enter(StageStep)
	var blobs []string
	for from := 0; from < len(ids); {
		to := from + d.atMost(len(ids)-from)
		some, err := d.port.Load(ctx, ids[from:to])
		if err != nil || to == len(ids) && from == 0 {
			return some, err
		}
		blobs, from = append(blobs, some...), to
	}
	return blobs, nil
}

// unreadable says what to do about a stored profile that can't be read.
func unreadable(err error) error {
	return fmt.Errorf("loading: another program or a newer version has written this profile, "+
		"restore it from a backup or remove it from its hash: %w", err)
}

// commit stores everything since the last commit; without a Port it does
// nothing.
func (d *Driver) commit(ctx context.Context, next int64) error {
	if d.port == nil {
		d.next = next
		return nil
	}
	d.enter(StageCommit)
	defer d.enter(StageStep)
	c := d.shard.flush(next)
	if err := d.port.Commit(ctx, c); err != nil {
		return err
	}
	d.shard.committed(c)
	d.next = next
	return nil
}

func (d *Driver) enter(s Stage) {
	if d.Stage != nil {
		d.Stage(s)
	}
}

// offset returns the offset of an event's record, and whether the event is
// the first of it.
func (f *Feed) offset(i int) (offset int64, first bool) {
	if f.Records == nil {
		return f.Offsets[i], true
	}
	return f.Offsets[f.Records[i]], i == 0 || f.Records[i-1] != f.Records[i]
}
