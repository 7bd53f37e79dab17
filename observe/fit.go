package observe

import "go.uber.org/zap"

// fitPart is the name under which Health knows whether what Kafka and Redis
// hold fits together.
const fitPart = "deployment"

// Fits says whether what Kafka and Redis hold still fits what the service was
// started with; an error is what a restart would be refused with.
func (w *Watch) Fits(err error) {
	if err == nil {
		w.metrics.unfit.Set(0)
		if w.health.Ready(fitPart) {
			w.log.Info("what kafka and redis hold fits again")
		}
		return
	}
	w.metrics.unfit.Set(1)
	if w.health.Wait(fitPart, err.Error()) {
		w.log.Error("what kafka and redis hold does not fit any more: a restart would be refused", zap.Error(err))
	}
}

// KeyedPartitions says how many partitions the keyed topic has.
func (w *Watch) KeyedPartitions(n int) { w.metrics.keyed.Set(float64(n)) }
