package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/history/lease"
	"muster/history/queue"
	"muster/test/e2e/stack"
	"muster/test/kit/generate"
	"muster/test/kit/s3"
	"muster/test/kit/temporal"
)

const (
	depotDays  = 24
	depotTasks = 6 // of each stage
	depotAsOf  = "2026-11-25T00:00:00Z"
)

// depot is an archive in an S3 server, behind a gate that can stop whoever reads
// an object.
type depot struct {
	t      *testing.T
	folder string // of segments, configuration and work directories

	mu    sync.Mutex
	gate  string        // the object before which whoever reads it next is stopped
	stood chan struct{} // closed when somebody stands there
	open  chan struct{} // closed when the gate is
}

func openDepot(t *testing.T) *depot {
	t.Helper()
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	d := &depot{t: t, folder: t.TempDir()}
	d.fill(s3.Make(t, server, "depot"))
	behind, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // which is signed
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}, // whoever asked was killed
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.pass(r)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	d.write("muster.yaml", fmt.Sprintf("archive:\n  location: s3://depot/\n  endpoint: %s\n  path_style: true\n  match: '{yyyy}-{mm}-{dd}.json'\n", front.URL))
	text := "segments:\n"
	for id, rule := range bought {
		text += fmt.Sprintf("  - id: %s\n    rule: %s\n", id, rule)
	}
	d.write("segments.yaml", text)
	return d
}

// fill writes an object for each day, with a line that is no event.
func (d *depot) fill(bucket *s3.Bucket) {
	r := rand.New(rand.NewPCG(16, 6))
	until, err := time.Parse(time.RFC3339, depotAsOf)
	if err != nil {
		d.t.Fatal(err)
	}
	events := buyers(r, 100*depotDays, until.Add(-time.Millisecond), depotDays*day)
	for i := range depotDays {
		text := []byte("{\"type\":\"track\"}\n")
		for j := range events[100*i : 100*(i+1)] {
			text = append(append(text, generate.Record(&events[100*i+j], nil)...), '\n')
		}
		bucket.Put(dayKey(i+1), text)
	}
}

func dayKey(day int) string { return fmt.Sprintf("2026-11-%02d.json", day) }

func (d *depot) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// pass has whoever reads an object wait at its gate.
func (d *depot) pass(r *http.Request) {
	d.mu.Lock()
	stop, open := r.Method == http.MethodGet && d.gate != "" && strings.HasSuffix(r.URL.Path, "/"+d.gate), d.open
	if stop {
		d.gate = ""
		close(d.stood)
	}
	d.mu.Unlock()
	if stop {
		select {
		case <-open:
		case <-r.Context().Done():
		}
	}
}

// stopBefore has the next who reads a day stop before it, until resume is called.
// Stood is closed when somebody is there.
func (d *depot) stopBefore(day int) (stood <-chan struct{}, resume func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate, d.stood, d.open = dayKey(day), make(chan struct{}), make(chan struct{})
	open := d.open
	resume = sync.OnceFunc(func() { close(open) })
	d.t.Cleanup(resume)
	return d.stood, resume
}

// process is an evaluator.
type process struct {
	*exec.Cmd
	t     *testing.T
	out   bytes.Buffer
	ended chan struct{}
	err   error // how it ended
}

// backfill starts a command of evaluator backfill, which ends with the test.
func (d *depot) backfill(arguments ...string) *process {
	d.t.Helper()
	p := &process{Cmd: exec.Command(stack.Binary(), append([]string{"backfill"}, arguments...)...), t: d.t, ended: make(chan struct{})}
	p.Dir, p.Stdout, p.Stderr = d.folder, &p.out, &p.out
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	d.t.Cleanup(p.kill)
	return p
}

// kill ends it as a crash would.
func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended already
	<-p.ended
}

// done waits until it has ended well.
func (p *process) done() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(stack.Patience):
		p.kill()
		p.t.Fatalf("%s has not ended:\n%s", p, p.out.String())
	}
	if p.err != nil {
		p.t.Fatalf("%s: %v\n%s", p, p.err, p.out.String())
	}
}

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
	compared := 0
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
			if filepath.Base(want[i]) != filepath.Base(got[i]) || len(a) == 0 || !bytes.Equal(a, b) {
				d.t.Errorf("%s has %d bytes and %s %d others", want[i], len(a), got[i], len(b))
			}
			compared++
		}
	}
	if compared != 2*len(bought)+2 {
		d.t.Errorf("%d files were compared", compared)
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
	d.await("tasks that nobody waits for", func(s *seen) bool { return s.State.Phase == queue.Interrupted && len(s.Tasks) > 0 })
	server.Restart(t)
	all.add(d, server)
	release()
	d.start("shared", flags...).done()
	d.equal("one", "shared")
	d.await("the end", func(s *seen) bool { return s.State.Phase == queue.Done && s.State.Stage().Name == "gather" })
}

func reached(t *testing.T, stood <-chan struct{}) {
	t.Helper()
	select {
	case <-stood:
	case <-time.After(stack.Patience):
		t.Fatal("nobody reads the object")
	}
}
