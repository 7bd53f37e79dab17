package rules

import (
	"strconv"
	"strings"
	"sync"

	"muster/event"
	"muster/profile"
)

// query numbers the series that an aggregate reads. Aggregates over the same
// events and property share one, whatever their windows.
func (b *builder) query(a *aggregate) profile.Query {
	key := a.key()
	at, known := b.series[key]
	if !known {
		at = len(b.list)
		b.series[key] = at
		b.list = append(b.list, b.seriesOf(a, key))
	}
	w := a.stream.window
	if w.sliding {
		b.list[at].Window = max(b.list[at].Window, w.from)
	}
	return profile.Query{Series: at, Reduce: a.reduce, From: w.from, To: w.to}
}

func (b *builder) seriesOf(a *aggregate, key string) profile.Series {
	if a.steps != nil {
		return b.stepsOf(a, key)
	}
	st := a.stream
	s := profile.Series{
		Key: key, Name: st.name, Prefix: st.prefix, Since: st.window.since, Keep: keepOf(a.reduce, st.window.sliding),
		Where: b.predicateOf(&st),
	}
	if st.project != nil {
		s.Project = ofEvent(compileValue(st.project, b), b.envs)
	}
	return s
}

// predicateOf compiles what narrows a stream, nil for nothing.
func (b *builder) predicateOf(st *stream) func(*event.Event) bool {
	if st.where == nil {
		return nil
	}
	return ofEvent(compileCondition(st.where, b), b.envs)
}

// ofEvent makes what is computed in an env a function of an event. It takes
// the env from a pool, as it is called for every event.
func ofEvent[T any](compute func(*env) T, envs *sync.Pool) func(*event.Event) T {
	return func(ev *event.Event) T {
		e := envs.Get().(*env)
		e.event = ev
		result := compute(e)
		e.event = nil
		envs.Put(e)
		return result
	}
}

// key identifies the series that an aggregate reads.
func (a *aggregate) key() string {
	if a.steps != nil {
		return a.stepsKey()
	}
	st := a.stream
	parts := []string{
		strconv.Itoa(int(keepOf(a.reduce, st.window.sliding))), strconv.Quote(st.name), strconv.FormatBool(st.prefix),
		strconv.FormatInt(st.window.since, 10), "", "",
	}
	if st.where != nil {
		parts[4] = st.where.String()
	}
	if st.project != nil {
		parts[5] = st.project.String()
	}
	return strings.Join(parts, "|")
}

func keepOf(r profile.Reduce, sliding bool) profile.Keep {
	switch r {
	case profile.Sequence:
		if sliding {
			return profile.RecentSequence
		}
		return profile.TotalSequence
	case profile.Abandoned:
		return profile.TotalAbandoned
	case profile.Count:
		if sliding {
			return profile.SlidingTimes
		}
		return profile.TotalCount
	case profile.Sum, profile.Mean, profile.Min, profile.Max:
		if sliding {
			return profile.SlidingNumbers
		}
		return profile.TotalNumbers
	}
	switch {
	case sliding:
		return profile.SlidingValues
	case r == profile.Distinct:
		return profile.TotalDistinct
	case r == profile.First:
		return profile.TotalFirst
	}
	return profile.TotalLast
}
