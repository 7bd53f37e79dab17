package webhook

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"muster/activation"
)

// What is checked is what is dialled, whatever the name resolved to before.
func TestTheDialledAddressIsChecked(t *testing.T) {
	for address, ok := range map[string]bool{
		"8.8.8.8:443": true, "127.0.0.1:443": false, "[::ffff:169.254.169.254]:80": false, "[fe80::1%lo]:80": false, "example.com:80": false,
	} {
		if err := (guard{}).control("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A name that resolves to a public address when somebody looks, and to this
// machine when it is dialled, leads nowhere.
func TestRebinding(t *testing.T) {
	asked := atomic.Bool{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	names := &liar{}
	resolver := &net.Resolver{PreferGo: true, Dial: names.dial}
	names.address.Store(&[4]byte{93, 184, 216, 34})
	first, err := resolver.LookupHost(t.Context(), "rebind.example.")
	if err != nil || !slices.Equal(first, []string{"93.184.216.34"}) {
		t.Fatalf("the name resolves to %v, %v", first, err)
	}
	names.address.Store(&[4]byte{127, 0, 0, 1})

	for allowed, want := range map[bool]activation.Verdict{false: activation.Deferred, true: activation.Delivered} {
		to := good()
		to.URL, to.Timeout = "http://rebind.example.:"+port, patience
		if allowed { // shows that the server is there
			to.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		}
		s, err := New(to, "muster/test")
		if err != nil {
			t.Fatal(err)
		}
		dialer := newDialer(to)
		dialer.Resolver = resolver
		if s.client, err = client(to, dialer); err != nil {
			t.Fatal(err)
		}
		asked.Store(false)
		got := s.Send(t.Context(), message)
		s.client.CloseIdleConnections()
		if got.Verdict != want || asked.Load() != allowed || !allowed && !strings.Contains(got.Reason, "127.0.0.1 is not on the internet") {
			t.Errorf("allowed %t: got %+v, asked %t", allowed, got, asked.Load())
		}
	}
}

// liar is a name server that has one address for every name.
type liar struct{ address atomic.Pointer[[4]byte] }

// dial is a net.Resolver's. What is no net.PacketConn is spoken to as by TCP,
// with the length before each message.
func (l *liar) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		for {
			var size [2]byte
			if _, err := io.ReadFull(there, size[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(there, query); err != nil {
				return
			}
			reply, err := l.reply(query)
			if err != nil {
				return
			}
			if _, err := there.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
				return
			}
		}
	}()
	return here, nil
}

func (l *liar) reply(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: *l.address.Load()},
		}}
	}
	return m.Pack()
}
