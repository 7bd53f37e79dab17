package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/test/kit/port"
)

const (
	startWait = 2 * time.Minute // most time for the server to answer, loading its data included
	pollEvery = 10 * time.Millisecond
)

// Server is one redis-server process.
type Server struct {
	Address string // host:port, the same over restarts

	port     int
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
	held := port.Hold(t)
	s := &Server{Address: held.Address(), port: held.Number, security: security, binary: binary, folder: t.TempDir()}
	if err := s.configure(directives); err != nil {
		t.Fatal(err)
	}
	if err := s.run(); err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	t.Cleanup(s.kill)
	return s
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

// configure writes redis.conf.
func (s *Server) configure(directives []string) error {
	lines := []string{
		"bind 127.0.0.1",
		fmt.Sprintf("port %d", s.port),
		"dir " + s.folder,
		`save ""`,
		"daemonize no",
		"logfile " + s.log(),
	}
	if s.security != nil {
		lines = append(lines, s.security.listen(s.port)...)
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
