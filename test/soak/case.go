package soak

import (
	"fmt"
	"math/rand/v2"
	"time"

	"muster/event"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// Case is one round: rules, and what happens to some profiles.
type Case struct {
	Rules []Rule
	Steps []Step
	// Stored commits after every step and keeps no more than Room bytes of
	// profiles in memory; the others are read back from their stored form
	// before they are used.
	Stored bool
	Room   int // at least 1, which keeps none
	// Sampled compiles the rules with profiles to learn from, those that
	// the steps lead to.
	Sampled bool
	// Around asks the oracle a millisecond before and after every instant at
	// which an answer may flip, too.
	Around bool
}

// Rule is the rule of one segment.
type Rule struct{ ID, Text string }

// Step is an event, an erasure, or the passing of time up to Until when both
// are nil.
type Step struct {
	Event *event.Event
	Erase *Erasure
	Until int64 // milliseconds since 1970 UTC
}

// Erasure is a request to erase a profile.
type Erasure struct {
	Profile, Request string
	Arrival, Until   int64 // milliseconds since 1970 UTC
}

// sizes are the numbers of rules that cases have, those around a word of a
// bitset among them.
var sizes = []int{1, 20, 40, 40, 40, 63, 64, 65}

// Numbers of profiles that cases have. The more there are, the more events a
// case has: compiling rules costs as much as some fifty events, and a long
// history of one profile makes the oracle slow.
var populations = []int{4, 12, 12, 16}

// rooms keep no profile in memory, or some.
var rooms = []int{1, 30_000}

const eventsPerProfile = 15

// crowds are rules with very many constants, added to one case in four.
const crowds = 5

// Draw returns the case of a seed.
func Draw(seed uint64) Case {
	r := rand.New(rand.NewPCG(seed, 1))
	c := Case{Stored: r.IntN(2) == 0, Sampled: r.IntN(4) == 0, Around: r.IntN(8) == 0}
	ids := make([]string, sizes[r.IntN(len(sizes))])
	for i := range ids {
		ids[i] = fmt.Sprintf("s%02d", i)
	}
	texts := generate.Set(r, ids)
	for _, id := range ids {
		c.Rules = append(c.Rules, Rule{id, texts[id]})
	}
	if r.IntN(4) == 0 {
		for i := range crowds {
			c.Rules = append(c.Rules, Rule{fmt.Sprintf("t%d", i), generate.Crowd(r)})
		}
	}
	c.Rules = append(c.Rules, lookingUp(seed)...)
	profiles := make([]string, populations[r.IntN(len(populations))])
	for i := range profiles {
		profiles[i] = string(rune('a' + i))
	}
	clock, forget := generate.Start, newForgetting(seed, profiles)
	for i := range eventsPerProfile * len(profiles) {
		ev := generate.Event(r, profiles, clock)
		clock = max(clock, ev.Arrival)
		if i%10 == 9 {
			c.Steps = append(c.Steps, Step{Until: ev.Arrival})
		}
		c.Steps = append(forget.before(c.Steps, ev.Arrival), Step{Event: &ev})
	}
	c.Room = rooms[r.IntN(len(rooms))]
	return c
}

// lookups are rules that ask catalogues, added to one case in three. Their numbers
// are their own, so that the other rules of a seed are what they are without them.
const lookups = 8

func lookingUp(seed uint64) []Rule {
	r := rand.New(rand.NewPCG(seed, 3))
	if r.IntN(3) > 0 {
		return nil
	}
	list := make([]Rule, lookups)
	for i := range list {
		list[i] = Rule{fmt.Sprintf("u%d", i), generate.Lookup(r)}
	}
	return list
}

// suppressions are for how long events of erased profiles are passed over: not
// at all, for some, and for all.
var suppressions = []time.Duration{0, time.Minute, 12 * time.Hour, 20 * 24 * time.Hour, 1000 * 24 * time.Hour}

// forgetting puts erasures into one case in three. Its numbers are its own, so
// that the events of a seed are what they are without it.
type forgetting struct {
	r        *rand.Rand
	profiles []string
	none     bool
}

func newForgetting(seed uint64, profiles []string) *forgetting {
	r := rand.New(rand.NewPCG(seed, 2))
	return &forgetting{r, profiles, r.IntN(3) > 0}
}

// before appends an erasure to some of the steps.
func (f *forgetting) before(steps []Step, arrival int64) []Step {
	if f.none || f.r.IntN(15) > 0 {
		return steps
	}
	e := &Erasure{
		Profile: f.profiles[f.r.IntN(len(f.profiles))], Request: fmt.Sprintf("request-%d", len(steps)),
		Arrival: arrival - int64(f.r.IntN(2)), Until: arrival + suppressions[f.r.IntN(len(suppressions))].Milliseconds(),
	}
	return append(steps, Step{Erase: e})
}

// log starts the oracle's log of the case.
func (c *Case) log() (*oracle.Log, error) {
	texts := make(map[string]string, len(c.Rules))
	for _, u := range c.Rules {
		texts[u.ID] = u.Text
	}
	log, err := oracle.NewLog(texts)
	if err != nil {
		return nil, fmt.Errorf("building the oracle: %w", err)
	}
	log.Around = c.Around
	for _, one := range generate.Catalogues {
		if err := log.Oracle().Catalogue(one.ID, one.Key, one.File); err != nil {
			return nil, err
		}
	}
	return log, nil
}
