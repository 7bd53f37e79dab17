package rehearsal

import (
	"math"
	"slices"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// Figures are what a rehearsal found out. Names and units of the JSON form
// stay as they are.
type Figures struct {
	Segments int          `json:"segments"`
	Sample   Sampled      `json:"sample"`
	Measured Measured     `json:"measured"`
	PerCore  float64      `json:"events_s_core"` // by the stages alone
	Micros   Micros       `json:"us_event"`
	PerEvent PerEvent     `json:"per_event"`
	Profile  ProfileBytes `json:"profile_bytes"`
	Redis    RedisBytes   `json:"redis_bytes_profile"`
	Sizing   Sizing       `json:"sizing"`
}

// Sampled describes the sample.
type Sampled struct {
	Records  int       `json:"records"`
	Events   int       `json:"events"`
	Profiles int       `json:"profiles"`
	Bytes    int       `json:"bytes"`
	Seconds  int64     `json:"span_s"` // from the first arrival to the last
	Cut      bool      `json:"cut"`    // whether it was larger than a sample may be
	Refused  int       `json:"refused"`
	Refusals []Refusal `json:"refusals"`
}

// Measured says how much was played.
type Measured struct {
	Events int     `json:"events"` // after the warm-up
	Plays  float64 `json:"plays"`  // of the sample, warm-up included
	Warm   bool    `json:"warm"`   // whether the sample was played once before
}

// Micros is CPU by stage, in microseconds an event.
type Micros struct {
	Read   float64 `json:"read"`
	Decode float64 `json:"decode"`
	Load   float64 `json:"load"`
	Apply  float64 `json:"apply"`
	Match  float64 `json:"match"`
	Commit float64 `json:"commit"`
	GC     float64 `json:"gc"`
	Total  float64 `json:"total"`
}

// PerEvent is what an event brings about on average.
type PerEvent struct {
	Changes float64 `json:"changes"`
	Written float64 `json:"profiles_written"`
	Loaded  float64 `json:"profiles_loaded"`
	Repeats float64 `json:"repeats"`
}

// ProfileBytes is the size of profiles.
type ProfileBytes struct {
	StoredP50 int `json:"stored_p50"`
	StoredP99 int `json:"stored_p99"`
	MemoryP50 int `json:"memory_p50"` // of those in the cache
	MemoryP99 int `json:"memory_p99"`
}

// RedisBytes is the memory of Redis for one profile on average.
type RedisBytes struct {
	Profile     float64 `json:"profile"`
	Timers      float64 `json:"timers"`
	Memberships float64 `json:"memberships"`
	Total       float64 `json:"total"`
}

func (s *Sample) describe() Sampled {
	d := Sampled{
		Records: len(s.records), Events: s.events, Profiles: len(s.profiles), Bytes: s.bytes,
		Seconds: (s.last - s.first) / 1000, Cut: s.full, Refused: s.refused, Refusals: s.Refusals(),
	}
	if d.Refusals == nil {
		d.Refusals = []Refusal{}
	}
	return d
}

// micros divides CPU time by events.
func micros(d time.Duration, events int) float64 {
	return round(float64(d.Nanoseconds()) / 1e3 / float64(events))
}

// round leaves three digits behind the point.
func round(f float64) float64 { return math.Round(f*1e3) / 1e3 }

// costs tells the stages of a measured engine, with all of the step as
// matching.
func costs(e *engine) Micros {
	beside := e.watch.beside()
	of := func(s stage) float64 { return micros(e.watch.spent[s], e.tally.events) }
	m := Micros{
		Read: of(reading), Decode: of(decoding), Load: of(loading), Match: of(stepping), Commit: of(committing),
		GC: micros(beside, e.tally.events),
	}
	m.Total = round(m.Read + m.Decode + m.Load + m.Match + m.Commit + m.GC)
	return m
}

// split takes applying out of matching.
func (m Micros) split(applying float64) Micros {
	m.Apply = min(m.Match, applying)
	m.Match = round(m.Match - m.Apply)
	return m
}

func (t *tally) perEvent() PerEvent {
	of := func(n int) float64 { return round(float64(n) / float64(t.events)) }
	return PerEvent{Changes: of(t.changes), Written: of(t.written), Loaded: of(t.loaded), Repeats: of(t.repeats)}
}

func profileBytes(a *archive, d *pipeline.Driver) ProfileBytes {
	stored := a.sizes()
	var inMemory []int
	for id := range a.profiles {
		if p := d.Profile(id); p != nil {
			n := p.Bytes()
			if state, ok := p.Derived.(*rules.State); ok {
				n += state.Bytes()
			}
			inMemory = append(inMemory, n)
		}
	}
	slices.Sort(inMemory)
	return ProfileBytes{
		StoredP50: quantile(stored, 0.5), StoredP99: quantile(stored, 0.99),
		MemoryP50: quantile(inMemory, 0.5), MemoryP99: quantile(inMemory, 0.99),
	}
}

// quantile returns 0 of an empty list.
func quantile(ascending []int, q float64) int {
	if len(ascending) == 0 {
		return 0
	}
	return ascending[int(q*float64(len(ascending)-1))]
}

func redisBytes(a *archive) RedisBytes {
	m, n := a.memory(), float64(max(1, len(a.profiles)))
	return RedisBytes{
		Profile: round(m.profiles / n), Timers: round(m.timers / n), Memberships: round(m.memberships / n), Total: round(m.total() / n),
	}
}
