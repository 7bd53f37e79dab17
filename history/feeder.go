package history

import (
	"context"
	"math"
	"strings"
	"unsafe"

	"muster/event"
	"muster/history/projection"
	"muster/history/sorted"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// Events of one profile are fed in chunks of so many, or of so many bytes.
const (
	chunkEvents = 512
	chunkBytes  = 256 << 10
)

// feeder replays one profile after the other through one Driver. It is not
// safe for concurrent use.
type feeder struct {
	set     *rules.Set
	driver  *pipeline.Driver
	lazy    *lazy // nil where every event must be evaluated
	limits  *profile.Config
	asOf    int64
	tally   tally
	decoder projection.Decoder

	// The profile at hand.
	id    string
	blob  string // before the first commit of this turn
	state state

	events  []event.Event
	memory  []byte // of their texts
	feed    pipeline.Feed
	offsets []int64 // all 0: there is no log
}

// tally counts what became of events.
type tally struct {
	Applied int64 `json:"applied"`
	Repeats int64 `json:"repeats"`
	Refused int64 `json:"refused"` // by a bound on profiles
	Later   int64 `json:"later"`   // arrived after as-of
	// Letters are the first refused ones.
	Letters []refused `json:"letters,omitempty"`
}

// refused is an event that a bound on its profile refused.
type refused struct {
	Profile   string `json:"profile"`
	MessageID string `json:"messageId,omitempty"`
	Reason    string `json:"reason"`
}

// maxRefused bounds the refused events of a slice that are kept.
const maxRefused = 100

// newFeeder returns a feeder up to an instant. Eager evaluates every event,
// as live; otherwise that is done only where rules need it.
func newFeeder(r *Request, eager bool) *feeder {
	config := r.Limits
	config.CacheBytes, config.Timers = math.MaxInt, math.MaxInt // of one profile at a time
	f := &feeder{
		set: r.Set, limits: &config.Profiles, asOf: r.AsOf,
		memory: make([]byte, 0, chunkBytes), offsets: make([]int64, chunkEvents),
	}
	f.driver = pipeline.NewDriver(r.Set, config, pipeline.State{Next: -1}, f)
	f.driver.Receiver = f
	if !eager && mayBeLazy(r.Set) {
		f.driver.Match(func(set *rules.Set) pipeline.Matcher {
			f.lazy = &lazy{Matcher: rules.NewMatcher(set)}
			return f.lazy
		})
	}
	return f
}

// begin goes to a profile that has what base holds, nil for nothing, at an
// instant from which on its events follow. It keeps the id.
func (f *feeder) begin(id string, base *state, clock int64) error {
	f.id, f.blob = id, ""
	f.state.reset()
	var timers []pipeline.Timer
	if base != nil {
		f.state.copy(base)
		f.blob = string(base.Blob)
		if base.Deadline != 0 && f.lazy == nil {
			timers = []pipeline.Timer{{Profile: f.id, At: base.Deadline}}
		}
	}
	if f.lazy != nil {
		f.lazy.awake = false
	}
	return f.driver.Restart(clock, timers)
}

// add takes the profile's next event in. It keeps nothing of the row.
func (f *feeder) add(ctx context.Context, r *sorted.Row, t *projection.Texts) error {
	need := len(r.MessageID) + len(r.Body)
	if len(f.events) == chunkEvents || len(f.memory)+need > cap(f.memory) {
		if err := f.flush(ctx); err != nil {
			return err
		}
		if need > cap(f.memory) {
			f.memory = make([]byte, 0, need)
		}
	}
	ev := event.Event{Profile: f.id, Time: r.Time, Arrival: r.Arrival}
	at := len(f.memory)
	f.memory = append(append(f.memory, r.MessageID...), r.Body...)
	if id := f.memory[at : at+len(r.MessageID)]; len(id) > 0 {
		ev.MessageID = unsafe.String(&id[0], len(id))
	}
	if err := f.decoder.Decode(&ev, r.Kind, f.memory[at+len(r.MessageID):len(f.memory):len(f.memory)], t); err != nil {
		return err
	}
	f.events = append(f.events, ev)
	return nil
}

// flush replays the events that were added.
func (f *feeder) flush(ctx context.Context) error {
	f.feed = pipeline.Feed{Events: f.events, Offsets: f.offsets[:len(f.events)]}
	err := f.driver.Serve(ctx, &f.feed)
	f.events, f.memory = f.events[:0], f.memory[:0]
	f.decoder.Reset()
	return err
}

// finish brings the profile to as-of and returns it; false when it does not
// exist. It is valid until the next begin.
func (f *feeder) finish(ctx context.Context) (*state, bool, error) {
	if len(f.events) > 0 {
		if err := f.flush(ctx); err != nil {
			return nil, false, err
		}
	}
	if err := f.driver.Advance(ctx, f.asOf); err != nil {
		return nil, false, err
	}
	if f.lazy != nil {
		f.lazy.awake = true
		if err := f.driver.Evaluate(ctx, f.id); err != nil {
			return nil, false, err
		}
	}
	p := f.driver.Profile(f.id)
	if p == nil || !p.Exists() {
		return nil, false, nil
	}
	f.state.Members = f.state.Members[:0]
	for position := range p.Members.All() {
		if position < f.set.Len() { // conditions stand behind the segments
			f.state.Members = append(f.state.Members, int32(position))
		}
	}
	return &f.state, true, f.driver.Commit(ctx, 0)
}

// Load implements pipeline.Port.
func (f *feeder) Load(_ context.Context, profiles []string) ([]string, error) {
	blobs := make([]string, len(profiles))
	for i := range profiles {
		blobs[i] = f.blob
	}
	return blobs, nil
}

// Commit implements pipeline.Port.
func (f *feeder) Commit(_ context.Context, c *pipeline.Commit) error {
	for i := range c.Profiles {
		f.state.Blob = append(append(f.state.Blob[:0], c.Profiles[i].Blob...), c.Profiles[i].Tail...)
		f.state.Deadline = c.Profiles[i].Deadline
	}
	return nil
}

// Admit implements pipeline.Receiver.
func (f *feeder) Admit(int) bool { return true }

// Outcome implements pipeline.Receiver.
func (f *feeder) Outcome(i int, o profile.Outcome, _ bool) {
	switch o {
	case profile.Applied:
		f.tally.Applied++
	case profile.Repeat:
		f.tally.Repeats++
	default:
		if f.tally.Refused++; len(f.tally.Letters) < maxRefused {
			ev := &f.events[i]
			f.tally.Letters = append(f.tally.Letters, refused{f.id, strings.Clone(ev.MessageID), o.Reason(f.limits)})
		}
	}
}
