package engine

import (
	"sync"

	"muster/event"
	"muster/profile"
	"muster/rules/internal/language"
)

// query numbers the series that an aggregate reads. Aggregates over the same
// events and property share one, whatever their windows.
func (b *Builder) query(a *language.Aggregate) profile.Query {
	key := a.Key()
	at, known := b.series[key]
	if !known {
		at = len(b.list)
		b.series[key] = at
		b.list = append(b.list, b.seriesOf(a, key))
	}
	w := a.Stream.Window
	if w.Sliding {
		b.list[at].Window = max(b.list[at].Window, w.From)
	}
	return profile.Query{Series: at, Reduce: a.Reduce, From: w.From, To: w.To}
}

func (b *Builder) seriesOf(a *language.Aggregate, key string) profile.Series {
	if a.Steps != nil {
		return b.stepsOf(a, key)
	}
	st := a.Stream
	s := profile.Series{
		Key: key, Name: st.Name, Prefix: st.Prefix, Since: st.Window.Since, Calls: st.Calls, Keep: a.Keep(),
		Where: b.predicateOf(&st),
	}
	if st.Project != nil {
		s.Project = ofEvent(compileValue(st.Project, b), b.envs)
	}
	return s
}

// predicateOf compiles what narrows a stream, nil for nothing.
func (b *Builder) predicateOf(st *language.Stream) func(*event.Event) bool {
	if st.Where == nil {
		return nil
	}
	return ofEvent(compileCondition(st.Where, b), b.envs)
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

// stepsOf is the series of a sequence or of abandoned.
func (b *Builder) stepsOf(a *language.Aggregate, key string) profile.Series {
	s := profile.Series{Key: key, Keep: a.Keep(), Within: a.Within}
	for _, st := range a.Steps {
		s.Steps = append(s.Steps, profile.Step{Name: st.Name, Prefix: st.Prefix, Since: st.Window.Since, Where: b.predicateOf(&st)})
	}
	return s
}
