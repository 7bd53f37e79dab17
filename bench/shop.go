package main

import (
	"fmt"
	"maps"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"

	"muster/demo"
	"muster/event"
	"muster/profile"
	"muster/rules"
)

// warmUp is how many records come before measuring: half a year of the shop,
// so that windows have filled.
const warmUp = 40_000

// countedBatch is how seldom a batch is counted instead of timed.
const countedBatch = 16

// shop measures the example segments, multiplied, on the traffic of the
// demo's shop: the whole way of an event through profile and rules.
func (b *bench) shop() error {
	for _, n := range b.segments {
		segments, err := shopSegments(n, seed)
		if err != nil {
			return err
		}
		c, err := compileSet(segments, nil)
		if err != nil {
			return err
		}
		s, err := newShop(c.set)
		if err != nil {
			return err
		}
		r, err := s.measure(b.events)
		if err != nil {
			return fmt.Errorf("matching %d segments on shop traffic: %w", n, err)
		}
		r.Segments, r.BytesPerRule, r.CompileUsPerRule = c.set.Len(), c.bytesPerRule, c.usPerRule
		if err := r.write(b.out); err != nil {
			return err
		}
	}
	return nil
}

// shop is a rule set, and customers whose events it follows.
type shop struct {
	set       *rules.Set
	matcher   *rules.Matcher
	decoder   *event.Decoder
	traffic   *demo.Traffic
	limits    profile.Config
	customers map[string]*profile.Profile
	ahead     []byte // a record of the next batch
	batch     []visit
	clock     int64 // stream time

	events, flips, wakes int
	batches, counted     int // counted are the events whose allocations are
	allocated            uint64

	applyTimes, updateTimes, deadlineTimes, fullTimes series
}

// visit is an event and the customer it belongs to.
type visit struct {
	event    event.Event
	customer *profile.Profile
	now      int64
	changed  profile.Changed
	applied  bool
}

func newShop(set *rules.Set) (*shop, error) {
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		return nil, fmt.Errorf("making a decoder: %w", err)
	}
	return &shop{
		set: set, matcher: rules.NewMatcher(set), decoder: decoder, traffic: demo.NewTraffic(seed),
		limits: profile.Default(), customers: map[string]*profile.Profile{},
	}, nil
}

// measure plays the warm-up and then events events in rounds, with whole
// evaluations in between.
func (s *shop) measure(events int) (result, error) {
	for s.events < warmUp {
		s.step()
	}
	s.events, s.flips, s.wakes, s.counted, s.allocated = 0, 0, 0, 0, 0
	s.applyTimes, s.updateTimes, s.deadlineTimes = nil, nil, nil
	all := slices.SortedFunc(maps.Values(s.customers), func(a, b *profile.Profile) int { return strings.Compare(a.ID, b.ID) })
	for round := range rounds {
		runtime.GC()
		for s.events < events*(round+1)/rounds {
			s.step()
		}
		if err := s.whole(all[round*len(all)/rounds : (round+1)*len(all)/rounds]); err != nil {
			return result{}, err
		}
	}
	wakes := float64(s.wakes) / float64(s.events)
	return result{
		Bench: "match-shop", IncrementalUs: s.applyTimes.median() + s.updateTimes.median(),
		UpdateUs: s.updateTimes.median(), DeadlineUs: s.deadlineTimes.median(), FullUs: s.fullTimes.median(),
		WakesPerEvent: &wakes, FlipsPerEvent: float64(s.flips) / float64(s.events),
		AllocationsPerEvent: float64(s.allocated) / float64(s.counted),
	}, nil
}

// step takes a batch of events of distinct customers all the way.
func (s *shop) step() {
	s.fill()
	for i := range s.batch {
		s.ready(&s.batch[i])
	}
	s.timed("shop-apply", len(s.batch), &s.applyTimes, s.apply)
	if s.batches++; s.batches%countedBatch == 0 {
		s.count()
	} else {
		s.timed("shop-update", len(s.batch), &s.updateTimes, s.update)
	}
	s.timed("shop-deadline", len(s.batch), &s.deadlineTimes, s.deadline)
	s.events += len(s.batch)
}

// count runs update for its allocations instead of its time.
func (s *shop) count() {
	idle := idleAllocations()
	before := allocations()
	s.update()
	s.allocated += allocations() - before - idle
	s.counted += len(s.batch)
}

// timed measures one pass over a number of events or customers.
func (s *shop) timed(name string, n int, into *series, pass func()) {
	pprof.SetGoroutineLabels(label(name))
	start := threadTime()
	pass()
	into.add(threadTime()-start, n)
	pprof.SetGoroutineLabels(unlabelled)
}

// fill decodes records for the next batch until a customer comes again,
// whose record then begins the batch after it.
func (s *shop) fill() {
	s.batch = s.batch[:0]
	s.decoder.Reset()
	for len(s.batch) < batchSize {
		record := s.ahead
		if s.ahead = nil; record == nil {
			record = s.traffic.Next().Value
		}
		events, _ := s.decoder.Decode(nil, nil, record, 0, 0)
		if len(events) == 0 {
			continue // one of the mistakes that the shop's producers make
		}
		customer := s.customer(events[0].Profile)
		if slices.ContainsFunc(s.batch, func(v visit) bool { return v.customer == customer }) {
			s.ahead = record
			return
		}
		s.clock = max(s.clock, events[0].Arrival)
		s.batch = append(s.batch, visit{event: events[0], customer: customer, now: s.clock})
	}
}

func (s *shop) customer(id string) *profile.Profile {
	c := s.customers[id]
	if c == nil {
		c = profile.New(id)
		s.customers[c.ID] = c
		s.matcher.Full(c, s.clock)
	}
	return c
}

// ready serves the timers of a customer that are due before its event, and
// makes sure that the engine knows its state. Other customers' timers do not
// matter to it.
func (s *shop) ready(v *visit) {
	for c := v.customer; c.Deadline != 0 && c.Deadline <= v.now; {
		at := c.Deadline
		s.matcher.Wake(c, at)
		s.wakes++
		c.Deadline = s.matcher.Deadline(c, at)
	}
	s.matcher.Prepare(v.customer, v.now)
}

func (s *shop) apply() {
	for i := range s.batch {
		v := &s.batch[i]
		v.applied = v.customer.Apply(s.set.Schema(), &s.limits, &v.event, v.now, &v.changed) == profile.Applied
	}
}

func (s *shop) update() {
	for i := range s.batch {
		if v := &s.batch[i]; v.applied {
			s.flips += len(s.matcher.Update(v.customer, &v.changed, v.now))
		}
	}
}

func (s *shop) deadline() {
	for i := range s.batch {
		v := &s.batch[i]
		v.customer.Deadline = s.matcher.Deadline(v.customer, v.now)
	}
}

// whole evaluates customers whole, in chunks, and compares with what
// incremental evaluation has led to.
func (s *shop) whole(customers []*profile.Profile) error {
	for chunk := range slices.Chunk(customers, fullChunk) {
		for _, c := range chunk {
			s.ready(&visit{customer: c, now: s.clock})
			if n := len(s.matcher.Full(c, s.clock)); n > 0 {
				return fmt.Errorf("%s: %d memberships differ between incremental and whole evaluation", c.ID, n)
			}
		}
		s.timed("shop-full", len(chunk), &s.fullTimes, func() {
			for _, c := range chunk {
				s.matcher.Full(c, s.clock)
			}
		})
	}
	return nil
}
