package activation

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// lookEvery is how often a process looks whether a destination was paused
	// or enabled, and a courier whether a message is due.
	lookEvery = time.Second
	// idleEvery is how often a courier that nobody wakes looks for changes.
	idleEvery = 10 * time.Second
	// recoverAfter is how long a courier waits after what is stored could not
	// be read or written, or was claimed by somebody else.
	recoverAfter = 2 * time.Second
)

// Line is a destination with what encodes and sends its messages.
type Line struct {
	Destination Destination
	// Wants reports whether a segment's changes are sent.
	Wants func(segment string) bool
	// Encode makes a message of changes.
	Encode func([]Change) (Message, error)
	Sender Sender
	// Log says that attempts are written into the destination's log.
	Log bool
}

// Activator delivers the changes of the shards that a process owns.
type Activator struct {
	// Members returns who is in the segments of a shard, for snapshot runs. It is
	// set before Run; without it there are none.
	Members func(shard int) Members
	// Shards is how many the deployment has.
	Shards int

	control  Control
	outbox   func(shard int) Outbox
	ledger   func(shard int, destination string) Ledger
	observer *Observer
	states   states
	// Profiles reads the traits that destinations ask for. It must be set before
	// Run where one does.
	Profiles func(shard int) Profiles

	mu       sync.Mutex
	lines    []*line
	swapped  chan struct{}                  // closed when lines are not the newest any more
	sleepers map[int]map[chan struct{}]bool // by shard: who waits for changes
}

// line is a Line with what a process shares between its shards.
type line struct {
	route
	destination Destination
	breaker     *breaker
	retired     chan struct{} // closed when another line or none is in its place
}

// newLine returns a line, closed, as nothing is known of the destination yet.
func newLine(l Line) *line {
	d := l.Destination
	limit := rate.Inf
	if d.Rate > 0 {
		limit = rate.Limit(d.Rate)
	}
	return &line{destination: d, breaker: &breaker{}, retired: make(chan struct{}), route: route{
		name: d.Name, batch: d.Batch, batchAge: d.BatchAge, concurrency: d.Concurrency,
		limiter: rate.NewLimiter(limit, int(max(1, math.Ceil(d.Rate)))),
		wants:   l.Wants, encode: l.Encode, sender: l.Sender, schedule: scheduleOf(&d),
		log: l.Log, coalesces: d.Coalesce, traits: d.traitPaths(),
		initial: d.Initial, completes: d.completes(),
	}}
}

// New returns an Activator. observer may be nil.
func New(
	lines []Line, control Control, outbox func(shard int) Outbox, ledger func(shard int, destination string) Ledger, observer *Observer,
) *Activator {
	a := &Activator{
		control: control, outbox: outbox, ledger: ledger, observer: observer,
		swapped: make(chan struct{}), sleepers: map[int]map[chan struct{}]bool{},
	}
	a.Swap(lines)
	return a
}

// Swap puts other lines in place of those before. Nobody notices it whose
// destination is as it was. The others end what they are sending first, which
// holds back nobody else; they begin with a breaker that is closed, as an edit
// may have mended what was wrong.
func (a *Activator) Swap(lines []Line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := map[string]*line{}
	for _, l := range a.lines {
		before[l.name] = l
	}
	a.lines = nil
	for _, l := range lines {
		now := newLine(l)
		if same := before[now.name]; same != nil && Same([]Destination{same.destination}, []Destination{l.Destination}) {
			now = same
			delete(before, now.name)
		}
		a.lines = append(a.lines, now)
	}
	for _, l := range before {
		close(l.retired)
		if circuit, _ := l.breaker.shown(); circuit.Open {
			a.observer.circuit(l.name, Circuit{})
		}
	}
	close(a.swapped)
	a.swapped = make(chan struct{})
}

// Names returns the names of the destinations that are sent to.
func (a *Activator) Names() []string {
	lines, _ := a.current()
	names := make([]string, len(lines))
	for i, l := range lines {
		names[i] = l.name
	}
	return names
}

// current returns the lines, and what is closed when they are swapped.
func (a *Activator) current() ([]*line, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lines, a.swapped
}

// Wake says that a shard may have new changes.
func (a *Activator) Wake(shard int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for sleeper := range a.sleepers[shard] {
		select {
		case sleeper <- struct{}{}:
		default: // it is awake already
		}
	}
}

// Begin lets destinations that are new to a shard begin with its next change.
// Call it before the shard's owner makes one. What fails is told to the
// Observer, and the destination begins when Run can reach its ledger.
func (a *Activator) Begin(ctx context.Context, shard int) {
	lines, _ := a.current()
	for i := range lines {
		if _, err := a.ledger(shard, lines[i].name).Claim(ctx); err != nil && ctx.Err() == nil {
			a.observer.failed(lines[i].name, shard, err)
		}
	}
}

// deliver claims a courier's ledger and works until something fails, or
// nothing is to be done any more.
func (a *Activator) deliver(ctx context.Context, c *courier, awake <-chan struct{}) error {
	// An order that comes behind this look is seen by the next one.
	orders, err := a.look(ctx, c)
	if err != nil {
		return err
	}
	c.replay = orders.Replay
	if err := c.claim(ctx); err != nil {
		return err
	}
	for {
		pause, err := a.turn(ctx, c)
		if err != nil {
			return err
		}
		if !rest(ctx, c.leaving, awake, pause) {
			return nil
		}
	}
}

// turn is a courier's round, if its destination is sent to. It returns how
// long there is nothing to do, unless the courier is woken.
func (a *Activator) turn(ctx context.Context, c *courier) (pause time.Duration, err error) {
	orders, err := a.look(ctx, c)
	if err != nil || orders.State != Active {
		return lookEvery, err
	}
	if c.replay != orders.Replay { // whoever has nothing to save does not see otherwise that it was fenced off
		c.replay = orders.Replay
		if err := c.claim(ctx); err != nil {
			return 0, err
		}
	}
	if c.asked = orders.Run; c.asked == "" && c.initial {
		c.asked = InitialRun
	}
	more, err := c.round(ctx)
	if err == nil {
		err = c.report(ctx)
	}
	var gone errDisabled
	switch {
	case errors.As(err, &gone):
		return lookEvery, a.disable(ctx, c.name, gone.reason)
	case more || err != nil:
		return 0, err
	case c.waiting > 0 || c.breaker.blocked(time.Now()):
		return c.ripens(lookEvery), nil
	}
	return c.ripens(idleEvery), nil
}

// look returns what is to be done with a courier's destination.
func (a *Activator) look(ctx context.Context, c *courier) (Orders, error) {
	orders, back, err := a.states.of(ctx, a.control, c.name)
	if back && c.breaker.succeed(time.Now()) { // whoever has it go on knows of nothing that is against it
		circuit, _ := c.breaker.shown()
		c.observer.circuit(c.name, circuit)
	}
	return orders, err
}

// disable has nobody send to a destination that wants nothing any more.
func (a *Activator) disable(ctx context.Context, name, reason string) error {
	if err := a.control.Disable(ctx, name, reason); err != nil {
		return err
	}
	a.states.forget(name)
	a.observer.disabled(name, reason)
	return nil
}

// rest waits until there may be something to do, and reports whether to go on.
func rest(ctx context.Context, leaving, awake <-chan struct{}, most time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-leaving:
		return false
	default:
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-leaving:
		return false
	case <-awake:
	case <-timer.C:
	}
	return true
}

func (a *Activator) listen(shard int) chan struct{} {
	awake := make(chan struct{}, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sleepers[shard] == nil {
		a.sleepers[shard] = map[chan struct{}]bool{}
	}
	a.sleepers[shard][awake] = true
	return awake
}

func (a *Activator) forget(shard int, awake chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sleepers[shard], awake)
}
