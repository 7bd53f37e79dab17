package network

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// removal bounds taking a trouble away. A connection that does not let go of
// it by then is as good as cut.
const removal = 5 * time.Second

// registered makes this package's own trouble known to toxiproxy, which
// keeps them by name.
var registered = sync.OnceFunc(func() { toxics.Register(replyCut, new(replyCutter)) })

// Link is a TCP proxy in front of one server.
type Link struct {
	Address string // host:port on which clients connect, the same throughout

	proxy *toxiproxy.Proxy
}

// Open starts a Link on a free port of 127.0.0.1 until the test ends. It
// leads nowhere until To says where.
func Open(t testing.TB) *Link {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// New is Open for a Link that outlives a test. The caller must Close it.
func New() (*Link, error) {
	registered()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "link", "127.0.0.1:0", "")
	if err := proxy.Start(); err != nil {
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	return &Link{Address: proxy.Listen, proxy: proxy}, nil
}

// Close ends the Link and all its connections.
func (l *Link) Close() { l.proxy.Stop() }

// To leads new connections to a server, and ends those there are.
func (l *Link) To(address string) error {
	return l.update(address, true)
}

// Cut ends all connections and refuses new ones until Mend.
func (l *Link) Cut() error { return l.update(l.proxy.Upstream, false) }

// Reset ends all connections; new ones are welcome.
func (l *Link) Reset() error {
	if err := l.Cut(); err != nil {
		return err
	}
	return l.update(l.proxy.Upstream, true)
}

// Delay holds up every answer of the server for d, until Mend.
func (l *Link) Delay(d time.Duration) error {
	return l.add("latency", fmt.Sprintf(`{"latency":%d}`, d.Milliseconds()))
}

// CutReplies ends, until Mend, every connection in the middle of the first
// reply to an EXEC of Redis: the transaction has landed, and its client can't
// know.
func (l *Link) CutReplies() error { return l.add(replyCut, "{}") }

// Mend takes away all trouble.
func (l *Link) Mend() error {
	ctx, cancel := context.WithTimeout(context.Background(), removal)
	defer cancel()
	l.proxy.Toxics.ResetToxics(ctx)
	return l.update(l.proxy.Upstream, true)
}

func (l *Link) add(kind, attributes string) error {
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"type":%q,"attributes":%s}`, kind, attributes)))
	if err != nil {
		return fmt.Errorf("adding %s to a link: %w", kind, err)
	}
	return nil
}

// update does nothing to a proxy that is already so.
func (l *Link) update(upstream string, enabled bool) error {
	err := l.proxy.Update(&toxiproxy.Proxy{Listen: l.Address, Upstream: upstream, Enabled: enabled})
	if err != nil {
		return fmt.Errorf("changing a link: %w", err)
	}
	return nil
}
