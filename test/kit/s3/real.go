package s3

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"muster/test/kit/cache"
	"muster/test/kit/port"
	"muster/test/kit/process"
)

// version is that of versitygw.
const version = "v1.8.0"

// RealServer is a versitygw over a folder.
type RealServer struct {
	dir     string // objects, users and log of the process
	binary  string
	port    *port.Port
	process *process.Process
}

// StartReal starts an empty versitygw that keeps its data in dir, on a free
// port, and returns when it answers. The caller must Kill it.
func StartReal(ctx context.Context, dir string) (*RealServer, error) {
	binary, err := install(ctx)
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{"objects", "users", "facts"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return nil, fmt.Errorf("making versitygw's folders: %w", err)
		}
	}
	p, err := port.New()
	if err != nil {
		return nil, err
	}
	s := &RealServer{dir: dir, binary: binary, port: p}
	if err := s.Restart(ctx); err != nil {
		p.Release()
		return nil, err
	}
	return s, nil
}

// install returns the path of versitygw, which is built on first use.
func install(ctx context.Context) (string, error) {
	folder, err := cache.Fill("versitygw-"+version, func(work string) (string, error) {
		into := filepath.Join(work, "bin")
		build := exec.CommandContext(ctx, "go", "install", "-ldflags=-s -w", "github.com/versity/versitygw/cmd/versitygw@"+version)
		build.Env = append(os.Environ(), "GOBIN="+into, "GOFLAGS=-trimpath") // as the Makefile has it
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("running go install: %w\n%s", err, out)
		}
		return into, nil
	})
	if err != nil {
		return "", fmt.Errorf("installing versitygw %s: %w", version, err)
	}
	return filepath.Join(folder, "versitygw"), nil
}

// Endpoint returns the server's address.
func (s *RealServer) Endpoint() string { return "http://" + s.port.Address() }

// Restart starts the process on the same port and data, and returns when it
// answers.
func (s *RealServer) Restart(ctx context.Context) (err error) {
	// What objects are beside their bytes lies in files, as extended
	// attributes are not everywhere.
	command := exec.Command(s.binary, "--port", s.port.Address(), "--access", Access, "--secret", Secret, "--region", Region,
		"--iam-dir", s.file("users"), "--quiet", "posix", "--sidecar", s.file("facts"), s.file("objects"))
	s.process, err = process.Start(ctx, "versitygw", s.file("log"), command, s.answers)
	return err
}

func (s *RealServer) answers(ctx context.Context) bool {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint(), nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}

// AddUser adds a user who may do nothing until a bucket says so.
func (s *RealServer) AddUser(ctx context.Context, access, secret string) error {
	add := exec.CommandContext(ctx, s.binary, "admin", "--access", Access, "--secret", Secret, "--region", Region,
		"--endpoint-url", s.Endpoint(), "create-user", "--access", access, "--secret", secret, "--role", "user")
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("adding a user to versitygw: %w\n%s", err, out)
	}
	return nil
}

// Kill ends the process at once and waits until it has.
func (s *RealServer) Kill() error { return s.process.End(syscall.SIGKILL) }

func (s *RealServer) file(name string) string { return filepath.Join(s.dir, name) }

func (s *RealServer) release() { s.port.Release() }
