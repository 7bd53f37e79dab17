package main

import (
	"fmt"
	"io"
	"time"
)

// progressEvery is how often progress is written.
const progressEvery = time.Second

// progress tells people how far a replay is.
type progress struct {
	out   io.Writer
	live  bool // rewrite a line while working
	began time.Time
	last  time.Time
}

func newProgress(out io.Writer) *progress {
	now := time.Now()
	return &progress{out: out, live: isTerminal(out), began: now, last: now}
}

func (p *progress) tick(r *replay) {
	if !p.live || r.lines%1024 != 0 || time.Since(p.last) < progressEvery {
		return
	}
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%d lines, %.0f a second, at %s", r.lines,
		float64(r.lines)/time.Since(p.began).Seconds(), instant(r.Driver.Clock()))
}

func (p *progress) summary(r *replay) {
	if p.live {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
	_, _ = fmt.Fprintf(p.out, "replay: %d lines, %d events applied, %d repeats, %d dead letters, %d changes in %.1f s\n",
		r.lines, r.Applied, r.Repeats, r.dead, r.printer.changes, time.Since(p.began).Seconds())
	if r.StoodIn > 0 {
		_, _ = fmt.Fprintf(p.out, "replay: %d timestamps can't be read or are before 1970; the next source of the time stood in\n", r.StoodIn)
	}
	if r.Unjoined > 0 {
		_, _ = fmt.Fprintf(p.out, "replay: %d events say that two ids are one customer (alias, identify with userId and anonymousId); "+
			"nothing is joined by that yet\n", r.Unjoined)
	}
	r.refused.write(p.out)
	r.ahead.write(p.out)
}
