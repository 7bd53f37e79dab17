package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"muster/history"
)

// showProgress shows how far a backfill is, in a line that is written anew
// each second; nothing where nobody looks. Call what it returns at the end.
func showProgress(out io.Writer, b *history.Backfill) (ended func()) {
	if !isTerminal(out) {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		line := backfillLine{}
		for {
			select {
			case <-done:
				_, _ = fmt.Fprint(out, "\r\x1b[K")
				return
			case now := <-ticker.C:
				_, _ = fmt.Fprint(out, "\r\x1b[K"+line.next(b.Progress(), now))
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// backfillLine makes the line of one backfill: it knows when the stage at
// hand was first seen, and how far it was then.
type backfillLine struct {
	stage history.Stage
	began time.Time
	from  int64
}

// next returns the line for a moment.
func (l *backfillLine) next(p history.Progress, now time.Time) string {
	done, all, unit := p.Rows, p.AllRows, "events"
	switch p.Stage {
	case history.StageIndex:
		done, all, unit = p.Bytes, p.AllBytes, "B"
	case history.StagePlan, history.StageGather:
		return p.Stage.String()
	}
	if l.began.IsZero() || l.stage != p.Stage {
		*l = backfillLine{p.Stage, now, done}
	}
	text := fmt.Sprintf("%s %s %s of %s", p.Stage, bar(done, all), short(done, unit), short(all, unit))
	if rate := float64(done-l.from) / now.Sub(l.began).Seconds(); now.After(l.began) && rate > 0 {
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
