package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestEventsAreReadAsHTMLSaysIt(t *testing.T) {
	const text = "retry: 1500\nid: a\n\n: still here\nid: b\r\n\r\n\n\nevent: change\ndata: {\"profile\":\ndata:\"u1\"}\nfuture: x\nid:c\n\nevent: change\ndata: cut"
	events := newEventReader(strings.NewReader(text))
	for i, want := range []serverEvent{
		{id: "a", retry: 1500 * time.Millisecond}, {id: "b"}, {kind: "change", id: "c", data: []byte("{\"profile\":\n\"u1\"}")},
	} {
		got, err := events.next()
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%d: %+v %v, want %+v", i, got, err, want)
		}
	}
	if one, err := events.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("one that is not whole: %+v %v", one, err)
	}
	if _, err := newEventReader(strings.NewReader("data: " + strings.Repeat("x", maxEventLine))).next(); err == nil {
		t.Error("a line without end is read")
	}
}

// breaking is an API whose streams break off: each connection is answered by
// the next of its answers.
type breaking struct {
	answers []func(http.ResponseWriter)
	asked   atomic.Int64
	from    []string // of each connection
}

// ServeHTTP implements http.Handler.
func (b *breaking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.from = append(b.from, r.URL.Query().Get("from"))
	b.answers[b.asked.Add(1)-1](w)
}

func says(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, text)
	}
}

func change(id, profile string) string {
	return "id: " + id + "\nevent: change\ndata: {\"profile\":\"" + profile + "\",\"segment\":\"vip\",\"entered\":true,\"at\":\"2026-11-21T10:00:00.000Z\",\"version\":1,\"cause\":\"event\"}\n\n"
}

// A stream that breaks off in any way goes on behind what was printed, and no
// change is printed twice.
func TestAStreamThatBreaksGoesOn(t *testing.T) {
	b := &breaking{answers: []func(http.ResponseWriter){
		says("retry: 1\nid: p0\n\n"),
		says("retry: 1\n\n" + change("p1", "u1") + "id: p2\nevent: change\ndata: {\"prof"),
		says("retry: 1\n\nevent: gap\ndata: {\"detail\":\"17 are gone\",\"missed\":17}\n\n" + change("p3", "u2") + "retry: 1\nevent: reconnect\ndata: {}\n\n"),
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		says("id: p4\n\n" + change("p5", "u3")),
	}}
	server := httptest.NewServer(b)
	defer server.Close()
	var out, told bytes.Buffer
	code := execute([]string{"changes", "--server", server.URL, "--limit", "3", "--output", "json"}, console{nil, &out, &told})
	want := ""
	for _, one := range []string{`p1","profile":"u1`, "", `p3","profile":"u2`, `p5","profile":"u3`} {
		if one == "" {
			want += "{\"gap\":\"17 are gone\",\"missed\":17}\n"
			continue
		}
		want += `{"id":"` + one + `","segment":"vip","entered":true,"at":"2026-11-21T10:00:00.000Z","version":1,"cause":"event"}` + "\n"
	}
	if code != exitOK || out.String() != want {
		t.Errorf("exit code %d, printed\n%s\nwant\n%s", code, &out, want)
	}
	if got := strings.Join(b.from, " "); got != " p0 p1 p3 p3" {
		t.Errorf("it went on from %q", got)
	}
	if !strings.HasSuffix(told.String(), "go on with --from p5\n") {
		t.Errorf("it said %s", &told)
	}
}

// What no other attempt mends ends the command, also in the middle.
func TestAStreamThatIsRefusedEnds(t *testing.T) {
	refuse := func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }
	away := func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	for name, test := range map[string]struct {
		answers []func(http.ResponseWriter)
		code    int
	}{
		"at first":          {[]func(http.ResponseWriter){refuse}, exitUnusable},
		"in the middle":     {[]func(http.ResponseWriter){says("retry: 1\n\n"), refuse}, exitUnusable},
		"away at first":     {[]func(http.ResponseWriter){away}, exitFailure},
		"cannot be printed": {[]func(http.ResponseWriter){says(change("p1", "u1"))}, exitFailure},
	} {
		server := httptest.NewServer(&breaking{answers: test.answers})
		reader, out := io.Pipe()
		_ = reader.Close()
		var told bytes.Buffer
		if code := execute([]string{"changes", "--server", server.URL}, console{nil, out, &told}); code != test.code {
			t.Errorf("%s: exit code %d, want %d: %s", name, code, test.code, &told)
		}
		server.Close()
	}
}
