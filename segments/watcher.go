package segments

import (
	"context"
	"crypto/sha256"
	"os"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// secondLook is how long after a change the files are looked at again, to see
// whether whoever writes them is done.
const secondLook = time.Second

// Watcher keeps the rules in force at what the segment files say.
type Watcher struct {
	config   Config
	live     *pipeline.Live
	sample   *pipeline.Sample
	observer Observer
	build    func(rules.Options, ...rules.Source) (*rules.Set, error)

	inForce digest  // content of the rules in force
	judged  digest  // content last published or refused
	fresh   digest  // content seen once and not judged
	stamps  []stamp // of the judged content, nil when they may hide a change
}

// NewWatcher returns the watcher of the files that live's rules were
// compiled from. sample is what to learn from when compiling.
func NewWatcher(c Config, files []rules.Source, live *pipeline.Live, sample *pipeline.Sample, o Observer) *Watcher {
	content := digestOf(files)
	return &Watcher{
		config: c, live: live, sample: sample, observer: o, build: Compile, inForce: content, judged: content,
	}
}

// Run watches until ctx ends. A signal on ask has the files read and, when
// they differ from what is in force, compiled at once, whatever Config says.
func (w *Watcher) Run(ctx context.Context, ask <-chan os.Signal) {
	w.observer.published(started(w.live.Current()))
	timer := time.NewTimer(w.config.Reload)
	defer timer.Stop()
	if w.config.Reload == 0 {
		timer.Stop()
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ask:
			w.judge(ctx, w.read())
		case <-timer.C:
			timer.Reset(w.poll(ctx))
		}
	}
}

// poll takes over what the files say if they have changed and come to rest.
// It returns how long to wait for the next look.
func (w *Watcher) poll(ctx context.Context) time.Duration {
	stamps := look(w.config.Path)
	if alike(stamps, w.stamps) {
		return w.config.Reload
	}
	now := time.Now()
	c := w.read()
	switch c.digest {
	case w.judged:
		w.fresh = digest{}
	case w.fresh:
		w.judge(ctx, c)
	default:
		w.fresh = c.digest
		return min(w.config.Reload, secondLook)
	}
	w.stamps = nil
	if rested(stamps, now) {
		w.stamps = stamps
	}
	return w.config.Reload
}

// content is what the files say, or why they can't be read.
type content struct {
	sources []rules.Source
	digest  digest
	err     error
}

func (w *Watcher) read() content {
	sources, err := Read(w.config.Path)
	if err != nil {
		return content{digest: sha256.Sum256([]byte(err.Error())), err: err}
	}
	return content{sources: sources, digest: digestOf(sources)}
}

// judge publishes or refuses a content.
func (w *Watcher) judge(ctx context.Context, c content) {
	w.judged, w.fresh = c.digest, digest{}
	switch {
	case c.digest == w.inForce:
		w.observer.unchanged()
		return
	case c.err != nil:
		w.observer.refused(c.err)
		return
	}
	compiled := w.compile(ctx, c.sources)
	switch {
	case ctx.Err() != nil:
	case compiled.err != nil:
		w.observer.refused(compiled.err)
	default:
		w.inForce = c.digest
		w.publish(compiled)
	}
}
