package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/api/access"
	"muster/lookup"
	"muster/sink"
)

// sent is an event of a stream.
type sent struct {
	id, kind, data string
}

// listener is a client of a change stream.
type listener struct {
	t      *testing.T
	events chan sent
	end    context.CancelFunc
	last   string // the id of the last event, as a browser keeps it
}

// listen opens a stream and waits until it has begun.
func (r *rig) listen(t *testing.T, query, from string) *listener {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/v1/changes"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.tokens[access.Read])
	if from != "" {
		request.Header.Set("Last-Event-ID", from)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != eventType {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s: %s", response.Status, text)
	}
	l := &listener{t: t, events: make(chan sent, 100_000), end: end}
	go l.read(response.Body)
	t.Cleanup(func() { end(); response.Body.Close() })
	if first := l.next(); first.kind != "" || l.last == "" {
		t.Fatalf("the stream begins with %+v", first)
	}
	return l
}

func (l *listener) read(body io.Reader) {
	defer close(l.events)
	var e sent
	for scanner := bufio.NewScanner(body); scanner.Scan(); {
		field, value, _ := strings.Cut(scanner.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "":
			l.events <- e
			e = sent{}
		}
	}
}

// next waits for an event; the zero event at the end of the stream.
func (l *listener) next() sent {
	l.t.Helper()
	select {
	case e := <-l.events:
		if e.id != "" {
			l.last = e.id
		}
		return e
	case <-time.After(time.Minute):
		l.t.Fatal("no event came")
		return sent{}
	}
}

// change waits for a change.
func (l *listener) change() lookup.Change {
	l.t.Helper()
	for {
		e := l.next()
		if e.kind == "" && e.id != "" {
			continue // it only moves the place
		}
		var c lookup.Change
		if err := json.Unmarshal([]byte(e.data), &c); err != nil || e.kind != "change" || e.id == "" {
			l.t.Fatalf("no change but %+v", e)
		}
		return c
	}
}

func TestChangesAreTold(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "before", 150)
	l := k.listen(t, "", "")
	k.spends(t, "u1", 150)
	for _, segment := range []string{"hidden", "vip"} {
		if c := l.change(); c.Profile != "u1" || c.Segment != segment || !c.Entered || c.At != keptClock || c.Cause != "event" || c.Version == 0 {
			t.Errorf("%+v", c)
		}
	}
	k.spends(t, "u1", 50)
	if c := l.change(); c.Segment != "vip" || c.Entered || c.Version != 3 {
		t.Errorf("%+v", c)
	}
}

// Whoever goes on behind any event is told all that follows it, once.
func TestAStreamGoesOnBehindAnyEvent(t *testing.T) {
	k := keeping(t, Default())
	l := k.listen(t, "", "")
	places, want := []string{l.last}, []string(nil)
	for i := range 20 {
		k.spends(t, fmt.Sprint("u", i), 150)
		for range 2 {
			c := l.change()
			places, want = append(places, l.last), append(want, c.Profile+" "+c.Segment)
		}
	}
	l.end()
	for i := 0; i < len(places); i += 7 {
		again := k.listen(t, "", places[i])
		seen := map[string]int{}
		for range want[i:] {
			c := again.change()
			seen[c.Profile+" "+c.Segment]++
		}
		for _, one := range want[i:] {
			if seen[one] != 1 {
				t.Errorf("behind event %d: %s came %d times", i, one, seen[one])
			}
		}
		k.spends(t, fmt.Sprint("mark", i), 1)
		if c := again.change(); c.Profile != fmt.Sprint("mark", i) && !strings.HasPrefix(c.Profile, "mark") {
			t.Errorf("behind event %d: %+v is told too", i, c)
		}
		again.end()
	}
}

func TestOnlyWhatIsWantedIsTold(t *testing.T) {
	k := keeping(t, Default())
	ofProfile := k.listen(t, "?profile=u2", "")
	ofSegments := k.listen(t, "?segment=vip&segment=buyers", "")
	for _, id := range []string{"u1", "u2", "u3"} {
		k.spends(t, id, 150)
	}
	for _, segment := range []string{"hidden", "vip"} {
		if c := ofProfile.change(); c.Profile != "u2" || c.Segment != segment {
			t.Errorf("of u2: %+v", c)
		}
	}
	seen := map[string]bool{}
	for range 3 {
		c := ofSegments.change()
		seen[c.Profile] = true
		if c.Segment != "vip" {
			t.Errorf("of vip: %+v", c)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%v", seen)
	}
}

// Changes that are no longer kept are told as a gap, with their number, and
// what is kept follows.
func TestWhatWasMissedIsTold(t *testing.T) {
	redis := sink.Default()
	redis.OutboxMax = 1000
	k := keepingWith(t, Default(), redis)
	k.spends(t, "first", 150)
	l := k.listen(t, "?profile=u1", "")
	from := l.last
	l.end()
	list := make([]string, 3*3000)
	for i := range list {
		list[i] = fmt.Sprint("p", i)
	}
	k.populate(t, list...)
	missed := 0.0
	again := k.listen(t, "", from)
	for shards := 0; shards < keptShards; {
		e := again.next()
		if e.kind != "gap" {
			continue
		}
		var gap map[string]any
		if err := json.Unmarshal([]byte(e.data), &gap); err != nil || gap["missed"].(float64) < 1000 {
			t.Errorf("%+v", e)
		}
		missed, shards = missed+gap["missed"].(float64), shards+1
	}
	if missed > 3*3000-3*1000 {
		t.Errorf("%v were missed of %d", missed, len(list))
	}
}

func TestPlacesThatCantBeUsed(t *testing.T) {
	k := keeping(t, Default())
	for _, from := range []string{"x", "AAAA!", "0-1", strings.Repeat("A", 300)[:7]} {
		response := k.ask(t, access.Read, http.MethodGet, "/v1/changes", nil, "Last-Event-ID", from)
		refused(t, from, response, http.StatusBadRequest, "no place")
	}
	for query, want := range map[string]int{
		"?segment=vipp": http.StatusNotFound, "?profile=null": http.StatusBadRequest, "?from=x": http.StatusBadRequest,
		"?segments=vip": http.StatusUnprocessableEntity,
	} {
		refused(t, query, k.ask(t, access.Read, http.MethodGet, "/v1/changes"+query, nil), want)
	}
	refused(t, "no token", k.ask(t, "", http.MethodGet, "/v1/changes", nil), http.StatusUnauthorized)
	// The place is a good one, of other shards.
	l := k.listen(t, "", "AAAAAAAA")
	if e := l.next(); e.kind != "gap" || !strings.Contains(e.data, "no more") {
		t.Errorf("of other shards: %+v", e)
	}
}

// With one stream more than there may be, the oldest is told to come again.
func TestTheOldestOfTooManyStreamsEnds(t *testing.T) {
	config := Default()
	config.Streams = 3
	k := keeping(t, config)
	var open []*listener
	for range 5 {
		open = append(open, k.listen(t, "", ""))
	}
	for i, l := range open[:2] {
		if e := l.next(); e.kind != "reconnect" || !strings.Contains(e.data, "api.streams") {
			t.Errorf("stream %d: %+v", i, e)
		}
		if e := l.next(); e != (sent{}) {
			t.Errorf("stream %d goes on: %+v", i, e)
		}
	}
	k.spends(t, "u1", 150)
	for _, l := range open[2:] {
		if c := l.change(); c.Profile != "u1" {
			t.Errorf("%+v", c)
		}
	}
}

// A client that does not take its events is cut off, and one that does is told
// all of them meanwhile.
func TestASlowFollowerIsCutOff(t *testing.T) {
	k := keeping(t, Default())
	k.routes.streams.patience = time.Second
	memory := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Serve(ctx, memory) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	slow, far := net.Pipe() // which holds nothing that the other side has not read
	memory.made <- far
	_, _ = fmt.Fprintf(slow, "GET /v1/changes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", k.tokens[access.Read])
	if _, err := bufio.NewReaderSize(slow, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	open := func() int {
		k.routes.streams.mu.Lock()
		defer k.routes.streams.mu.Unlock()
		return k.routes.streams.all.Len()
	}
	if open() != 1 {
		t.Fatalf("%d streams", open())
	}
	for deadline := time.Now().Add(time.Minute); open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still there")
		}
	}
	l := k.listen(t, "", "")
	k.spends(t, "u1", 150)
	l.change()
}

// pipes is a listener whose connections are made by a test.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
