package temporal

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Server says where Temporal is. What is empty is taken from the environment,
// as Temporal's own tools do: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
// TEMPORAL_API_KEY, TEMPORAL_TLS and so on, or a profile of its configuration
// file.
type Server struct {
	Address   string // host:port
	Namespace string
}

// Dial connects to the server.
func (s Server) Dial(ctx context.Context, logger *slog.Logger) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("reading Temporal's settings: %w", err)
	}
	if s.Address != "" {
		options.HostPort = s.Address
	}
	if s.Namespace != "" {
		options.Namespace = s.Namespace
	}
	options.Logger = log.NewStructuredLogger(logger)
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connecting to Temporal at %s: %w", options.HostPort, err)
	}
	return c, nil
}

// WorkflowID is that of a request.
func WorkflowID(request string) string { return "muster-backfill-" + request }

// Start has a request done by the workers of a queue, unless that is under way,
// and waits until it is. When ctx ends, it goes on without whoever waits.
func Start(ctx context.Context, c client.Client, queue string, in Input) error {
	if err := in.Validate(); err != nil {
		return err
	}
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: WorkflowID(in.Request), TaskQueue: queue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, backfillWorkflow, in)
	if err != nil {
		return fmt.Errorf("starting workflow %s: %w", WorkflowID(in.Request), err)
	}
	if err := run.Get(ctx, nil); err != nil {
		return fmt.Errorf("workflow %s: %w", run.GetID(), err)
	}
	return nil
}

// stopTimeout is how long a worker that is stopped waits for its tasks, which
// end at the next object or profile.
const stopTimeout = 30 * time.Second

// stuckTimeout is how long the code of a workflow may run before it counts as
// stuck. It takes milliseconds, but tasks may leave it no processor.
const stuckTimeout = 20 * time.Second

// Work does tasks of a queue until ctx ends, up to atOnce of them at a time.
func Work(ctx context.Context, c client.Client, queue string, a *Activities, atOnce int) error {
	w := worker.New(c, queue, worker.Options{
		MaxConcurrentActivityExecutionSize: atOnce, WorkerStopTimeout: stopTimeout, DeadlockDetectionTimeout: stuckTimeout,
	})
	register(w, a)
	stop := make(chan any)
	context.AfterFunc(ctx, func() { close(stop) })
	if err := w.Run(stop); err != nil {
		return fmt.Errorf("working for queue %s: %w", queue, err)
	}
	return nil
}

// registry is where workflows and activities get their names.
type registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

func register(r registry, a *Activities) {
	r.RegisterWorkflowWithOptions(Backfill, workflow.RegisterOptions{Name: backfillWorkflow})
	r.RegisterWorkflowWithOptions(Tasks, workflow.RegisterOptions{Name: batchWorkflow})
	r.RegisterActivityWithOptions(a.Plan, activity.RegisterOptions{Name: planActivity})
	r.RegisterActivityWithOptions(a.Task, activity.RegisterOptions{Name: taskActivity})
	r.RegisterActivityWithOptions(a.Gather, activity.RegisterOptions{Name: gatherActivity})
}
