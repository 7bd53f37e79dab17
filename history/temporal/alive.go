package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/temporal"

	"muster/history"
)

// maxDeaths is how many workers may die of a task before it is cut: one may
// have been ended by whoever runs it.
const maxDeaths = 2

// pulse is what an attempt tells the server, and with it the next attempt.
type pulse struct {
	Running bool  `json:"running"` // false when it ends by itself
	Deaths  int   `json:"deaths"`  // of attempts before
	Objects int64 `json:"objects"`
	Rows    int64 `json:"rows"`
}

// errStopping ends an attempt of a worker that is being stopped. Another takes
// the task over.
var errStopping = errors.New("the worker is being stopped")

// alive does something while it tells the server how far it is. It does nothing
// if workers have died of it before.
func alive(ctx context.Context, progress func() history.Progress, do func(context.Context) error) error {
	now := pulse{Running: true}
	var before pulse
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &before) == nil {
		now.Deaths = before.Deaths
		if before.Running {
			now.Deaths++
		}
	}
	if now.Deaths >= maxDeaths {
		return sdk.NewNonRetryableApplicationError(fmt.Sprintf("%d workers died of it, of memory perhaps", now.Deaths), typeDied, nil)
	}
	activity.RecordHeartbeat(ctx, now)
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		beat(own, cancel, now, progress)
	}()
	err := do(own)
	if cause := context.Cause(own); err != nil && errors.Is(cause, errStopping) {
		err = cause
	}
	cancel(nil)
	<-beating
	now.Running = false
	activity.RecordHeartbeat(ctx, now)
	return err
}

// beat tells the server that the attempt lives, until that has ended or the
// worker is stopped.
func beat(ctx context.Context, cancel context.CancelCauseFunc, now pulse, progress func() history.Progress) {
	ticker := time.NewTicker(max(activity.GetInfo(ctx).HeartbeatTimeout/4, 50*time.Millisecond))
	defer ticker.Stop()
	stopping := activity.GetWorkerStopChannel(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-stopping:
			cancel(errStopping)
			return
		case <-ticker.C:
			p := progress()
			now.Objects, now.Rows = p.Objects, p.Rows
			activity.RecordHeartbeat(ctx, now)
		}
	}
}
