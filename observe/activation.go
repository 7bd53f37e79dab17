package observe

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"muster/activation"
)

// destinationsPart is the name under which Health knows the destinations.
const destinationsPart = "destinations"

// Activation returns the observer to give to activation.New.
func (w *Watch) Activation() *activation.Observer {
	return &activation.Observer{
		Attempted: w.attempted, Circuit: w.breakerTurned, Dead: w.givenUp, Missed: w.changesMissed, Coalesced: w.changesCoalesced,
		Named: w.membersNamed, Ended: w.snapshotEnded, Disabled: w.destinationDisabled, Failed: w.deliveryFailed,
	}
}

// DestinationsTaken says that the files of destinations have changed, and how
// many there are now.
func (w *Watch) DestinationsTaken(count int) {
	w.health.Clear(destinationsPart)
	w.log.Info("destinations in force", zap.Int("destinations", count))
}

// DestinationsFine says that the files of destinations are as they were.
func (w *Watch) DestinationsFine() { w.health.Clear(destinationsPart) }

// DestinationsRefused leaves the process ready: it sends to the destinations
// before.
func (w *Watch) DestinationsRefused(err error) {
	const refused = "destinations are refused, those before stay in force"
	w.health.Note(destinationsPart, refused+": "+err.Error())
	w.sparse.Error(refused, zap.Error(err))
}

func (w *Watch) attempted(destination string, changes int, a activation.Answer) {
	w.metrics.attempts.WithLabelValues(destination, a.Verdict.String()).Inc()
	w.metrics.attemptSeconds.WithLabelValues(destination).Observe(a.Took.Seconds())
	if a.Verdict == activation.Delivered {
		w.metrics.delivered.WithLabelValues(destination).Add(float64(changes))
		return
	}
	// Lines are thinned out by their message: that of one destination must not
	// hide another's.
	w.sparse.Warn("destination "+destination+" has not taken a message", zap.String("destination", destination),
		zap.String("verdict", a.Verdict.String()), zap.Int("status", a.Status), zap.String("reason", a.Reason), zap.Int("changes", changes))
}

// breakerTurned tells of a breaker that has closed each time, and of one that
// stays open only now and then.
func (w *Watch) breakerTurned(destination string, c activation.Circuit) {
	open := w.metrics.breakerOpen.WithLabelValues(destination)
	if !c.Open {
		open.Set(0)
		w.log.Info("a destination answers again", zap.String("destination", destination))
		return
	}
	open.Set(1)
	w.sparse.Warn("destination "+destination+" is left alone", zap.String("destination", destination),
		zap.Time("until", time.UnixMilli(c.Probe).UTC()), zap.String("reason", c.Reason))
}

func (w *Watch) givenUp(destination string, changes int, reason string) {
	w.metrics.undelivered.WithLabelValues(destination).Add(float64(changes))
	w.sparse.Error("changes are given up, evaluator activate dead "+destination+" shows them", zap.String("destination", destination),
		zap.Int("changes", changes), zap.String("reason", reason))
}

func (w *Watch) changesMissed(destination string, changes int64) {
	w.metrics.missed.WithLabelValues(destination).Add(float64(changes))
	w.log.Error("the outbox has dropped changes before a destination was sent them: raise redis.outbox_max; a snapshot run makes up "+
		"for it, evaluator activate status shows it", zap.String("destination", destination), zap.Int64("changes", changes))
}

func (w *Watch) membersNamed(destination string, memberships int) {
	w.metrics.named.WithLabelValues(destination).Add(float64(memberships))
}

func (w *Watch) snapshotEnded(destination string, e activation.Ended) {
	fields := []zap.Field{
		zap.String("destination", destination), zap.String("run", e.Run), zap.Int("shard", e.Shard), zap.Int64("members", e.Named),
		zap.Bool("told", e.Told),
	}
	switch {
	case e.Torn:
		w.log.Error("a snapshot run could not make up for dropped changes in a shard, another one follows", fields...)
	case e.Lost > 0:
		w.log.Error("members of a snapshot run are given up, evaluator activate dead "+destination+" shows them",
			append(fields, zap.Int64("given_up", e.Lost))...)
	default:
		w.log.Info("a snapshot run has named all members of a shard", fields...)
	}
}

func (w *Watch) changesCoalesced(destination string, changes int) {
	w.metrics.coalesced.WithLabelValues(destination).Add(float64(changes))
}

func (w *Watch) destinationDisabled(destination, reason string) {
	w.log.Error("a destination wants nothing any more and is sent nothing until evaluator activate enable",
		zap.String("destination", destination), zap.String("reason", reason))
}

func (w *Watch) deliveryFailed(destination string, shard int, err error) {
	if errors.Is(err, activation.ErrTaken) {
		w.log.Info("another process delivers this shard's changes now", zap.String("destination", destination), zap.Int("shard", shard))
		return
	}
	w.sparse.Warn("deliveries to "+destination+" wait for Redis, trying again", zap.String("destination", destination), zap.Int("shard", shard), zap.Error(err))
}
