package redis

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const (
	binaryName = "redis-server"
	hint       = "redis-server 7 or newer is needed on the PATH; install it with: apt-get install -y redis-server"
)

// find returns the path of redis-server. On Debian, and as root, it installs
// the package when it is missing; elsewhere it says what to install.
func find() (string, error) {
	if path, err := exec.LookPath(binaryName); err == nil {
		return path, nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return "", errors.New(hint)
	}
	unlock, err := lock(filepath.Join(os.TempDir(), "muster-redis-install.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	// Another test binary may have installed it while this one waited.
	if path, err := exec.LookPath(binaryName); err == nil {
		return path, nil
	}
	if err := install(apt); err != nil {
		return "", fmt.Errorf("%s: %w", hint, err)
	}
	return exec.LookPath(binaryName)
}

func install(apt string) error {
	for _, arguments := range [][]string{
		{"update"},
		{"install", "-y", "--no-install-recommends", "redis-server"},
	} {
		cmd := exec.Command(apt, arguments...)
		// Run level 1 keeps the package from starting its own server.
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("running apt-get %s: %w\n%s", arguments[0], err, output)
		}
	}
	return nil
}

// lock takes an advisory lock that the kernel releases should the holder die.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening install lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("taking install lock: %w", err)
	}
	return func() { _ = f.Close() }, nil
}
