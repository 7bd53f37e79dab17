package temporal

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"muster/test/kit/port"
	"muster/test/kit/process"
)

// Namespace is the one that the server has.
const Namespace = client.DefaultNamespace

const (
	buildPatience = time.Hour       // of a first use, which builds the server
	startPatience = 3 * time.Minute // until the server answers
)

// Server is a process of Temporal's development server.
type Server struct {
	Address string // host:port, the same over restarts

	folder  string // database and log of the process
	binary  string
	port    int
	process *process.Process
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
	t.Cleanup(func() { _ = s.process.End(syscall.SIGKILL) })
	return s
}

// Stop ends the server as an operator would, with SIGTERM, and waits for it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.End(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server at once, with SIGKILL, as a crash would.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.process.End(syscall.SIGKILL); err != nil {
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
func (s *Server) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	command := exec.Command(s.binary, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", strconv.Itoa(s.port),
		"--db-filename", filepath.Join(s.folder, "temporal.db"), "--log-level", "warn", "--disable-config-file", "--disable-config-env")
	s.process, err = process.Start(ctx, "Temporal's server", filepath.Join(s.folder, "temporal.log"), command, s.answers)
	return err
}

// answerWait is long, as a server that has just started on a busy machine takes
// seconds for its first answer.
const answerWait = 20 * time.Second

// answers reports whether the server knows the namespace.
func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	silent := log.NewStructuredLogger(slog.New(slog.DiscardHandler)) // the server may not have started yet
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address, Logger: silent})
	if err != nil {
		return false
	}
	defer c.Close()
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: Namespace})
	return err == nil
}
