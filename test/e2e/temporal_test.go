package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/history/lease"
	"muster/history/queue"
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/temporal"
)

// depotTasks are those of each stage.
const depotTasks = 6

// start asks for the request.
func (d *depot) start(work string, flags ...string) *process {
	d.t.Helper()
	return d.backfill(append([]string{"start", "--dry-run", "-c", "muster.yaml", "-f", "segments.yaml", "--as-of", depotAsOf, "--work", work}, flags...)...)
}

// seen is what status tells of the request.
type seen struct {
	State queue.State    `json:"state"`
	Tasks []lease.Holder `json:"tasks"`
}

// behindIndex are the tasks of stages behind index.
func (s *seen) behindIndex() []lease.Holder {
	return slices.DeleteFunc(slices.Clone(s.Tasks), func(one lease.Holder) bool { return one.Stage == "index" })
}

// await waits until status tells what is wanted.
func (d *depot) await(what string, is func(s *seen) bool) *seen {
	d.t.Helper()
	last := ""
	for end := time.Now().Add(stack.Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		p := d.backfill("status", "--work", "shared", "--output", "json")
		<-p.ended
		s := &seen{}
		last = p.out.String()
		if p.err == nil && json.Unmarshal(p.out.Bytes(), s) == nil && is(s) {
			return s
		}
	}
	d.t.Fatalf("status does not tell of %s; it tells\n%s", what, last)
	return nil
}

// files returns those of the request that match, in a work directory.
func (d *depot) files(work, pattern string) []string {
	d.t.Helper()
	list, err := filepath.Glob(filepath.Join(d.folder, work, "requests", "*", pattern))
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

// until waits for a condition, which it looks at very often.
func (d *depot) until(what string, is func() bool) {
	d.t.Helper()
	for end := time.Now().Add(stack.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if is() {
			return
		}
	}
	d.t.Fatalf("waiting for %s", what)
}

// holdUse keeps whoever finds a file of a work directory from using it, until
// release is called.
func (d *depot) holdUse(work string) (release func()) {
	d.t.Helper()
	file, err := os.OpenFile(filepath.Join(d.folder, work, "use.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		d.t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = file.Close() })
	d.t.Cleanup(release)
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err == nil {
			return release
		}
		if !errors.Is(err, syscall.EINTR) {
			d.t.Fatal(err)
		}
	}
}

// equal compares what came out in two work directories.
func (d *depot) equal(one, other string) {
	d.t.Helper()
	compared, empty := 0, 0
	for _, pattern := range []string{"members/*", "sketches/*", "dead.ndjson", "summary.json"} {
		want, got := d.files(one, pattern), d.files(other, pattern)
		if len(want) == 0 || len(want) != len(got) {
			d.t.Fatalf("%s: %q and %q", pattern, want, got)
		}
		for i := range want {
			a, err := os.ReadFile(want[i])
			if err != nil {
				d.t.Fatal(err)
			}
			b, err := os.ReadFile(got[i])
			if err != nil {
				d.t.Fatal(err)
			}
			if filepath.Base(want[i]) != filepath.Base(got[i]) || !bytes.Equal(a, b) {
				d.t.Errorf("%s has %d bytes and %s %d others", want[i], len(a), got[i], len(b))
			}
			compared++
			if len(a) == 0 {
				empty++
			}
		}
	}
	// The archive is too young for one of the segments.
	if compared != 2*len(traffic.Bought)+2 || empty > 1 {
		d.t.Errorf("%d files were compared, of which %d are empty", compared, empty)
	}
}

// workers are processes that do tasks, by their ids.
type workers map[int]*process

func (w workers) add(d *depot, server *temporal.Server) {
	p := d.backfill("worker", "--work", "shared", "--workers", "1", "--temporal-address", server.Address)
	w[p.Process.Pid] = p
}

// kill ends the one with an id.
func (w workers) kill(t *testing.T, pid int) {
	t.Helper()
	p := w[pid]
	if p == nil {
		t.Fatalf("process %d is no worker", pid)
	}
	p.kill()
	delete(w, pid)
}

// Two workers do a request for a Temporal server, and its outcome is that of one
// process by itself, although each kind of process is killed on the way: a worker
// in the middle of a task of either stage, the server while the last task of a
// stage is done without it and again in the next one, and whoever asked.
func TestTemporalBackfillSurvivesKills(t *testing.T) {
	stack.Beside(t)
	server := temporal.Start(t)
	d := openDepot(t)
	d.start("one").done()
	if err := os.Mkdir(filepath.Join(d.folder, "shared"), 0o755); err != nil {
		t.Fatal(err)
	}
	all := workers{}
	all.add(d, server)
	all.add(d, server)
	flags := []string{"--engine", "temporal", "--temporal-address", server.Address, "--tasks", fmt.Sprint(depotTasks), "--temporal-heartbeat", "5s"}

	// A worker stands in the middle of a task, and the other has done all others.
	stood, resume := d.stopBefore(10)
	asked := d.start("shared", flags...)
	reached(t, stood)
	indexed := func(n int) func() bool {
		return func() bool { return len(d.files("shared", "indexed/*.ndjson")) == n }
	}
	d.until("the other tasks of index", indexed(depotTasks-1))
	now := d.await("one task, and the bytes of the others", func(s *seen) bool {
		stage := s.State.Stage()
		return s.State.Phase == queue.Running && stage.Name == "index" && len(s.Tasks) == 1 && stage.Done > stage.All/2 && stage.Done < stage.All
	})
	stood, resumeServer := d.stopBefore(11)
	all.kill(t, now.Tasks[0].PID)
	resume()
	all.add(d, server)

	// Another does the task again, and ends it while there is no server.
	reached(t, stood)
	server.Kill(t)
	resumeServer()
	d.until("the last task of index", indexed(depotTasks))
	server.Restart(t)

	// The next tasks find what these have made, and stand where they say so.
	d.until("a task of evaluate", func() bool { return len(d.files("shared", "inputs.json")) > 0 })
	release := d.holdUse("shared")
	now = d.await("two tasks behind index", func(s *seen) bool { return len(s.behindIndex()) == 2 })
	asked.kill()
	all.kill(t, now.behindIndex()[0].PID)
	server.Kill(t)
	d.await("that nobody waits for its tasks", func(s *seen) bool { return s.State.Phase == queue.Interrupted })
	server.Restart(t)
	all.add(d, server)
	release()
	d.start("shared", flags...).done()
	d.equal("one", "shared")
	d.await("the end", func(s *seen) bool { return s.State.Phase == queue.Done && s.State.Stage().Name == "gather" })
}

// TestTemporalBackfillInABucket: workers that share nothing but a bucket make what
// one process makes in a folder. One is killed in the middle of a task. A bucket
// that is not there is refused at once.
func TestTemporalBackfillInABucket(t *testing.T) {
	stack.Beside(t)
	server := temporal.Start(t)
	d := openDepot(t)
	summary := func(p *process) string {
		t.Helper()
		p.done()
		var report struct {
			Summary json.RawMessage `json:"summary"`
		}
		lines := bytes.Split(bytes.TrimSpace(p.out.Bytes()), []byte("\n")) // the last is the report
		if err := json.Unmarshal(lines[len(lines)-1], &report); err != nil || len(report.Summary) == 0 {
			t.Fatalf("%v\n%s", err, p.out.String())
		}
		return string(report.Summary)
	}
	want := summary(d.start("one", "--output", "json"))
	worker := func(work string) *process {
		return d.backfill("worker", "-c", "muster.yaml", "--work", work, "--workers", "1", "--temporal-address", server.Address)
	}
	nowhere := worker("s3://nowhere/state")
	<-nowhere.ended
	if code := nowhere.ProcessState.ExitCode(); code != 2 || !bytes.Contains(nowhere.out.Bytes(), []byte("bucket nowhere")) {
		t.Errorf("exit code %d:\n%s", code, nowhere.out.String())
	}
	const shared = "s3://depot/state"
	stood, resume := d.stopBefore(10)
	first := worker(shared)
	asked := d.start(shared, "--output", "json", "--engine", "temporal", "--temporal-address", server.Address, "--tasks", fmt.Sprint(depotTasks), "--temporal-heartbeat", "5s")
	reached(t, stood)
	first.kill()
	resume()
	worker(shared)
	worker(shared)
	if got := summary(asked); got != want {
		t.Errorf("by workers in a bucket\n%s\nby one process in a folder\n%s", got, want)
	}
}
