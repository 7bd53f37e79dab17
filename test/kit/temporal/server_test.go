package temporal

import (
	"context"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// A workflow that was begun is there after a kill and a restart, and after a
// stop, at the same address.
func TestRestartKeepsWorkflows(t *testing.T) {
	s := Start(t)
	c := s.Client(t)
	if _, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "nobody"}, "Waits"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"killed": s.Kill, "stopped": s.Stop} {
		end(t)
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		if s.answers(soon) {
			t.Errorf("%s: it answers", name)
		}
		cancel()
		s.Restart(t)
		found, err := s.Client(t).DescribeWorkflow(t.Context(), "kept", "")
		if err != nil || found.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
	}
}
