package kafka

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"muster/test/kit/network"
	"muster/test/kit/port"
)

// Fake is a kfake cluster that keeps its data in a folder, of one broker
// unless options say otherwise.
type Fake struct {
	*kfake.Cluster
	opts  []kfake.Opt
	link  *network.Link // in front of the broker, if there is one
	ports []*port.Port  // of the brokers in turn, if there is no link
	next  int           // of ports, while it starts

	addresses []string // a cluster that has ended does not tell
}

// longestSession is what Apache Kafka takes, too.
const longestSession = 30 * time.Minute

// StartFake starts a fake broker that keeps its data in dir. It takes group
// sessions from 1 s to 30 min. Later opts win over the defaults.
func StartFake(dir string, opts ...kfake.Opt) (*Fake, error) {
	return startFake(&Fake{}, dir, opts...)
}

// StartFakeBehind starts a fake broker with a Link in front of it, whose
// address it names to its clients.
func StartFakeBehind(dir string, link *network.Link) (*Fake, error) {
	return startFake(&Fake{link: link}, dir)
}

func startFake(f *Fake, dir string, opts ...kfake.Opt) (*Fake, error) {
	defaults := []kfake.Opt{
		kfake.NumBrokers(1), kfake.DataDir(dir), kfake.ListenFn(f.listen),
		kfake.GroupMinSessionTimeout(time.Second), kfake.GroupMaxSessionTimeout(longestSession),
	}
	f.opts = append(defaults, opts...)
	if err := f.start(); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

// listen listens for the next of the brokers, where it did before a Restart.
func (f *Fake) listen(_, _ string) (net.Listener, error) {
	if f.link != nil {
		return f.listenBehind()
	}
	if f.next == len(f.ports) {
		p, err := port.New()
		if err != nil {
			return nil, err
		}
		f.ports = append(f.ports, p)
	}
	f.next++
	return f.ports[f.next-1].Listen()
}

// listenBehind listens anywhere: only the Link needs to know.
func (f *Fake) listenBehind() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening behind a link: %w", err)
	}
	f.link.To(l.Addr().String())
	address, err := net.ResolveTCPAddr("tcp", f.link.Address)
	return linked{l, address}, err
}

// release gives up the ports.
func (f *Fake) release() {
	for _, p := range f.ports {
		p.Release()
	}
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
	t.Cleanup(func() {
		_ = f.Stop()
		f.release()
	})
	return f
}

func (f *Fake) start() error {
	f.next = 0
	cluster, err := kfake.NewCluster(f.opts...)
	if err != nil {
		return fmt.Errorf("starting fake broker: %w", err)
	}
	f.Cluster, f.addresses = cluster, cluster.ListenAddrs()
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
