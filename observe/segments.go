package observe

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"muster/rules"
	"muster/segments"
)

const (
	// segmentsPart is the name under which Health knows the segments, in files or in Redis.
	segmentsPart = "segments"
	// mistakesLogged is how many mistakes of refused segments are logged; evaluator
	// check shows all.
	mistakesLogged = 20
)

// Segments returns the observer to give to segments.NewWatcher.
func (w *Watch) Segments() segments.Observer {
	return segments.Observer{Published: w.rulesPublished, Unchanged: w.segmentsUnchanged, Refused: w.segmentsRefused}
}

func (w *Watch) rulesPublished(p segments.Published) {
	w.segmentsUsable("taken")
	w.sweeps.published(p)
	w.metrics.segments.Set(float64(p.Segments))
	w.metrics.edition.Set(float64(p.Edition))
	w.metrics.compile.Set(p.Took.Seconds())
	w.log.Info("rules in force", zap.Uint64("edition", p.Edition), zap.Int("segments", p.Segments), zap.Int("added", p.Added),
		zap.Int("removed", p.Removed), zap.Int("changed", p.Changed), zap.Duration("compiling", p.Took), zap.Int("sample", p.Sample))
}

func (w *Watch) segmentsUnchanged() {
	w.segmentsUsable("unchanged")
	w.log.Info("segments ask for the rules in force")
}

func (w *Watch) segmentsUsable(outcome string) {
	w.metrics.loads.WithLabelValues(outcome).Inc()
	w.metrics.refused.Set(0)
	w.health.Clear(segmentsPart)
}

// segmentsRefused leaves the process ready: it works, with the rules before.
func (w *Watch) segmentsRefused(err error) {
	w.metrics.loads.WithLabelValues("refused").Inc()
	w.metrics.refused.Set(1)
	const refused = "segments are refused, the rules before stay in force"
	var mistakes rules.Errors
	if !errors.As(err, &mistakes) || len(mistakes) == 0 {
		w.health.Note(segmentsPart, refused+": "+err.Error())
		w.log.Error(refused, zap.Error(err))
		return
	}
	w.health.Note(segmentsPart, fmt.Sprintf("%s: mistake 1 of %d: %v", refused, len(mistakes), mistakes[0]))
	w.log.Error(refused, zap.Int("mistakes", len(mistakes)))
	for _, m := range mistakes[:min(len(mistakes), mistakesLogged)] {
		w.log.Error("mistake in a segment", zap.String("file", m.File), zap.Int("line", m.Line), zap.Int("column", m.Column),
			zap.String("segment", m.Segment), zap.String("mistake", m.Message), zap.String("hint", m.Hint))
	}
}
