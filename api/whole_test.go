package api

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/api/access"
	"muster/credentials"
	"muster/test/kit/certificates"
)

// recorder accepts connections and notes what is written to them.
type recorder struct {
	net.Listener

	mu     sync.Mutex
	pieces []string
}

// Accept implements net.Listener.
func (r *recorder) Accept() (net.Conn, error) {
	conn, err := r.Listener.Accept()
	return recorded{conn, r}, err
}

type recorded struct {
	net.Conn
	by *recorder
}

// Write implements net.Conn.
func (r recorded) Write(p []byte) (int, error) {
	r.by.mu.Lock()
	r.by.pieces = append(r.by.pieces, string(p))
	r.by.mu.Unlock()
	return r.Conn.Write(p)
}

// also serves an API on one more port, of which it returns the recorder.
func (r *rig) also(t *testing.T) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	by := &recorder{Listener: listener}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, by) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return by
}

// A look-up's answer is one piece, beyond the 4 KB that net/http collects too, and
// the answers before and behind it on the same connection are as ever.
func TestAnAnswerIsSentInOnePiece(t *testing.T) {
	r := serving(t, Default(), Parts{Profiles: crowded{}})
	by := r.also(t)
	ask := func(path string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+by.Addr().String()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+r.tokens[access.Read])
		request.Header.Set("Accept-Encoding", "identity")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	openAPI := ask("/openapi.json")
	for range 3 {
		by.mu.Lock()
		by.pieces = nil
		by.mu.Unlock()
		text := ask("/v1/profiles/u1/memberships")
		by.mu.Lock()
		if len(by.pieces) != 1 || len(text) < 16<<10 || !strings.HasPrefix(by.pieces[0], "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(by.pieces[0], "\r\n\r\n"+text) {
			t.Errorf("%d bytes come in %d pieces", len(text), len(by.pieces))
		}
		by.mu.Unlock()
		if again := ask("/openapi.json"); again != openAPI {
			t.Errorf("%d bytes in place of %d", len(again), len(openAPI))
		}
	}
}

// cut is a connection that takes a part of what it is to send.
type cut struct {
	net.Conn
	closed bool
}

// Write implements net.Conn.
func (c *cut) Write(p []byte) (int, error) { return len(p) / 2, os.ErrDeadlineExceeded }

// Close implements net.Conn.
func (c *cut) Close() error {
	c.closed = true
	return nil
}

// Behind a part of an answer nothing else comes on the same connection.
func TestAPartOfAnAnswerEndsTheConnection(t *testing.T) {
	under := &cut{}
	conn := &wholeConn{Conn: under}
	conn.hold(new([]byte))
	if n, err := conn.Write([]byte("an answer")); n != 9 || err != nil || under.closed {
		t.Fatalf("%d, %v, closed %v", n, err, under.closed)
	}
	conn.release()
	if !under.closed {
		t.Error("the connection is open")
	}
}

// Under TLS and HTTP/2, where one connection carries answers side by side, each is
// whole.
func TestAnswersUnderTLSAreWhole(t *testing.T) {
	authority, err := certificates.New(t.TempDir(), "authority")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue("api", time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	config := Default()
	config.TLS = credentials.ServerTLS{CertFile: pair.CertFile, KeyFile: pair.KeyFile}
	r := serving(t, config, Parts{Profiles: crowded{}})
	m, _ := crowded{}.Memberships(t.Context(), "u1")
	want := string(m.AppendJSON(nil)) + "\n"
	for _, second := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}, ForceAttemptHTTP2: second}
		defer transport.CloseIdleConnections()
		var asking sync.WaitGroup
		for range 8 {
			asking.Go(func() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(r.url, "http:", "https:", 1)+"/v1/profiles/u1/memberships", http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Authorization", "Bearer "+r.tokens[access.Read])
				request.Header.Set("Accept-Encoding", "identity")
				response, err := transport.RoundTrip(request)
				if err != nil {
					t.Error(err)
					return
				}
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				if err != nil || string(text) != want || (response.ProtoMajor == 2) != second {
					t.Errorf("%s: %d bytes, %v", response.Proto, len(text), err)
				}
			})
		}
		asking.Wait()
	}
}
