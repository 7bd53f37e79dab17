package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
)

const (
	startAttempts = 5                // a free port can be taken before the server binds it
	startWait     = 20 * time.Second // for the server to answer, loading its data included
	pollEvery     = 10 * time.Millisecond
)

// Server is one redis-server process.
type Server struct {
	Address string // host:port, the same over restarts

	security *Security // nil for none
	folder   string
	binary   string
	cmd      *exec.Cmd
	exited   chan struct{}
}

// Start runs a redis-server on a free port of 127.0.0.1 until the test ends.
// A directive is a line of redis.conf, such as "appendonly yes". Without any,
// the server keeps its data in memory only.
func Start(t testing.TB, directives ...string) *Server {
	t.Helper()
	return start(t, nil, directives)
}

func start(t testing.TB, security *Security, directives []string) *Server {
	t.Helper()
	binary, err := find()
	if err != nil {
		t.Fatal(err)
	}
	for attempt := 1; ; attempt++ {
		s := &Server{security: security, binary: binary, folder: t.TempDir()}
		err := s.configure(directives)
		if err == nil {
			err = s.run()
		}
		if err == nil {
			t.Cleanup(s.kill)
			return s
		}
		if attempt == startAttempts {
			t.Fatalf("starting redis-server: %v", err)
		}
	}
}

// Stop ends the server as an operator would, with SIGTERM, and waits for it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.signal(syscall.SIGTERM)
}

// Kill ends the server at once, with SIGKILL, as a crash would.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.kill()
}

// Restart starts a stopped or killed server again, on its old port and with
// the data it had written.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.kill()
	if err := s.run(); err != nil {
		t.Fatalf("restarting redis-server: %v", err)
	}
}

// Client returns a client of the server that is closed when the test ends.
func (s *Server) Client(t testing.TB) *client.Client {
	c := client.NewClient(s.options())
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *Server) options() *client.Options {
	o := &client.Options{Addr: s.Address, MaxRetries: -1, DisableIdentity: true}
	if s.security != nil {
		o.TLSConfig, o.Username, o.Password = s.security.tls, Admin, AdminPassword
	}
	return o
}

// configure picks a port and writes redis.conf.
func (s *Server) configure(directives []string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.Address = fmt.Sprintf("127.0.0.1:%d", port)
	lines := []string{
		"bind 127.0.0.1",
		fmt.Sprintf("port %d", port),
		"dir " + s.folder,
		`save ""`,
		"daemonize no",
		"logfile " + s.log(),
	}
	if s.security != nil {
		lines = append(lines, s.security.listen(port)...)
	}
	lines = append(lines, directives...)
	text := strings.Join(lines, "\n") + "\n"
	return os.WriteFile(s.config(), []byte(text), 0o600)
}

// run starts the process and waits until it answers.
func (s *Server) run() error {
	s.cmd = exec.Command(s.binary, s.config())
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	if err := s.awaitReady(); err != nil {
		s.kill()
		log, _ := os.ReadFile(s.log())
		return fmt.Errorf("%w; its log:\n%s", err, log)
	}
	return nil
}

// awaitReady waits until the server answers and has loaded its data.
func (s *Server) awaitReady() error {
	c := client.NewClient(s.options())
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	for {
		err := c.Ping(ctx).Err()
		var answer client.Error
		if err == nil || errors.As(err, &answer) && !client.IsLoadingError(err) {
			return nil // asking for a password is an answer too
		}
		select {
		case <-s.exited:
			return errors.New("redis-server ended")
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", err)
		case <-time.After(pollEvery):
		}
	}
}

func (s *Server) kill() { s.signal(syscall.SIGKILL) }

// signal sends a signal to the process and waits for its end.
func (s *Server) signal(signal syscall.Signal) {
	select {
	case <-s.exited:
		return
	default:
	}
	_ = s.cmd.Process.Signal(signal)
	<-s.exited
}

func (s *Server) config() string { return filepath.Join(s.folder, "redis.conf") }
func (s *Server) log() string    { return filepath.Join(s.folder, "redis.log") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
