package temporal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/s3"
)

// patience bounds what must come to an end by itself.
const patience = 5 * time.Minute

// days are how many objects the archive of a test has.
const days = 9

// archiveOf writes an object for each day, with an order of one customer and a
// line that is no event, and returns a request of all.
func archiveOf(t *testing.T) *history.Request {
	t.Helper()
	c := archive.Default()
	c.Location, c.Match = t.TempDir(), "*.json"
	for day := 1; day <= days; day++ {
		text := fmt.Sprintf(`{"type":"track","userId":"u%d","messageId":"%d","event":"Order Completed","timestamp":"2026-11-%02dT10:00:00Z"}
{"type":"track"}
`, day, day, day)
		if err := os.WriteFile(filepath.Join(c.Location, fmt.Sprintf("2026-11-%02d.json", day)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("buyers", `any(events("Order Completed"), true)`)})
	if err != nil {
		t.Fatal(err)
	}
	r := &history.Request{Archive: c, AsOf: 1_800_000_000_000, Set: set, Limits: pipeline.Default(), OnError: history.Fail}
	if r.Layout, err = archive.NewLayout(c); err != nil {
		t.Fatal(err)
	}
	if r.Bucket, r.Prefix, err = archive.OpenBucket(t.Context(), c.Location, c); err != nil {
		t.Fatal(err)
	}
	return r
}

func backfillOf(t *testing.T, r *history.Request, dir string) *history.Backfill {
	t.Helper()
	return backfillIn(t, r, dir, nil)
}

// backfillIn is backfillOf of a work directory that may be a bucket.
func backfillIn(t *testing.T, r *history.Request, dir string, f history.Files) *history.Backfill {
	t.Helper()
	c := history.DefaultConfig()
	c.Files = f
	c.Dir, c.Workers, c.SortBytes, c.MaxRuns = dir, 2, 1<<20, 4
	b, err := history.New(r, c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rig is a workflow's environment with a request, and what its tasks were.
type rig struct {
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	dir     string
	files   history.Files // of dir
	request *history.Request

	mutex sync.Mutex
	tasks []Piece
}

// rigOf prepares a request. before is asked before each attempt of a task, and
// its error is the attempt's; nil for nothing.
func rigOf(t *testing.T, before func(p Piece, attempt int32) error) *rig {
	t.Helper()
	dir := t.TempDir()
	return rigIn(t, &Activities{Dir: dir, Workers: 2}, files.Folder{Dir: dir}, before)
}

// rigIn is rigOf with activities of its own.
func rigIn(t *testing.T, a *Activities, f history.Files, before func(p Piece, attempt int32) error) *rig {
	t.Helper()
	g := &rig{t: t, dir: a.Dir, files: f, request: archiveOf(t)}
	suite := &testsuite.WorkflowTestSuite{}
	g.env = suite.NewTestWorkflowEnvironment()
	g.env.SetTestTimeout(patience)
	g.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: patience})
	register(only{g.env}, a)
	task := func(ctx context.Context, p Piece) error {
		g.mutex.Lock()
		g.tasks = append(g.tasks, p)
		g.mutex.Unlock()
		if before != nil {
			if err := before(p, activity.GetInfo(ctx).Attempt); err != nil {
				return err
			}
		}
		return a.Task(ctx, p)
	}
	g.env.RegisterActivityWithOptions(task, activity.RegisterOptions{Name: taskActivity})
	if _, err := backfillIn(t, g.request, g.dir, g.files).Ask(); err != nil {
		t.Fatal(err)
	}
	return g
}

// only leaves the activity of tasks to the test.
type only struct {
	*testsuite.TestWorkflowEnvironment
}

// RegisterActivityWithOptions implements registry.
func (o only) RegisterActivityWithOptions(a any, options activity.RegisterOptions) {
	if options.Name != taskActivity {
		o.TestWorkflowEnvironment.RegisterActivityWithOptions(a, options)
	}
}

// run runs the workflow to its end.
func (g *rig) run(tasks int) error {
	g.t.Helper()
	l := Default()
	l.Batch, l.Attempts = 2, 4
	g.env.ExecuteWorkflow(backfillWorkflow, Input{g.request.ID(), tasks, l})
	if !g.env.IsWorkflowCompleted() {
		g.t.Fatal("the workflow has not ended")
	}
	return g.env.GetWorkflowError()
}

// equal compares what came out with what one process makes.
func (g *rig) equal() {
	g.t.Helper()
	whole, err := backfillOf(g.t, g.request, g.t.TempDir()).Run(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	if whole.Summary.Segments[0].Members != days || whole.Summary.DeadLetters != days {
		g.t.Fatalf("%+v", whole.Summary)
	}
	for _, name := range []string{"members/buyers.ndjson", "dead.ndjson", "summary.json"} {
		want, err := os.ReadFile(filepath.Join(whole.Folder, name))
		file, err2 := g.files.Open("requests/" + g.request.ID() + "/" + name)
		if errors.Join(err, err2) != nil {
			g.t.Fatal(errors.Join(err, err2))
		}
		got, err2 := files.All(file)
		if err2 = errors.Join(err2, file.Close()); errors.Join(err, err2) != nil || string(got) != string(want) {
			g.t.Errorf("%s is %q, want %q; %v", name, got, want, errors.Join(err, err2))
		}
	}
}

// A workflow makes the bytes that one process makes, of every task once.
func TestWorkflowMakesTheSameBytes(t *testing.T) {
	g := rigOf(t, nil)
	if err := g.run(5); err != nil {
		t.Fatal(err)
	}
	g.equal()
	counts := map[string]int{}
	for _, p := range g.tasks {
		counts[p.Stage]++
	}
	if counts["index"] != 5 || counts["fold"] != 4 || counts["evaluate"] != 5 {
		t.Errorf("%v", counts)
	}
	if report, err := backfillOf(t, g.request, g.dir).Report(); err != nil || report.Summary.Objects != days {
		t.Errorf("%+v, %v", report, err)
	}
}

// A bucket serves workers that share nothing else.
func TestWorkflowInABucket(t *testing.T) {
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	a := &Activities{Dir: "s3://state/work/", Workers: 2, Reach: archive.Default()}
	a.Reach.Endpoint, a.Reach.PathStyle = server.Endpoint(), true
	bucket, err := files.OpenBucket(t.Context(), a.Dir, a.Reach)
	if err != nil {
		t.Fatal(err)
	}
	g := rigIn(t, a, bucket, nil)
	if err := g.run(5); err != nil {
		t.Fatal(err)
	}
	g.equal()
	if len(g.tasks) != 5+4+5 {
		t.Errorf("%v", g.tasks)
	}
	if report, err := backfillIn(t, g.request, g.dir, bucket).Report(); err != nil || report.Summary.Objects != days {
		t.Errorf("%+v, %v", report, err)
	}
}

// A task whose workers die is done in pieces, which are cut until they are small
// enough, and then the task itself finds all there.
func TestTasksThatWorkersDieOfAreCut(t *testing.T) {
	for name, death := range map[string]error{
		"silent": sdk.NewHeartbeatTimeoutError(),
		"told":   sdk.NewNonRetryableApplicationError("2 workers died of it", typeDied, nil),
	} {
		g := rigOf(t, func(p Piece, _ int32) error {
			large := p.Index == 1 && !p.Whole && (p.Pieces < 2 || p.Pieces == 2 && p.Piece == 1)
			if large && p.Stage != "fold" {
				return death
			}
			return nil
		})
		if err := g.run(2); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g.equal()
		for _, stage := range []string{"index", "evaluate"} {
			var ended []string
			for _, p := range g.tasks {
				one := fmt.Sprintf("%d/%d", p.Piece, p.Pieces)
				if p.Stage == stage && p.Index == 1 && !slices.Contains(ended, one) {
					ended = append(ended, one)
				}
			}
			slices.Sort(ended)
			if got := strings.Join(ended, " "); got != "0/0 0/2 1/2 2/4 3/4" {
				t.Errorf("%s: pieces of %s are %s", name, stage, got)
			}
		}
	}
}

// A task that no size helps fails the workflow, and so does one that would fail
// however often it is tried, at once; another failure is tried again.
func TestWhatFails(t *testing.T) {
	g := rigOf(t, func(p Piece, attempt int32) error {
		if p.Stage == "index" && attempt < 3 {
			return errors.New("the network is down")
		}
		return nil
	})
	if err := g.run(2); err != nil {
		t.Fatal(err)
	}
	g.equal()

	g = rigOf(t, func(p Piece, _ int32) error {
		if p.Stage == "evaluate" && p.Index == 0 {
			return sdk.NewHeartbeatTimeoutError()
		}
		return nil
	})
	if err := g.run(2); err == nil || !strings.Contains(err.Error(), "task 0") {
		t.Error(err)
	}

	g = rigOf(t, nil)
	if err := os.WriteFile(filepath.Join(g.request.Archive.Location, "2026-11-05.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.run(1); err == nil || !strings.Contains(err.Error(), "2026-11-05.json") || len(g.tasks) != 1 {
		t.Errorf("%v, %v", g.tasks, err)
	}
}

// The server is told when what may pass is to be tried again: after a pause at random,
// whose bound grows.
func TestPausesHaveFullJitter(t *testing.T) {
	for attempt, bound := range map[int32]time.Duration{1: firstPause, 3: 4 * firstPause, 7: longestPause, 1 << 30: longestPause} {
		shortest, longest := bound, time.Duration(0)
		for range 2000 {
			p := pause(attempt)
			shortest, longest = min(shortest, p), max(longest, p)
		}
		if longest > bound || longest < bound*9/10 || shortest > bound/10 || shortest <= 0 {
			t.Errorf("attempt %d: from %s to %s, want 0 to %s", attempt, shortest, longest, bound)
		}
	}
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	task := func(ctx context.Context) error { return told(ctx, errors.New("the network is down")) }
	env.RegisterActivity(task)
	_, err := env.ExecuteActivity(task)
	var passing *sdk.ApplicationError
	if !errors.As(err, &passing) || passing.NonRetryable() || passing.NextRetryDelay() <= 0 || passing.NextRetryDelay() > firstPause || died(err) {
		t.Errorf("%+v", err)
	}
}

// attempt does the first index task as an attempt that follows others.
func attempt(t *testing.T, before *pulse) error {
	t.Helper()
	r, dir := archiveOf(t), t.TempDir()
	if _, err := backfillOf(t, r, dir).Plan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	suite := &testsuite.WorkflowTestSuite{}
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(patience)
	if before != nil {
		env.SetHeartbeatDetails(*before)
	}
	a := &Activities{Dir: dir, Workers: 1}
	env.RegisterActivity(a.Task)
	_, err := env.ExecuteActivity(a.Task, Piece{Request: r.ID(), Stage: "index"})
	return err
}

// One worker that died may have been ended by whoever runs it; of two the task
// is taken to be too large. Attempts that failed by themselves do not count.
func TestDeathsAreCounted(t *testing.T) {
	for _, c := range []struct {
		before *pulse
		dies   bool
	}{
		{nil, false}, {&pulse{Running: true}, false}, {&pulse{Deaths: 1}, false},
		{&pulse{Running: true, Deaths: 1}, true}, {&pulse{Deaths: 2}, true},
	} {
		if err := attempt(t, c.before); (err != nil) != c.dies || c.dies && !died(err) {
			t.Errorf("after %+v: %v", c.before, err)
		}
	}
}

// A worker that is stopped gives its task up.
func TestAStoppedWorkerGivesItsTaskUp(t *testing.T) {
	suite := &testsuite.WorkflowTestSuite{}
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(patience)
	stop := make(chan struct{})
	env.SetWorkerStopChannel(stop)
	task := func(ctx context.Context) error {
		return alive(ctx, func() history.Progress { return history.Progress{} }, func(ctx context.Context) error {
			close(stop)
			<-ctx.Done()
			return ctx.Err()
		})
	}
	env.RegisterActivity(task)
	if _, err := env.ExecuteActivity(task); err == nil || !strings.Contains(err.Error(), errStopping.Error()) {
		t.Error(err)
	}
}

// A request's id leads nowhere but to its folder.
func TestRequestsHaveIDs(t *testing.T) {
	a := &Activities{Dir: t.TempDir()}
	for _, id := range []string{"", "../../../etc", "0123456789abcdeg"} {
		if err := a.Gather(t.Context(), id); err == nil || !strings.Contains(err.Error(), "is no id of a request") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestLimits(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	if in := (Input{Tasks: history.MaxTasks + 1}); strings.Count(in.Validate().Error(), "\n") != 4 {
		t.Error(in.Validate())
	}
	if err := (Limits{}).Validate(); strings.Count(err.Error(), "\n") != 3 {
		t.Error(err)
	}
	if err := (Limits{73 * time.Hour, time.Hour, 1001, 1001}).Validate(); strings.Count(err.Error(), "\n") != 3 {
		t.Error(err)
	}
}
