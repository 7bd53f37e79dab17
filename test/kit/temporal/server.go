package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"muster/test/kit/port"
)

// Namespace is the one that the server has.
const Namespace = client.DefaultNamespace

const (
	buildPatience = time.Hour       // of a first use, which builds the server
	startPatience = 3 * time.Minute // until the server answers
	pollEvery     = 50 * time.Millisecond
)

// Server is a process of Temporal's development server.
type Server struct {
	Address string // host:port, the same over restarts

	folder  string // database and log of the process
	binary  string
	port    int
	process *exec.Cmd
	ended   chan struct{} // closed when the process is gone
}

// Real reports whether Start starts a server: whether the environment says
// MUSTER_E2E=real.
func Real() bool { return os.Getenv("MUSTER_E2E") == "real" }

// Start runs an empty server on a free port of 127.0.0.1 until the test ends,
// and returns when it answers. Unless Real, it skips the test.
func Start(t testing.TB) *Server {
	t.Helper()
	if !Real() {
		t.Skip("Temporal's server is a process of its own, which takes minutes to build: it runs with MUSTER_E2E=real, as in make e2e")
	}
	ctx, cancel := context.WithTimeout(t.Context(), buildPatience)
	defer cancel()
	binary, err := install(ctx)
	if err != nil {
		t.Fatal(err)
	}
	held := port.Hold(t)
	s := &Server{Address: held.Address(), folder: t.TempDir(), binary: binary, port: held.Number}
	if err := s.run(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.end(syscall.SIGKILL) })
	return s
}

// Stop ends the server as an operator would, with SIGTERM, and waits for it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server at once, with SIGKILL, as a crash would.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.end(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a stopped or killed server again, on its old port and with what
// it had written, and returns when it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill(t)
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Client returns a client of the server that is closed when the test ends.
func (s *Server) Client(t testing.TB) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: s.Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// run starts the process and waits until it answers. What the tool finds of the
// machine's own settings does not count.
func (s *Server) run(ctx context.Context) error {
	out, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of Temporal's server: %w", err)
	}
	defer out.Close() // the process has its own handle
	process := exec.Command(s.binary, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", strconv.Itoa(s.port),
		"--db-filename", filepath.Join(s.folder, "temporal.db"), "--log-level", "warn", "--disable-config-file", "--disable-config-env")
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it must not outlive the tests
	process.Stdout, process.Stderr = out, out
	if err := process.Start(); err != nil {
		return fmt.Errorf("starting Temporal's server: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = process.Wait() // how it ended is in its log
		close(ended)
	}()
	s.process, s.ended = process, ended
	if err := s.awaitAnswer(ctx); err != nil {
		_ = s.end(syscall.SIGKILL)
		return fmt.Errorf("waiting for Temporal's server to answer: %w\n%s", err, s.logTail())
	}
	return nil
}

// awaitAnswer asks for the namespace until the server knows it.
func (s *Server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-s.ended:
			return errors.New("the process ended")
		case <-tick.C:
		}
	}
}

// answerWait is long, as a server that has just started on a busy machine takes
// seconds for its first answer.
const answerWait = 20 * time.Second

func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	silent := log.NewStructuredLogger(slog.New(slog.DiscardHandler)) // the server may not have started yet
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address, Logger: silent})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: Namespace})
	return err
}

func (s *Server) log() string { return filepath.Join(s.folder, "temporal.log") }

func (s *Server) logTail() string {
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func (s *Server) end(signal syscall.Signal) error {
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending Temporal's server: %w", err)
	}
	<-s.ended
	return nil
}
