package tracking

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/event"
)

// TestPathsGiveTheType: every path that a client may use, with and without /v1,
// in the form that the log keeps.
func TestPathsGiveTheType(t *testing.T) {
	for kind, names := range map[string]string{
		"track": "track t", "identify": "identify i", "page": "page p", "screen": "screen s", "group": "group g", "alias": "alias a",
	} {
		for name := range strings.FieldsSeq(names) {
			for _, root := range []string{"/v1/", "/"} {
				log := &memory{}
				w := post(started(t, Default(), log), root+name, `{"userId":"ann","event":"Bought","groupId":"g","type":"other"}`)
				if w.Code != http.StatusOK || w.Body.String() != `{"success":true}`+"\n" || w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("%s%s: %d %s", root, name, w.Code, w.Body)
				}
				want := `{"event":"Bought","groupId":"g","messageId":"given","receivedAt":"2026-11-28T12:00:00.000Z","type":"` + kind + `","userId":"ann"}`
				if len(log.events) != 1 || string(log.events[0].Value) != want || log.events[0].Profile != "ann" {
					t.Errorf("%s%s: the log has %+v", root, name, log.events)
				}
			}
		}
	}
	if n := len(Patterns()); n != 30 || !slices.Contains(Patterns(), "/v1/batch") || !slices.Contains(Patterns(), "/b") {
		t.Errorf("the patterns are %v", Patterns())
	}
}

// TestBatches: the events of a batch, one record each, with what the batch says
// of them.
func TestBatches(t *testing.T) {
	for _, path := range []string{"/v1/batch", "/v1/import", "/v1/b", "/batch", "/import", "/b"} {
		log := &memory{}
		w := post(started(t, Default(), log), path, `{"writeKey":"`+goodKey+`","sentAt":"2026-11-28T11:00:00Z","context":{"ip":"::1","app":{"a":1}},"batch":[
			{"type":"track","event":"A","anonymousId":"x","userId":null,"messageId":"m1","timestamp":"2026-11-28T10:59:58.5Z","writeKey":"secret"},
			null,
			{"type":"identify","userId":7,"messageId":"m2","context":{"ip":"::2","app":null},"sentAt":"2026-11-28T11:59:00Z","receivedAt":"1999-01-01","traits":{"a":"<&>é\u2028"}}]}`)
		if w.Code != http.StatusOK || w.Body.String() != `{"success":true}`+"\n" {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		want := []event.Routed{
			{Profile: "x", Value: []byte(`{"anonymousId":"x","context":{"app":{"a":1},"ip":"::1"},"event":"A","messageId":"m1","originalTimestamp":"2026-11-28T10:59:58.5Z",` +
				`"receivedAt":"2026-11-28T12:00:00.000Z","sentAt":"2026-11-28T11:00:00Z","timestamp":"2026-11-28T11:59:58.500Z","type":"track","userId":null}`)},
			{Profile: "7", Value: []byte(`{"context":{"app":{"a":1},"ip":"::2"},"messageId":"m2","receivedAt":"2026-11-28T12:00:00.000Z",` +
				`"sentAt":"2026-11-28T11:59:00Z","traits":{"a":"<&>é\u2028"},"type":"identify","userId":7}`)},
		}
		if len(log.events) != len(want) {
			t.Fatalf("%s: %d events", path, len(log.events))
		}
		for i, got := range log.events {
			if got.Profile != want[i].Profile || string(got.Value) != string(want[i].Value) {
				t.Errorf("%s: event %d of %q is\n%s\nwant %q\n%s", path, i, got.Profile, got.Value, want[i].Profile, want[i].Value)
			}
		}
	}
}

// TestTimes: a client's clock that is off does not move an event, where the
// client says when it sent it.
func TestTimes(t *testing.T) {
	for given, want := range map[string]string{
		`"timestamp":"2026-11-28T09:00:00Z","sentAt":"2026-11-28T09:00:05Z"`:                                            `"originalTimestamp":"2026-11-28T09:00:00Z","receivedAt":"2026-11-28T12:00:00.000Z","sentAt":"2026-11-28T09:00:05Z","timestamp":"2026-11-28T11:59:55.000Z"`,
		`"timestamp":1795856400,"sentAt":1795856405000`:                                                                 `"originalTimestamp":1795856400,"receivedAt":"2026-11-28T12:00:00.000Z","sentAt":1795856405000,"timestamp":"2026-11-28T11:59:55.000Z"`,
		`"timestamp":"2026-11-28T09:00:00Z"`:                                                                            `"originalTimestamp":"2026-11-28T09:00:00Z","receivedAt":"2026-11-28T12:00:00.000Z","timestamp":"2026-11-28T09:00:00Z"`,
		`"timestamp":"2026-11-28T09:00:00Z","sentAt":"soon"`:                                                            `"originalTimestamp":"2026-11-28T09:00:00Z","receivedAt":"2026-11-28T12:00:00.000Z","sentAt":"soon","timestamp":"2026-11-28T09:00:00Z"`,
		`"timestamp":"2026-11-28T09:00:00Z","sentAt":"9999-01-01"`:                                                      `"originalTimestamp":"2026-11-28T09:00:00Z","receivedAt":"2026-11-28T12:00:00.000Z","sentAt":"9999-01-01","timestamp":"2026-11-28T09:00:00Z"`,
		`"timestamp":"yesterday","sentAt":"2026-11-28T09:00:05Z"`:                                                       `"receivedAt":"2026-11-28T12:00:00.000Z","sentAt":"2026-11-28T09:00:05Z","timestamp":"yesterday"`,
		`"timestamp":"2026-11-28T09:00:00Z","originalTimestamp":"2026-11-28T08:00:00Z","sentAt":"2026-11-28T09:00:05Z"`: `"originalTimestamp":"2026-11-28T08:00:00Z","receivedAt":"2026-11-28T12:00:00.000Z","sentAt":"2026-11-28T09:00:05Z","timestamp":"2026-11-28T09:00:00Z"`,
		`"timestamp":true`: `"receivedAt":"2026-11-28T12:00:00.000Z","timestamp":true`,
	} {
		log := &memory{}
		post(started(t, Default(), log), "/v1/page", `{"userId":"ann","messageId":"m",`+given+`}`)
		if len(log.events) != 1 || string(log.events[0].Value) != `{"messageId":"m",`+want+`,"type":"page","userId":"ann"}` {
			t.Errorf("%s: %v", given, log.events)
		}
	}
}

// TestMessageIDs: what is no messageId for whoever reads the log is replaced.
func TestMessageIDs(t *testing.T) {
	for given, want := range map[string]string{
		``: `"given"`, `"messageId":null,`: `"given"`, `"messageId":"",`: `"given"`, `"messageId":"undefined",`: `"given"`,
		`"messageId":1.5,`: `"given"`, `"messageId":[],`: `"given"`, `"messageId":15,`: `15`, `"messageId":"m\"1",`: `"m\"1"`,
	} {
		log := &memory{}
		w := post(started(t, Default(), log), "/v1/page", `{`+given+`"userId":"ann"}`)
		if len(log.events) != 1 || !strings.Contains(string(log.events[0].Value), `"messageId":`+want+`,`) || strings.Contains(w.Body.String(), "rejected") {
			t.Errorf("%s: %v %s", given, log.events, w.Body)
		}
	}
}

// TestWhatCantBeUsedIsKept: it is in the log for its reader to make a dead
// letter of, for the reason that the answer gives, and the rest is taken.
func TestWhatCantBeUsedIsKept(t *testing.T) {
	good := `{"type":"page","userId":"ann","messageId":"m"}`
	for item, reason := range map[string]string{
		`5`:                               `record: 5 is not a JSON object`,
		`"text"`:                          `record: "text" is not a JSON object`,
		`[{}]`:                            `record: an array is not a JSON object`,
		`{}`:                              `type: absent; it must be one of identify, track, page, screen, group, alias`,
		`{"type":"track","userId":"ann"}`: `event: absent from a track call`,
		`{"type":"page","userId":null}`:   `userId: absent, and so is anonymousId`,
		`{"type":"page","userId":"` + strings.Repeat("x", 2000) + `"}`:                               `userId: 2000 bytes, the limit is 1024`,
		`{"type":"page","userId":"ann","properties":3}`:                                              `properties: 3 is neither an object nor null`,
		`{"type":"page","userId":"` + "\xff" + `"}`:                                                  `record: not UTF-8 at byte 85`,
		`{"type":"page","userId":"a","x":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`: `record: nested more than 32 deep at byte 123`,
	} {
		log := &memory{}
		w := post(started(t, Default(), log), "/v1/batch", `{"batch":[`+good+`,`+item+`,`+good+`]}`)
		want := fmt.Sprintf(`{"success":true,"rejected":[{"index":1,"reason":%q}]}`+"\n", reason)
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%.80s: %d %s\nwant %s", item, w.Code, w.Body, want)
		}
		if len(log.events) != 3 {
			t.Fatalf("%.80s: %d events", item, len(log.events))
		}
		d, err := event.NewDecoder(event.Default())
		if err != nil {
			t.Fatal(err)
		}
		events, reasons := d.Decode(nil, nil, log.events[1].Value, 1, 0)
		if len(events) != 0 || len(reasons) != 1 || reasons[0].Reason != reason || log.events[1].Profile != "" {
			t.Errorf("%.80s: its reader says %v", item, reasons)
		}
	}
}

// TestKeys: where a key may stand, and what a wrong one is told.
func TestKeys(t *testing.T) {
	one := func(key string) string { return `{"userId":"ann","event":"A","writeKey":"` + key + `"}` }
	basic := func(key string) string {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(key, "")
		return r.Header.Get("Authorization")
	}
	for _, c := range []struct {
		header, body string
		status       int
	}{
		{basic(goodKey), one(""), 200},
		{"Bearer " + goodKey, one(""), 200},
		{"", one(goodKey), 200},
		{basic(""), one(goodKey), 200},
		{basic(goodKey), one("other"), 200}, // the header counts
		{"", one(""), 401},
		{"", `{"userId":"ann","writeKey":null}`, 401},
		{"", `{"userId":"ann","writeKey":["` + goodKey + `"]}`, 401},
		{"", one("other"), 401},
		{basic("other"), one(goodKey), 401},
		{"Basic !", one(""), 401},
		{"", one(readKey), 403},
		{basic(readKey), one(""), 403},
	} {
		log := &memory{}
		r := httptest.NewRequest(http.MethodPost, "/v1/t", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "text/plain")
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		w := httptest.NewRecorder()
		started(t, Default(), log).ServeHTTP(w, r)
		if w.Code != c.status || (c.status == 200) != (len(log.events) == 1) {
			t.Errorf("%q and %s: %d %s, %d events", c.header, c.body, w.Code, w.Body, len(log.events))
		}
		if c.status != 200 {
			problemOf(t, w)
		}
		if c.status == 401 && w.Header().Get("WWW-Authenticate") != `Bearer realm="muster"` { // Basic would have browsers ask people
			t.Errorf("%q: %v", c.header, w.Header())
		}
	}
}

// TestAWrongKeyIsToldBeforeTheBody, so that nobody reads what strangers send.
func TestAWrongKeyIsToldBeforeTheBody(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/batch", nil)
	r.Body = http.NoBody
	r.Body = unreadable{t}
	r.SetBasicAuth("other", "")
	w := httptest.NewRecorder()
	started(t, Default(), &memory{}).ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// unreadable is a body that nobody may read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, errors.New("unreadable")
}

func (u unreadable) Close() error { return nil }

// TestWithoutKeys: where none is needed, a host that is not this machine is
// refused, as by everything else.
func TestWithoutKeys(t *testing.T) {
	log := &memory{}
	h, err := New(Default(), log, access.Guard{Anonymous: access.Anonymous(access.Limit{Rate: 1e9, Burst: 1e9})}, event.Default(), Observer{})
	if err != nil {
		t.Fatal(err)
	}
	for host, status := range map[string]int{"localhost:8080": 200, "shop.example": 403} {
		r := httptest.NewRequest(http.MethodPost, "/v1/page", strings.NewReader(`{"userId":"ann"}`))
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: %d", host, w.Code)
		}
	}
}

// TestBadRequests: every kind, with what it is told. Nothing of them is taken.
func TestBadRequests(t *testing.T) {
	config := Default()
	config.MaxEvents = 3
	event := func(size int) string {
		return `{"type":"page","userId":"ann","x":"` + strings.Repeat("x", size-len(`{"type":"page","userId":"ann","x":""}`)) + `"}`
	}
	gz := []string{"Content-Encoding", "gzip"}
	for _, c := range []struct {
		path, body string
		headers    []string
		status     int
		index      int
		detail     string
	}{
		{"/v1/batch", "", nil, 400, none, "The body is empty"},
		{"/v1/batch", " \n", nil, 400, none, "The body is empty"},
		{"/v1/batch", "null", nil, 400, none, "The body is no JSON object."},
		{"/v1/batch", "[]", nil, 400, none, "The body is no JSON object."},
		{"/v1/batch", `"x"`, nil, 400, none, "The body is no JSON object."},
		{"/v1/batch", `{"batch":[{]}`, nil, 400, none, "The body is no JSON: invalid character ']' looking for beginning of object key string at byte 12"},
		{"/v1/batch", `{"batch":[]} x`, nil, 400, none, "The body is no JSON"},
		{"/v1/batch", `{}`, nil, 400, none, "The body has no batch"},
		{"/v1/batch", `{"batch":null}`, nil, 400, none, "The body has no batch"},
		{"/v1/batch", `{"batch":{}}`, nil, 400, none, "The batch is no array"},
		{"/v1/batch", `{"batch":[{},{"batch":[]}]}`, nil, 400, 1, "Event 1 is a batch itself"},
		{"/v1/track", `{"batch":[]}`, nil, 400, none, "send it to /v1/batch"},
		{"/v1/batch", `{"batch":[{},{},{},{}]}`, nil, 413, none, "The batch has more than 3 events"},
		{"/v1/batch", `{"batch":[` + event(32<<10) + `,` + event(32<<10+1) + `]}`, nil, 413, 1, "Event 1 has 32769 bytes"},
		{"/v1/batch", `{"context":{"x":"` + strings.Repeat("x", 34_000) + `"},"batch":[{"type":"page","userId":"ann"}]}`, nil, 413, 0, "Event 0 has 34"},
		{"/v1/batch", `{"x":"` + strings.Repeat("x", 500<<10) + `","batch":[]}`, nil, 413, none, "The body has more than 512000 bytes"},
		{"/v1/page", event(32<<10 + 1), nil, 413, none, "The body has more than 32768 bytes"},
		{"/v1/batch", packed(t, `{"x":"`+strings.Repeat("x", 8<<20)+`"}`), gz, 413, none, "The body has more than 512000 bytes"},
		{"/v1/batch", `{"batch":[]}`, gz, 400, none, "The body can't be read: gzip: invalid header."},
		{"/v1/batch", packed(t, `{"batch":[]}`)[:20], gz, 400, none, "The body can't be read: unexpected EOF."},
		{"/v1/batch", packed(t, `{"batch":[]}`) + "x", gz, 400, none, "The body can't be read"},
		{"/v1/batch", "", gz, 400, none, "The body can't be read: EOF."},
		{"/v1/batch", packed(t, `{"batch":[]}`), nil, 400, none, "The body is no JSON"},
		{"/v1/batch", `{"batch":[]}`, []string{"Content-Encoding", "br"}, 415, none, `The Content-Encoding "br" is not understood`},
		{"/v1/trakc", `{}`, nil, 404, none, "There is no /v1/trakc here"},
		{"/v1/", `{}`, nil, 404, none, "There is no /v1/ here"},
	} {
		log := &memory{}
		h := started(t, config, log)
		w := post(h, c.path, c.body, c.headers...)
		status, detail, index := problemOf(t, w)
		if status != c.status || index != c.index || !strings.HasPrefix(detail, c.detail) && !strings.Contains(detail, c.detail) {
			t.Errorf("%s %.60q: %d, event %d: %s\nwant %d, event %d: %s", c.path, c.body, status, index, detail, c.status, c.index, c.detail)
		}
		if len(log.events) > 0 {
			t.Errorf("%s %.60q: %d events were taken", c.path, c.body, len(log.events))
		}
		if !h.room.TryAcquire(int64(config.InFlight)) {
			t.Errorf("%s %.60q: room is lost", c.path, c.body)
		}
	}
}

// TestTogetherTooLarge: a context that is repeated in every event of a batch.
func TestTogetherTooLarge(t *testing.T) {
	log := &memory{}
	body := `{"context":{"x":"` + strings.Repeat("x", 30_000) + `"},"batch":[` + strings.Repeat(`{"type":"page","userId":"a"},`, 2000) + `{}]}`
	status, detail, _ := problemOf(t, post(started(t, Default(), log), "/v1/b", body))
	if status != http.StatusRequestEntityTooLarge || !strings.Contains(detail, "context of the batch") || len(log.events) > 0 {
		t.Errorf("%d: %s", status, detail)
	}
}

// TestMethods: only POST is understood.
func TestMethods(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodOptions} {
		w := httptest.NewRecorder()
		started(t, Default(), &memory{}).ServeHTTP(w, httptest.NewRequest(method, "/v1/track", nil))
		if status, _, _ := problemOf(t, w); status != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d, %v", method, status, w.Header())
		}
	}
}

// TestAnyContentTypeAndGzip, as browsers and other clients send them.
func TestAnyContentTypeAndGzip(t *testing.T) {
	body := `{"batch":[{"type":"page","userId":"ann"}]}`
	for _, kind := range []string{"application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "image/png", ""} {
		for encoding, text := range map[string]string{"": body, "identity": body, "gzip": packed(t, body), "GZIP": packed(t, body), "x-gzip": packed(t, body)} {
			log := &memory{}
			w := post(started(t, Default(), log), "/v1/batch", text, "Content-Type", kind, "Content-Encoding", encoding)
			if w.Code != http.StatusOK || len(log.events) != 1 {
				t.Errorf("%s, %s: %d %s", kind, encoding, w.Code, w.Body)
			}
		}
	}
}

// TestTheLogIsAway: the answer is 503, which clients send again, without a
// Retry-After, with which the Python client would give up the order.
func TestTheLogIsAway(t *testing.T) {
	config := Default()
	config.AckTimeout = 100 * time.Millisecond
	var failed error
	var status int
	h := started(t, config, &memory{fail: func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("no leader: %w", ctx.Err())
	}})
	h.observer = Observer{LogFailed: func(err error) { failed = err }, Answered: func(s, _, _ int, _ time.Duration) { status = s }}
	w := post(h, "/v1/page", `{"userId":"ann"}`)
	if got, _, _ := problemOf(t, w); got != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "" {
		t.Errorf("%d, %v", got, w.Header())
	}
	if !errors.Is(failed, context.DeadlineExceeded) || status != http.StatusServiceUnavailable {
		t.Errorf("told of %v and %d", failed, status)
	}
}

// TestNoRoom: beyond what may be in flight the answer is 429 with a
// Retry-After, and what was answered gives its room back.
func TestNoRoom(t *testing.T) {
	config := Default()
	config.MaxEvent, config.MaxBatch, config.InFlight = 1<<10, 6000, 6001
	held, release := make(chan struct{}), make(chan struct{})
	log := &memory{}
	log.fail = func(context.Context) error {
		select {
		case held <- struct{}{}:
			<-release
		default:
		}
		return nil
	}
	h := started(t, config, log)
	body := `{"x":"` + strings.Repeat("x", 4000) + `","batch":[{"type":"page","userId":"ann"}]}`
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- post(h, "/v1/batch", body) }()
	<-held
	w := post(h, "/v1/batch", body)
	if status, _, _ := problemOf(t, w); status != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d, %v", status, w.Header())
	}
	close(release)
	if w := <-done; w.Code != http.StatusOK {
		t.Errorf("the first: %d %s", w.Code, w.Body)
	}
	if w := post(h, "/v1/batch", body); w.Code != http.StatusOK || len(log.events) != 2 {
		t.Errorf("afterwards: %d %s, %d events", w.Code, w.Body, len(log.events))
	}
}

// TestSlowClients: one that sends a part of its body is cut off, with a status
// that says so, and has had only the room of that part.
func TestSlowClients(t *testing.T) {
	config := Default()
	config.ReadTimeout = 300 * time.Millisecond
	h := started(t, config, &memory{})
	h.now = time.Now
	server := httptest.NewServer(h)
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, "POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 12)
	if _, err := c.Read(answer); err != nil || string(answer) != "HTTP/1.1 408" {
		t.Errorf("%q, %v", answer, err)
	}
	if !h.room.TryAcquire(int64(config.InFlight)) {
		t.Error("room is lost")
	}
}

// TestALongWaitIsNotCut: the time that a client has to send its body does not
// end a request that waits for Kafka.
func TestALongWaitIsNotCut(t *testing.T) {
	config := Default()
	config.ReadTimeout = 200 * time.Millisecond
	log := &memory{fail: func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * config.ReadTimeout):
			return nil
		}
	}}
	h := started(t, config, log)
	h.now = time.Now
	server := httptest.NewServer(h)
	defer server.Close()
	for range 2 { // also on a connection that is used again
		r, err := http.NewRequest(http.MethodPost, server.URL+"/v1/page", strings.NewReader(`{"userId":"ann","writeKey":"`+goodKey+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", res, err)
		}
		_ = res.Body.Close()
	}
}

// TestAClientThatGoes: nobody is answered, and that is told.
func TestAClientThatGoes(t *testing.T) {
	ctx, leave := context.WithCancel(context.Background())
	h := started(t, Default(), &memory{fail: func(ctx context.Context) error {
		leave()
		<-ctx.Done()
		return ctx.Err()
	}})
	var status int
	h.observer = Observer{Answered: func(s, _, _ int, _ time.Duration) { status = s }}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/page", strings.NewReader(`{"userId":"ann"}`))
	r.SetBasicAuth(goodKey, "")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if status != statusGone || w.Body.Len() > 0 {
		t.Errorf("%d %s", status, w.Body)
	}
}
