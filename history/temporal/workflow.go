package temporal

import (
	"errors"
	"fmt"
	"time"

	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"muster/history"
)

// The names under which workers know workflows and activities. They are part of
// what a server keeps.
const (
	backfillWorkflow = "MusterBackfill"
	batchWorkflow    = "MusterBackfillTasks"
	planActivity     = "MusterBackfillPlan"
	taskActivity     = "MusterBackfillTask"
	gatherActivity   = "MusterBackfillGather"
)

// Input is what the workflow of a request is given. Everything else is in the
// work directory.
type Input struct {
	Request string `json:"request"` // its id
	Tasks   int    `json:"tasks"`   // of each stage, at most
	Limits  Limits `json:"limits"`
}

// Validate returns what is out of range, joined.
func (in *Input) Validate() error {
	err := in.Limits.Validate()
	if in.Tasks < 1 || in.Tasks > history.MaxTasks {
		err = errors.Join(fmt.Errorf("tasks are %d; they must be between 1 and %d", in.Tasks, history.MaxTasks), err)
	}
	return err
}

// Planned is how many tasks each stage has, in their order.
type Planned struct {
	Stages []Stage `json:"stages"`
}

// Stage is a stage that has any number of tasks.
type Stage struct {
	Name  string `json:"name"`
	Tasks int    `json:"tasks"`
}

// Batch is what a child workflow does: tasks of a stage, from First on and
// before End.
type Batch struct {
	Request string `json:"request"`
	Stage   string `json:"stage"`
	First   int    `json:"first"`
	End     int    `json:"end"`
	Limits  Limits `json:"limits"`
}

// options are those of activities.
func (l Limits) options(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: l.Attempt,
		HeartbeatTimeout:    l.Heartbeat,
		WaitForCancellation: true,
		RetryPolicy: &sdk.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: int32(l.Attempts),
		},
	})
}

// Backfill goes through the stages of a request, one after the other.
func Backfill(ctx workflow.Context, in Input) error {
	activities := in.Limits.options(ctx)
	var planned Planned
	if err := workflow.ExecuteActivity(activities, planActivity, in.Request, in.Tasks).Get(ctx, &planned); err != nil {
		return fmt.Errorf("planning: %w", err)
	}
	for _, stage := range planned.Stages {
		if err := in.stage(ctx, stage); err != nil {
			return fmt.Errorf("stage %s: %w", stage.Name, err)
		}
	}
	if err := workflow.ExecuteActivity(activities, gatherActivity, in.Request).Get(ctx, nil); err != nil {
		return fmt.Errorf("gathering: %w", err)
	}
	return nil
}

// stage has all tasks of a stage done by children. The first that fails has the
// others end.
func (in *Input) stage(ctx workflow.Context, s Stage) error {
	own, cancel := workflow.WithCancel(ctx)
	defer cancel()
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	selector, open := workflow.NewSelector(ctx), 0
	var failed error
	for first := 0; first < s.Tasks; first += in.Limits.Batch {
		child := workflow.WithChildOptions(own, workflow.ChildWorkflowOptions{
			WorkflowID: fmt.Sprintf("%s/%s/%d", id, s.Name, first), WaitForCancellation: true,
		})
		one := Batch{in.Request, s.Name, first, min(s.Tasks, first+in.Limits.Batch), in.Limits}
		open++
		selector.AddFuture(workflow.ExecuteChildWorkflow(child, batchWorkflow, one), func(f workflow.Future) {
			open--
			if err := f.Get(ctx, nil); err != nil && failed == nil {
				failed = err
				cancel()
			}
		})
	}
	for open > 0 {
		selector.Select(ctx)
	}
	return failed
}
