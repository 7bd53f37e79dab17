package tracking

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/api/access"
	"muster/event"
)

// goodKey is a token with the scope ingest, and readKey one without.
const (
	goodKey = "mst_good"
	readKey = "mst_read"
)

// memory is a Log that keeps what it is given.
type memory struct {
	mu     sync.Mutex
	events []event.Routed
	fail   func(ctx context.Context) error // nil to succeed
}

func (m *memory) Append(ctx context.Context, events []event.Routed) error {
	if m.fail != nil {
		if err := m.fail(ctx); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, events...)
	return nil
}

// now is what the server's clock says in these tests.
var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// started returns a handler with some keys and a clock that stands.
func started(t testing.TB, config Config, log Log) *Handler {
	t.Helper()
	shop := access.Token{Name: "shop", Scopes: []access.Scope{access.Ingest}, Hash: sha256.Sum256([]byte(goodKey))}
	reader := access.Token{Name: "reader", Scopes: []access.Scope{access.Read}, Hash: sha256.Sum256([]byte(readKey))}
	keys, err := access.NewKeys(access.Options{Text: shop.Line() + "\n" + reader.Line(), Limit: access.Limit{Rate: 1e9, Burst: 1e9}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(config, log, access.Guard{Keys: keys}, event.Default(), Observer{})
	if err != nil {
		t.Fatal(err)
	}
	h.now, h.id = func() time.Time { return now }, func() string { return "given" }
	return h
}

// post sends a body with the good key.
func post(h http.Handler, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.SetBasicAuth(goodKey, "")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func packed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// problemOf reads an answer that must be a problem of RFC 9457.
func problemOf(t testing.TB, w *httptest.ResponseRecorder) (status int, detail string, index int) {
	t.Helper()
	body := struct {
		Status int
		Title  string
		Detail string
		Index  *int
	}{}
	if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("the Content-Type is %q", kind)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%q: %v", w.Body, err)
	}
	if body.Status != w.Code || body.Title == "" || body.Detail == "" {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	index = none
	if body.Index != nil {
		index = *body.Index
	}
	return w.Code, body.Detail, index
}
