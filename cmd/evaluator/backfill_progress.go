package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"muster/history"
	"muster/service"
)

// showProgress shows how far a backfill is.
func showProgress(out io.Writer, progress func() history.Progress) (ended func()) {
	return watch(out, (&backfillLine{}).next, progress)
}

// watch shows how far something is, in a line that is written anew each
// second; nothing where nobody looks. Call what it returns at the end.
func watch[P any](out io.Writer, next func(P, time.Time) string, progress func() P) (ended func()) {
	if !isTerminal(out) {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				_, _ = fmt.Fprint(out, "\r\x1b[K")
				return
			case now := <-ticker.C:
				_, _ = fmt.Fprint(out, "\r\x1b[K"+next(progress(), now))
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// backfillLine makes the line of one backfill.
type backfillLine struct{ rate rate }

// next returns the line for a moment.
func (l *backfillLine) next(p history.Progress, now time.Time) string {
	done, all, unit := service.Evaluated(p)
	switch p.Stage {
	case history.StageIndex:
		done, all, unit = p.Bytes, p.AllBytes, "B"
	case history.StagePlan, history.StageGather:
		return p.Stage.String()
	}
	return p.Stage.String() + l.rate.text(int(p.Stage), done, all, unit, now)
}

// rate knows when the stage at hand was first seen, and how far it was then.
type rate struct {
	stage int
	began time.Time
	from  int64
}

// text says how much of a stage is done, how quickly, and how long the rest
// takes.
func (r *rate) text(stage int, done, all int64, unit string, now time.Time) string {
	if r.began.IsZero() || r.stage != stage {
		*r = rate{stage, now, done}
	}
	text := fmt.Sprintf(" %s %s of %s", bar(done, all), short(done, unit), short(all, unit))
	if rate := float64(done-r.from) / now.Sub(r.began).Seconds(); now.After(r.began) && rate > 0 {
		left := time.Duration(float64(all-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %s/s, %s left", short(int64(rate), unit), max(0, left).Round(time.Second))
	}
	return text
}

// bar is a part of a whole as twenty characters.
func bar(done, all int64) string {
	const width = 20
	n := 0
	if all > 0 {
		n = int(min(width, done*width/all))
	}
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", width-n) + "]"
}

// short is a number with a letter for thousands, as 1.5 MB.
func short(n int64, unit string) string {
	f, letters := float64(n), []string{"", "k", "M", "G", "T", "P"}
	i := 0
	for ; f >= 1000 && i < len(letters)-1; i++ {
		f /= 1000
	}
	if i == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%.1f %s%s", f, letters[i], unit)
}
