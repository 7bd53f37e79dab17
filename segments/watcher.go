package segments

import (
	"context"
	"os"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// secondLook is how long after a change that may be half written the source is
// looked at again, to see whether whoever writes it is done.
const secondLook = time.Second

// Source is where a Watcher finds segments: Files, or the definitions that are
// Stored in Redis.
type Source interface {
	// Look returns what is there, and false when nothing can have changed since
	// the look before. What can't be found out for the moment has not changed.
	Look(context.Context) (Content, bool)
	// Read returns what is there in any case.
	Read(context.Context) Content
}

// Content is what a Source says.
type Content struct {
	Digest Digest // of all that counts; of Err, when there is one
	Whole  bool   // it is never seen half written, so one look is enough
	Err    error  // why it can't be used
	Build  func(rules.Options) (*rules.Set, error)
}

// Watcher keeps the rules in force at what a source says.
type Watcher struct {
	source   Source
	every    time.Duration
	live     *pipeline.Live
	sample   *pipeline.Sample
	observer Observer

	inForce Digest // content of the rules in force
	judged  Digest // content last published or refused
	fresh   Digest // content seen once and not judged
}

// NewWatcher returns the watcher of a source that is looked at every so often,
// or with 0 only when it is asked to. begun is the content that live's rules
// were compiled from, sample is what to learn from when compiling.
func NewWatcher(s Source, begun Content, every time.Duration, live *pipeline.Live, sample *pipeline.Sample, o Observer) *Watcher {
	return &Watcher{
		source: s, every: every, live: live, sample: sample, observer: o, inForce: begun.Digest, judged: begun.Digest,
	}
}

// Run watches until ctx ends. A signal on ask has the source read and, when it
// differs from what is in force, compiled at once.
func (w *Watcher) Run(ctx context.Context, ask <-chan os.Signal) {
	w.observer.published(started(w.live.Current()))
	timer := time.NewTimer(w.every)
	defer timer.Stop()
	if w.every == 0 {
		timer.Stop()
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ask:
			w.judge(ctx, w.source.Read(ctx))
		case <-timer.C:
			timer.Reset(w.poll(ctx))
		}
	}
}

// poll takes over what the source says if it has changed and come to rest. It
// returns how long to wait for the next look.
func (w *Watcher) poll(ctx context.Context) time.Duration {
	c, news := w.source.Look(ctx)
	switch {
	case !news:
	case c.Digest == w.judged:
		w.fresh = Digest{}
	case c.Whole, c.Digest == w.fresh:
		w.judge(ctx, c)
	default:
		w.fresh = c.Digest
		return min(w.every, secondLook)
	}
	return w.every
}

// judge publishes or refuses a content.
func (w *Watcher) judge(ctx context.Context, c Content) {
	if ctx.Err() != nil {
		return
	}
	w.judged, w.fresh = c.Digest, Digest{}
	switch {
	case c.Digest == w.inForce:
		w.observer.unchanged()
		return
	case c.Err != nil:
		w.observer.refused(c.Err)
		return
	}
	compiled := w.compile(ctx, c)
	switch {
	case ctx.Err() != nil:
	case compiled.err != nil:
		w.observer.refused(compiled.err)
	default:
		w.inForce = c.Digest
		w.publish(compiled)
	}
}
