package webhook

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"muster/activation"
)

// pour writes 10 GB, and closes a channel when nobody reads them.
func pour(t *testing.T, w http.ResponseWriter, unread chan<- struct{}) {
	defer close(unread)
	block := make([]byte, 1<<16)
	for range 10 << 14 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
	t.Error("all of it was read")
}

// An answer is read up to a bound, and its status counts, however long it is
// or however it breaks off.
func TestAnswersThatDoNotEndWell(t *testing.T) {
	unread, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	stay := func(w http.ResponseWriter, r *http.Request, status int) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}
	for name, test := range map[string]struct {
		handle http.HandlerFunc
		want   activation.Verdict
	}{
		"10 GB": {func(w http.ResponseWriter, _ *http.Request) { pour(t, w, unread) }, activation.Delivered},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, activation.Delivered},
		"broken off 500": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusInternalServerError)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, activation.Deferred},
		"never ending":     {func(w http.ResponseWriter, r *http.Request) { stay(w, r, http.StatusOK) }, activation.Delivered},
		"never ending 503": {func(w http.ResponseWriter, r *http.Request) { stay(w, r, http.StatusServiceUnavailable) }, activation.Deferred},
		"packed": {func(w http.ResponseWriter, r *http.Request) {
			if packed := r.Header.Get("Accept-Encoding"); packed != "" {
				t.Errorf("an answer may be packed by %s", packed)
			}
		}, activation.Delivered},
	} {
		server := httptest.NewServer(test.handle)
		// An answer that never ends is waited for, so it gets more time only
		// where its status did not come in less.
		timeout := patience
		if strings.HasPrefix(name, "never") {
			timeout = shortestTimeout
		}
		got := activation.Answer{}
		for ; got.Status == 0 && timeout <= longestTimeout; timeout *= 2 {
			got = sender(t, server.URL, func(w *activation.Webhook) { w.Timeout = timeout }).Send(t.Context(), message)
		}
		if got.Verdict != test.want {
			t.Errorf("%s gives %+v", name, got)
		}
		if name == "10 GB" {
			<-unread
		}
		server.Close()
	}
}

// Headers that never end are no answer, and are bounded by the timeout.
func TestHeadersThatNeverEnd(t *testing.T) {
	url := raw(t, func(conn net.Conn, _ string) {
		_, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
		for err == nil { // until there is nobody
			_, err = conn.Write([]byte("X: x\r\n"))
		}
	})
	got := sender(t, url, nil).Send(t.Context(), message)
	if got.Verdict != activation.Deferred || got.Status != 0 {
		t.Errorf("got %+v", got)
	}
}

// Whatever came of an attempt, nothing of it runs on.
func TestNoGoroutineIsLeft(t *testing.T) {
	endless := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			pour(t, w, make(chan struct{}))
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/silent":
			select {
			case <-r.Context().Done():
			case <-endless:
			}
		}
	}))
	for _, path := range []string{"/", "/long", "/cut", "/silent"} {
		s := sender(t, server.URL+path, func(w *activation.Webhook) {
			if path == "/silent" {
				w.Timeout = shortestTimeout
			}
		})
		s.Send(t.Context(), message)
		s.client.CloseIdleConnections()
	}
	s := sender(t, server.URL, func(w *activation.Webhook) { w.AllowNetworks = nil })
	s.Send(t.Context(), message)
	close(endless)
	server.Close()
	stacks := func() string {
		text := make([]byte, 1<<20)
		return string(text[:runtime.Stack(text, true)])
	}
	left := func() bool { return strings.Contains(stacks(), "net/http.(*persistConn)") }
	for until := time.Now().Add(patience); left(); runtime.Gosched() {
		if time.Now().After(until) {
			t.Fatalf("still there:\n%s", stacks())
		}
	}
}
