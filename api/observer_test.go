package api

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"muster/api/access"
)

// observed is what an Observer was told.
type observed struct {
	mu    sync.Mutex
	lines []string
}

func (o *observed) add(format string, arguments ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, fmt.Sprintf(format, arguments...))
}

func (o *observed) observer() Observer {
	return Observer{
		Answered:    func(a Answered) { o.add("%s %s %d long=%v", a.Method, a.Route, a.Status, a.Long) },
		Refused:     func(reason, token string) { o.add("refused %s %q", reason, token) },
		Streams:     func(open int) { o.add("%d open", open) },
		Reconnected: func(cause string) { o.add("again %s", cause) },
	}
}

// await waits until a line was told.
func (o *observed) await(t *testing.T, line string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		o.mu.Lock()
		found := slices.Contains(o.lines, line)
		o.mu.Unlock()
		if found {
			return
		}
	}
	t.Fatalf("%q was not told: %q", line, o.lines)
}

// What clients send makes no new kinds of routes and methods.
func TestRequestsAreObserved(t *testing.T) {
	o := &observed{}
	config := Default()
	config.Rate, config.Burst = 1, 4
	r := serving(t, config, Parts{Observer: o.observer()})
	for _, one := range []struct{ scope, method, path, told string }{
		{"", http.MethodGet, "/healthz", "GET /healthz 200 long=false"},
		{"", http.MethodHead, "/healthz", "HEAD /healthz 200 long=false"},
		{"", http.MethodGet, "/v1/segments", `refused token ""`},
		{"write", http.MethodGet, "/v1/profiles/u1", `refused scope "the-write"`},
		{"", http.MethodGet, "/v1/profiles/u1", "GET /v1/profiles/{id} 401 long=false"},
		{"read", http.MethodGet, "/v1/u1", "GET other 404 long=false"},
		{"read", "BREW", "/v1/u1", "other other 404 long=false"},
	} {
		r.ask(t, access.Scope(one.scope), one.method, one.path, nil)
		o.await(t, one.told)
	}
	for range config.Burst {
		r.ask(t, access.Read, http.MethodGet, "/openapi.json", nil)
	}
	o.await(t, `refused limit "the-read"`)
}

func TestChangeStreamsAreObserved(t *testing.T) {
	config := Default()
	config.Streams = 1
	k := keeping(t, config)
	first := k.listen(t, "", "")
	k.observed.await(t, "1 open")
	k.listen(t, "", "")
	k.observed.await(t, "again oldest")
	k.observed.await(t, "GET /v1/changes 200 long=true")
	if e := first.next(); e.kind != "reconnect" {
		t.Errorf("%+v", e)
	}
	k.observed.mu.Lock()
	defer k.observed.mu.Unlock()
	if slices.Contains(k.observed.lines, "2 open") {
		t.Error("the one that was evicted counts")
	}
}
