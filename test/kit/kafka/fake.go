package kafka

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"muster/test/kit/network"
)

// Fake is a kfake cluster of one broker that keeps its data in a folder.
type Fake struct {
	*kfake.Cluster
	opts      []kfake.Opt
	addresses []string
}

// StartFake starts a fake broker that keeps its data in dir. It takes group
// sessions from 1 s on. Later opts win over the defaults.
func StartFake(dir string, opts ...kfake.Opt) (*Fake, error) {
	defaults := []kfake.Opt{kfake.NumBrokers(1), kfake.DataDir(dir), kfake.GroupMinSessionTimeout(time.Second)}
	f := &Fake{opts: append(defaults, opts...)}
	if err := f.start(); err != nil {
		return nil, err
	}
	f.addresses = f.ListenAddrs()
	ports := make([]int, len(f.addresses))
	for i, address := range f.addresses {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("parsing fake broker's address: %w", err)
		}
		if ports[i], err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("parsing fake broker's port: %w", err)
		}
	}
	f.opts = append(f.opts, kfake.Ports(ports...))
	return f, nil
}

// StartFakeBehind starts a fake broker with a Link in front of it, whose
// address it names to its clients.
func StartFakeBehind(dir string, link *network.Link) (*Fake, error) {
	own := "127.0.0.1:0"
	f, err := StartFake(dir, kfake.ListenFn(func(_, _ string) (net.Listener, error) {
		l, err := net.Listen("tcp", own)
		if err != nil {
			return nil, fmt.Errorf("listening behind a link: %w", err)
		}
		own = l.Addr().String() // the same after a Restart
		address, err := net.ResolveTCPAddr("tcp", link.Address)
		return linked{l, address}, err
	}))
	if err != nil {
		return nil, err
	}
	return f, link.To(own)
}

// linked is a listener that goes by another address.
type linked struct {
	net.Listener
	address net.Addr
}

// Addr implements net.Listener.
func (l linked) Addr() net.Addr { return l.address }

// StartFakeFor starts a fake broker that ends with the test.
func StartFakeFor(t testing.TB, opts ...kfake.Opt) *Fake {
	t.Helper()
	f, err := StartFake(t.TempDir(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop() })
	return f
}

func (f *Fake) start() error {
	cluster, err := kfake.NewCluster(f.opts...)
	if err != nil {
		return fmt.Errorf("starting fake broker: %w", err)
	}
	f.Cluster = cluster
	return nil
}

// Addresses returns the host:port of every broker.
func (f *Fake) Addresses() []string { return f.addresses }

// Stop ends the broker. Stopping it again does nothing.
func (f *Fake) Stop() error {
	f.Close()
	return nil
}

// Kill is Stop: the broker lives in this process.
func (f *Fake) Kill() error { return f.Stop() }

// Restart starts the broker again on the same ports and data.
func (f *Fake) Restart(context.Context) error { return f.start() }
