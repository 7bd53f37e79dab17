package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"muster/api/access"
	"muster/catalogue"
	"muster/event"
)

// operation is one of openapi.json.
type operation struct {
	*huma.Operation
	path string // with something in place of its parameters
}

func (o *operation) String() string { return o.Method + " " + o.path }

// operations are all of openapi.json, so that a test of all has those that are
// added.
func (r *rig) operations(t *testing.T) []operation {
	t.Helper()
	var all []operation
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	for path, item := range r.routes.api.OpenAPI().Paths {
		for _, one := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if one != nil {
				all = append(all, operation{one, parameter.ReplaceAllString(path, "vip")})
			}
		}
	}
	if len(all) < 10 {
		t.Fatalf("there are %d operations", len(all))
	}
	return all
}

// other returns a scope that an operation does not need.
func (o *operation) other() access.Scope {
	scopes := access.Scopes()
	return scopes[slices.IndexFunc(scopes, func(one access.Scope) bool { return one != scopeOf(o.Operation) })]
}

// No operation does anything for who has no token, a wrong one, or one without
// its scope, nor with a parameter that it does not know.
func TestEveryOperationIsGuarded(t *testing.T) {
	r := keeping(t, Default()).rig
	for _, o := range r.operations(t) {
		refused(t, o.String()+" without a token", r.ask(t, "", o.Method, o.path, nil), http.StatusUnauthorized)
		refused(t, o.String()+" with a wrong token", r.ask(t, "", o.Method, o.path, nil, "Authorization", "Bearer guessed"), http.StatusUnauthorized)
		refused(t, o.String()+" with another scope", r.ask(t, o.other(), o.Method, o.path, nil), http.StatusForbidden, "scope "+string(scopeOf(o.Operation)))
		response := r.ask(t, scopeOf(o.Operation), o.Method, o.path+"?nonsense=1", strings.NewReader("{}"), "Content-Type", "application/json")
		refused(t, o.String()+" with an unknown parameter", response, http.StatusUnprocessableEntity, "query.nonsense")
	}
}

// Every body that is JSON is refused with a field that is none, and with
// another type than it should be of.
func TestUnknownFieldsAreRefused(t *testing.T) {
	r := keeping(t, Default()).rig
	seen := 0
	for _, o := range r.operations(t) {
		if o.RequestBody == nil || o.RequestBody.Content["application/json"] == nil {
			continue
		}
		seen++
		for _, body := range []string{`{"nonsense":1}`, `[]`, `"text"`, `17`} {
			response := r.ask(t, scopeOf(o.Operation), o.Method, o.path, strings.NewReader(body), "Content-Type", "application/json")
			refused(t, o.String()+" with "+body, response, http.StatusUnprocessableEntity, "body")
		}
		response := r.ask(t, scopeOf(o.Operation), o.Method, o.path, strings.NewReader(`{"nonsense"`), "Content-Type", "application/json")
		refused(t, o.String()+" with half a body", response, http.StatusBadRequest)
	}
	if seen == 0 {
		t.Error("no operation takes JSON")
	}
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	read atomic.Int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// Of a body of 100 MB no more than the bound, and what is on its way, is taken. Of
// a catalogue the bound is that of its file.
func TestBodiesOf100MBAreRefused(t *testing.T) {
	r := keeping(t, Default()).rig
	const size, most = 100 << 20, 16 << 20 // kernels hold some MB
	for _, o := range r.operations(t) {
		if o.RequestBody == nil {
			continue
		}
		most := int64(most)
		if strings.HasPrefix(o.path, "/v1/catalogues/") {
			most += catalogue.MaxBytes
		}
		body := &counted{Reader: io.LimitReader(neverEnding{}, size)}
		request, err := http.NewRequestWithContext(t.Context(), o.Method, r.url+o.path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+r.tokens[scopeOf(o.Operation)])
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err == nil { // the server may hang up first
			refused(t, o.String(), reply{response}, http.StatusRequestEntityTooLarge)
			response.Body.Close()
		}
		if n := body.read.Load(); n > most {
			t.Errorf("%s has taken %d bytes", &o, n)
		}
	}
}

// What broken clients send in place of an id is nobody's.
func TestBlockedIdsAreNobodys(t *testing.T) {
	k := keeping(t, Default())
	for _, id := range event.Default().BlockedIDs {
		if id == "" {
			continue // no path has it
		}
		for _, tail := range []string{"", "/memberships", "/explain?segment=vip"} {
			path := "/v1/profiles/" + url.PathEscape(id) + tail
			refused(t, path, k.ask(t, access.Read, http.MethodGet, path, nil), http.StatusBadRequest, "blocked ids")
		}
	}
	for _, path := range []string{"/v1/profiles/", "/v1/profiles//memberships", "/v1/segments/"} {
		response := k.ask(t, access.Read, http.MethodGet, path, nil)
		if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusUnprocessableEntity &&
			response.StatusCode/100 != 3 { // a path is cleaned by sending the client to it
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

// hasty serves an API whose patience is short.
func hasty(t *testing.T) (address, token string) {
	t.Helper()
	r := serving(t, Default(), Parts{})
	s, err := New(r.config, Parts{Log: zap.NewNop(), Audit: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	s.times = times{header: 200 * time.Millisecond, read: 400 * time.Millisecond, write: time.Minute}
	s.Mount("POST /v1/length", s.Guard().Wrap(access.Read, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("a body that trickles is read to its end")
		}
		w.WriteHeader(http.StatusRequestTimeout)
	})))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), r.tokens[access.Read]
}

// trickle sends a text and then a byte again and again until the server hangs
// up, and returns what it has answered.
func trickle(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, err := io.WriteString(conn, text)
		for err == nil {
			time.Sleep(5 * time.Millisecond) // it is about a client that is slow
			_, err = io.WriteString(conn, "x")
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	answer, err := io.ReadAll(conn)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("%q still goes on", text)
	}
	return string(answer)
}

// A client that sends a byte now and then holds a connection for as long as
// the bounds say, whichever part of the request it is slow with.
func TestClientsThatTrickleAreCutOff(t *testing.T) {
	address, token := hasty(t)
	for name, text := range map[string]string{
		"the first line":              "GET /heal",
		"the headers":                 "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"a body":                      "POST /v1/length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nAuthorization: Bearer " + token + "\r\n\r\n",
		"a body that nobody may send": "POST /v1/length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
	} {
		if answer := trickle(t, address, text); strings.Contains(answer, "200 OK") {
			t.Errorf("%s: the answer is %s", name, answer)
		}
	}
}

// The same goes for a body of an operation of openapi.json.
func TestABodyThatTricklesIsAProblem(t *testing.T) {
	address, token := hasty(t)
	answer := trickle(t, address, "POST /v1/segments/check HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+
		"Content-Type: application/yaml\r\nContent-Length: 1000000\r\nAuthorization: Bearer "+token+"\r\n\r\n")
	if !strings.Contains(answer, "408") || !strings.Contains(answer, problemType) || !strings.Contains(answer, "Send the body faster.") {
		t.Errorf("the answer is %q", answer)
	}
}

// quiet is a client of a change stream that only remembers whether it was told
// to come again, and whether it was told of a change.
type quiet struct {
	begun  chan struct{}
	ended  chan string // the reason
	change chan struct{}
}

func (q *quiet) read(conn net.Conn) {
	defer close(q.ended)
	kind, begun := "", false
	for scanner := bufio.NewScanner(conn); scanner.Scan(); {
		switch field, value, _ := strings.Cut(scanner.Text(), ": "); {
		case field == "id" && !begun:
			begun = true
			close(q.begun)
		case field == "event":
			kind = value
		case field == "data" && kind == "reconnect":
			q.ended <- value
			return
		case field == "data" && kind == "change":
			close(q.change)
			return
		}
	}
}

// As many streams are open as the setting allows at most, with some more: the
// oldest are told to come again, all others of the change.
func TestTenThousandStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("holds 10,000 connections in memory; runs without -short (make test)")
	}
	const more = 20
	config := Default()
	config.Streams, config.Rate, config.Burst = maxStreams, maxRate, maxRate
	k := keeping(t, config)
	memory := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- k.Serve(ctx, memory) }()
	var clients sync.WaitGroup
	defer clients.Wait()
	defer func() {
		end()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	all := make([]*quiet, maxStreams+more)
	for i := range all {
		near, far := net.Pipe()
		defer near.Close()
		memory.made <- far
		one := &quiet{begun: make(chan struct{}), ended: make(chan string, 1), change: make(chan struct{})}
		all[i] = one
		clients.Go(func() {
			if _, err := fmt.Fprintf(near, "GET /v1/changes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", k.tokens[access.Read]); err == nil {
				one.read(near)
			}
			_ = near.Close()
		})
		await(t, fmt.Sprintf("stream %d to begin", i), one.begun)
	}
	for i := range more {
		if reason := await(t, fmt.Sprintf("stream %d to end", i), all[i].ended); !strings.Contains(reason, "api.streams") {
			t.Errorf("stream %d has ended with %q", i, reason)
		}
	}
	k.spends(t, "u1", 150)
	for i, one := range all[more:] {
		await(t, fmt.Sprintf("stream %d to be told", more+i), one.change)
	}
}

// await waits for a channel.
func await[T any](t *testing.T, what string, channel <-chan T) T {
	t.Helper()
	select {
	case one := <-channel:
		return one
	case <-time.After(time.Minute):
		t.Fatalf("waited too long for %s", what)
		panic("unreachable")
	}
}
