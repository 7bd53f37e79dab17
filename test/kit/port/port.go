package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The ports that are given out, where the kernel does not take them for
// connections.
const (
	lowest  = 10_000
	highest = 65_535
	// usualEphemeral is where a kernel that does not say begins to take ports
	// for connections.
	usualEphemeral = 32_768
)

// starting bounds how long a child process may take to become another program.
const starting = time.Minute

// Port is a port that is held until it is released, or the process ends.
type Port struct {
	Number int
	// lock is a descriptor and no os.File, which would be closed, and the
	// port given away, as soon as nobody mentions the Port any more.
	lock int
}

// Hold holds a port on which nobody listens until the test ends. What is to
// listen on it must be started later, so that its end comes earlier.
func Hold(t testing.TB) *Port {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

// New is Hold for a port that outlives a test.
func New() (*Port, error) {
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("muster-ports-%d", os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("holding a port: %w", err)
	}
	first, last := room(ephemeral())
	count := last - first + 1
	// From anywhere, so that who still asks for a server that has ended does
	// not meet the next one.
	from := rand.IntN(count)
	for i := range count {
		p, err := hold(folder, first+(from+i)%count)
		if p != nil || err != nil {
			return p, err
		}
	}
	return nil, fmt.Errorf("holding a port: all from %d to %d are taken", first, last)
}

// Release lets others have the port.
func (p *Port) Release() { _ = syscall.Close(p.lock) }

// Address returns the port with its host.
func (p *Port) Address() string { return fmt.Sprintf("127.0.0.1:%d", p.Number) }

// Listen listens on the port, also right after a listener of this process
// was closed: a child process that is being started has this process's
// sockets until it has become another program.
func (p *Port) Listen() (net.Listener, error) {
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		l, err := net.Listen("tcp", p.Address())
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || time.Since(began) > starting {
			return l, err
		}
	}
}

// hold returns nil for a port that somebody else has.
func hold(folder string, number int) (*Port, error) {
	const flags = syscall.O_CREAT | syscall.O_RDWR | syscall.O_CLOEXEC
	lock, err := syscall.Open(filepath.Join(folder, strconv.Itoa(number)), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("holding port %d: %w", number, err)
	}
	p := &Port{Number: number, lock: lock}
	if err := syscall.Flock(lock, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		p.Release()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, fmt.Errorf("holding port %d: %w", number, err)
	}
	if !free(number) {
		p.Release()
		return nil, nil
	}
	return p, nil
}

// free reports whether nobody listens on a port, on any address. No child
// process may get the socket that finds it out.
func free(number int) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", number))
	return err == nil && l.Close() == nil
}

// ephemeral returns the range that the kernel takes ports for connections
// from.
func ephemeral() (low, high int) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usualEphemeral, highest
	}
	if _, err := fmt.Sscan(strings.TrimSpace(string(text)), &low, &high); err != nil {
		return usualEphemeral, highest
	}
	return low, high
}

// room returns the larger of the ranges below and above the ephemeral one.
func room(low, high int) (first, last int) {
	if low-lowest >= highest-high {
		return lowest, low - 1
	}
	return high + 1, highest
}
