package segments

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// Compile makes a rule set of one segment file or more. A set without
// segments is an error: a file is more likely lost than meant to be empty.
func Compile(o rules.Options, sources ...rules.Source) (*rules.Set, error) {
	set, err := rules.LoadWith(o, sources...)
	if err != nil {
		return nil, err
	}
	if set.Len() == 0 {
		return nil, fmt.Errorf("%s: there are no segments in it; see configs/segments for examples", sources[0].Name)
	}
	return set, nil
}

// compilation is what came of compiling.
type compilation struct {
	set    *rules.Set
	sample int // profiles that it learned from
	took   time.Duration
	err    error
}

// compile compiles in a goroutine of its own, with the sample as it is when
// it is asked for. When ctx ends first it returns ctx's error: a large set
// takes longer than a process may take to leave.
func (w *Watcher) compile(ctx context.Context, content Content) compilation {
	done := make(chan compilation, 1)
	go func() {
		began := time.Now()
		c := w.learn(content)
		c.took = time.Since(began)
		done <- c
	}()
	select {
	case c := <-done:
		return c
	case <-ctx.Done():
		return compilation{err: ctx.Err()}
	}
}

// learn compiles with live profiles. A mistake of the compiler's must not
// end a service that has rules to work with.
func (w *Watcher) learn(content Content) (c compilation) {
	defer func() {
		if cause := recover(); cause != nil {
			c.err = fmt.Errorf("compiling: panic: %v\n%s", cause, debug.Stack())
		}
	}()
	o := rules.Options{Now: w.sample.Now(), Draw: func(schema *profile.Schema, segments []string) []*profile.Profile {
		list := w.sample.Draw(schema, segments)
		c.sample = len(list)
		return list
	}}
	c.set, c.err = content.Build(o)
	return c
}

// publish puts a compiled set in force, unless it differs in nothing that
// anybody can see from the one that is.
func (w *Watcher) publish(c compilation) {
	before := w.live.Current().Set
	p := difference(before, c.set)
	if p.Added+p.Removed+p.Changed == 0 && before.Catalogues().Version() == c.set.Catalogues().Version() {
		w.observer.unchanged()
		return
	}
	p.Edition = w.live.Publish(c.set).Number
	p.Sample, p.Took = c.sample, c.took
	w.observer.published(p)
}

// difference counts what the segments of one set are not in another. One that asks
// a catalogue is another when that is.
func difference(before, after *rules.Set) Published {
	p := Published{Segments: after.Len()}
	for i := range after.Len() {
		one := after.Segment(i)
		at, known := before.Position(one.ID)
		if !known {
			p.Added++
		} else if old := before.Segment(at); old.Rule != one.Rule || old.Name != one.Name || old.Members != one.Members || before.Tables(at) != after.Tables(i) {
			p.Changed++
		}
	}
	p.Removed = before.Len() - (after.Len() - p.Added)
	return p
}

// started describes the edition that the watcher found in force.
func started(e pipeline.Edition) Published {
	return Published{Edition: e.Number, Segments: e.Set.Len(), Added: e.Set.Len()}
}
