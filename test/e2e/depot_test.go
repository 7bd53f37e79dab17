package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
	"muster/test/kit/s3"
)

const (
	depotDays = 24
	depotAsOf = "2026-11-25T00:00:00Z"
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
	d := &depot{t: t, folder: t.TempDir()}
	d.fill(s3.Make(t, server, "depot"))
	front := s3.Front(t, server.Endpoint(), d.pass)
	d.write("muster.yaml", fmt.Sprintf("archive:\n  location: s3://depot/\n  endpoint: %s\n  path_style: true\n  match: '{yyyy}-{mm}-{dd}.json'\n", front))
	d.write("segments.yaml", ruleset.File(traffic.Bought))
	return d
}

// fill writes an object for each day, with a line that is no event.
func (d *depot) fill(bucket *s3.Bucket) {
	r := rand.New(rand.NewPCG(16, 6))
	until, err := time.Parse(time.RFC3339, depotAsOf)
	if err != nil {
		d.t.Fatal(err)
	}
	events := traffic.Buyers(r, 100*depotDays, until.Add(-time.Millisecond), depotDays*day)
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

func reached(t *testing.T, stood <-chan struct{}) {
	t.Helper()
	select {
	case <-stood:
	case <-time.After(stack.Patience):
		t.Fatal("nobody reads the object")
	}
}
