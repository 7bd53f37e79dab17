package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/history"
	"muster/history/queue"
	"muster/test/kit/port"
	"muster/test/kit/s3"
)

// depot is an archive of some days, in a fake S3 that counts what is read of
// it and can stop before an object.
type depot struct {
	t      *testing.T
	folder string // of segments, configuration and work directory

	mu    sync.Mutex
	reads map[string]int // of objects
	gate  string         // the object before which whoever reads it is stopped
	stood chan struct{}  // closed when somebody stands there
	open  chan struct{}  // closed when the gate is
}

const (
	depotDays = 6
	depotAsOf = "2026-11-20T00:00:00Z"
)

func openDepot(t *testing.T) *depot {
	t.Helper()
	server, err := s3.StartFake()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	s3.SignIn(t, s3.Access, s3.Secret)
	bucket := s3.Make(t, server, "depot")
	for day := 1; day <= depotDays; day++ {
		var lines strings.Builder
		for user := range 40 {
			fmt.Fprintf(&lines, `{"type":"track","userId":"u%d","messageId":"m%d-%d","event":"Event %d","timestamp":"2026-11-%02dT10:00:00Z","properties":{"total":%d}}`+"\n",
				user, day, user, user%4, day, user)
		}
		bucket.Put(depotKey(day), []byte(lines.String()))
	}
	d := &depot{t: t, folder: t.TempDir(), reads: map[string]int{}}
	inner := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.pass(r)
		inner.ServeHTTP(w, r)
	})
	d.write("muster.yaml", fmt.Sprintf("archive:\n  location: s3://depot/\n  endpoint: %s\n  path_style: true\n  match: '{yyyy}-{mm}-{dd}.json'\n", server.Endpoint()))
	return d
}

func depotKey(day int) string { return fmt.Sprintf("2026-11-%02d.json", day) }

func (d *depot) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// pass counts a reading, and has it wait at the gate.
func (d *depot) pass(r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/depot/")
	if r.Method != http.MethodGet || key == "" || strings.HasPrefix(key, "/") {
		return
	}
	d.mu.Lock()
	d.reads[key]++
	stop, open := d.gate == key, d.open
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

// stopBefore has the next who reads a day stop before it, until resume is
// called. Stood is closed when somebody is there.
func (d *depot) stopBefore(day int) (stood <-chan struct{}, resume func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate, d.stood, d.open = depotKey(day), make(chan struct{}), make(chan struct{})
	return d.stood, sync.OnceFunc(func() { close(d.open) })
}

// total is how many objects were read, again or not.
func (d *depot) total() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, times := range d.reads {
		n += times
	}
	return n
}

// process is an evaluator.
type process struct {
	*exec.Cmd
	t        *testing.T
	out, err bytes.Buffer
}

func (d *depot) start(args ...string) *process {
	d.t.Helper()
	p := &process{Cmd: exec.CommandContext(d.t.Context(), "evaluator", append([]string{"backfill"}, args...)...), t: d.t}
	p.Dir, p.Stdout, p.Stderr = d.folder, &p.out, &p.err
	if err := p.Start(); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// ask starts a backfill for a segment of one event.
func (d *depot) ask(n int, flags ...string) *process {
	d.t.Helper()
	name := fmt.Sprintf("s%d.yaml", n)
	d.write(name, fmt.Sprintf("segments:\n  - {id: s%d, rule: 'sum(events(\"Event %d\"), .total) > 20'}\n", n, n))
	return d.start(append([]string{"start", "--dry-run", "-c", "muster.yaml", "-f", name, "--work", "work", "--as-of", depotAsOf,
		"--workers", "1", "--output", "json"}, flags...)...)
}

// done waits until a process has ended well, and returns what it printed.
func (p *process) done() *history.Report {
	p.t.Helper()
	if err := p.Wait(); err != nil {
		p.t.Fatalf("%s: %v\n%s", p, err, &p.err)
	}
	var report history.Report
	if err := json.Unmarshal(p.out.Bytes(), &report); err != nil {
		p.t.Fatalf("%s: %v\n%s", p, err, &p.out)
	}
	return &report
}

// code waits until a process has ended, and returns its exit code.
func (p *process) code() int {
	p.t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// entries are the requests as list tells of them.
func (d *depot) entries() []queue.Entry {
	d.t.Helper()
	p := d.start("list", "--work", "work", "--output", "json")
	if p.code() != 0 {
		d.t.Fatalf("list: %s", &p.err)
	}
	var list []queue.Entry
	for line := range bytes.Lines(p.out.Bytes()) {
		var e queue.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			d.t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// until waits until as many requests are of a phase.
func (d *depot) until(phase queue.Phase, n int) {
	d.t.Helper()
	d.await(fmt.Sprint(n, " ", phase), func(list []queue.Entry) bool {
		count := 0
		for i := range list {
			if list[i].State.Phase == phase {
				count++
			}
		}
		return count == n
	})
}

// await waits until the requests are as they are wanted.
func (d *depot) await(what string, is func([]queue.Entry) bool) {
	d.t.Helper()
	var list []queue.Entry
	for end := time.Now().Add(scriptPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if list = d.entries(); is(list) {
			return
		}
	}
	d.t.Fatalf("no %s: %+v", what, list)
}

func reached(t *testing.T, stood <-chan struct{}) {
	t.Helper()
	select {
	case <-stood:
	case <-time.After(scriptPatience):
		t.Fatal("nobody reads the object")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	held, err := port.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(held.Release)
	return held.Address()
}

// served waits until an answer has a line that matches.
func served(t *testing.T, url, pattern string) {
	t.Helper()
	line, last := regexp.MustCompile("(?m)^"+pattern+"$"), ""
	for end := time.Now().Add(scriptPatience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(url)
		if err != nil {
			last = err.Error()
			continue
		}
		text, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if last = string(text); line.MatchString(last) {
			return
		}
	}
	t.Fatalf("%s has no line %s:\n%s", url, pattern, last)
}

// A process that is killed leaves an interrupted request, and resume needs
// nothing but its id: it reads only what was not read to its end.
func TestBackfillKilledAndResumed(t *testing.T) {
	d := openDepot(t)
	stood, open := d.stopBefore(4)
	p := d.ask(1)
	reached(t, stood)
	d.await("three objects in the account", func(list []queue.Entry) bool { return list[0].State.Account.Scanned.Objects == 3 })
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // it was killed
	open()
	d.until(queue.Interrupted, 1)
	status := d.start("status", "--work", "work")
	if status.code() != 0 || !strings.Contains(status.out.String(), "evaluator backfill resume ") {
		t.Errorf("status: %s%s", &status.out, &status.err)
	}
	report := d.start("resume", "--work", "work", "--output", "json").done()
	if report.Read.Objects != 3 || report.Saved.Objects != 3 || d.total() != depotDays+1 {
		t.Errorf("read %+v, saved %+v, %d of the server", report.Read, report.Saved, d.total())
	}
	if a := report.Account; a.Attempts != 2 || a.Scanned.Objects != depotDays || a.Billable.Objects != depotDays || a.Scanned.Bytes != report.Archive.Chosen.Bytes {
		t.Errorf("the account of both attempts is %+v", a)
	}
	if n := report.Summary.Segments[0].Members; n != 9 { // 5, 9, ... 37
		t.Errorf("%d members", n)
	}
	if list := d.entries(); len(list) != 1 || list[0].State.Phase != queue.Done || list[0].State.Attempt != 2 {
		t.Errorf("%+v", list)
	}
	again := d.start("resume", "--work", "work")
	if again.code() != 2 || !strings.Contains(again.err.String(), " is done, and its result is in work/requests/") {
		t.Errorf("resume of what is done: %s", &again.err)
	}
}

// Of two equal starts one does the work, and the other says who does. Cancel
// stops it, and says what stays.
func TestBackfillEqualStartsAndCancel(t *testing.T) {
	d := openDepot(t)
	stood, open := d.stopBefore(3)
	defer open()
	address := freeAddress(t)
	p := d.ask(1, "--metrics", address, "--deadline", "12h")
	reached(t, stood)
	served(t, "http://"+address+"/metrics", `muster_backfill_objects_total{kind="billable",request="[0-9a-f]+"} 2`)
	served(t, "http://"+address+"/metrics", `muster_backfill_within_deadline{request="[0-9a-f]+"} 1`)
	second := d.ask(1)
	if code := second.code(); code != 1 || !strings.Contains(second.err.String(), fmt.Sprintf("is running already, by process %d on ", p.Process.Pid)) {
		t.Errorf("%d, %s", code, &second.err)
	}
	cancel := d.start("cancel", "--work", "work")
	if cancel.code() != 0 || !strings.Contains(cancel.out.String(), "is cancelled; what was made stays") {
		t.Errorf("cancel: %s%s", &cancel.out, &cancel.err)
	}
	if code := p.code(); code != 1 || !strings.Contains(p.err.String(), "the backfill was cancelled") {
		t.Errorf("%d, %s", code, &p.err)
	}
	d.write("other.yaml", "segments:\n  - {id: s1, rule: 'true'}\n")
	own, other := filepath.Join(d.folder, "s1.yaml"), filepath.Join(d.folder, "other.yaml")
	exchange := func() {
		if err := errors.Join(os.Rename(own, own+"~"), os.Rename(other, own), os.Rename(own+"~", other)); err != nil {
			t.Fatal(err)
		}
	}
	exchange()
	changed := d.start("resume", "--work", "work")
	if changed.code() != 2 || !strings.Contains(changed.err.String(), "the segments of "+own+" have changed") {
		t.Errorf("resume of what has changed: %s", &changed.err)
	}
	exchange()
	if report := d.start("resume", "--work", "work", "--metrics", freeAddress(t), "--output", "json").done(); report.Saved.Objects != 2 {
		t.Errorf("saved %+v", report.Saved)
	}
}

// Requests that wait together share one reading of the archive, and the most
// urgent is done first.
func TestBackfillsShareOneReading(t *testing.T) {
	d := openDepot(t)
	stood, open := d.stopBefore(depotDays)
	first := d.ask(0, "--max-running", "1")
	reached(t, stood)
	waiting := []*process{d.ask(1, "--max-running", "1"), d.ask(2, "--max-running", "1"), d.ask(3, "--max-running", "1", "--priority", "90")}
	d.until(queue.Waiting, 3)
	open()
	first.done()
	read := 0
	for _, p := range waiting {
		read += p.done().Read.Objects
		if !strings.Contains(p.err.String(), " waits: 1 running, of at most 1; ") {
			t.Errorf("it is not told why it waits: %s", &p.err)
		}
	}
	if read != depotDays || d.total() != 2*depotDays {
		t.Errorf("three requests read %d objects, the server sent %d", read, d.total())
	}
	list := d.entries()
	urgent := list[0]
	for _, e := range list {
		if e.Priority == 90 {
			urgent = e
		}
	}
	for _, e := range list {
		if e.Priority != 90 && e.Segments[0] != "s0" && e.State.Began.Before(urgent.State.Began) {
			t.Errorf("%s began before the urgent one", e.Segments)
		}
	}
}
