package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"muster/history/queue"
	"muster/observe"
)

// backfillWatch are the flags by which a request is watched.
type backfillWatch struct {
	Metrics  string        `placeholder:"ADDRESS" help:"Serve metrics for Prometheus here, as 127.0.0.1:9090, for as long as the request waits and runs. Default: don't."`
	Deadline time.Duration `placeholder:"DURATION" help:"How long after it was asked for the request is to be done, as 6h30m; the metric muster_backfill_within_deadline says whether it will. Nothing is stopped by it. Default: none."`
}

// maxDeadline bounds a deadline.
const maxDeadline = 90 * 24 * time.Hour

// serve serves the metrics of a request, if somebody asks for them, until the
// function that it returns is called.
func (w *backfillWatch) serve(ctx context.Context, c console, hold *queue.Hold) (unserve func(), err error) {
	if w.Metrics == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", w.Metrics)
	if err != nil {
		return nil, unusable(fmt.Errorf("--metrics: listening for those who ask for metrics: %w", err))
	}
	handler := observe.Backfill(hold, w.Deadline, time.Now)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- observe.Serve(ctx, listener, handler) }()
	return func() {
		stop()
		if err := <-ended; err != nil {
			_, _ = fmt.Fprintf(c.err, "evaluator: %s\n", err)
		}
	}, nil
}
