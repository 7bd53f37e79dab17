package api

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"

	"go.uber.org/zap"
)

// Who asks while Kafka or Redis is not found yet is told to come again, and is
// answered on the same connection once the API is there.
func TestTheDoorAnswersBeforeTheAPI(t *testing.T) {
	o := &observed{}
	door := NewDoor(insecure(), Parts{Log: zap.NewNop(), Observer: o.observer()})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- door.Serve(ctx, listener) }()
	ask := func(method, path string) (*http.Response, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+listener.Addr().String()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(text)
	}
	for _, path := range []string{"/v1/segments", "/v1/track", "/nothing", "/openapi.json"} {
		response, text := ask(http.MethodPost, path)
		var p Problem
		if err := json.Unmarshal([]byte(text), &p); err != nil || response.StatusCode != http.StatusServiceUnavailable || p.Status != http.StatusServiceUnavailable ||
			p.Remedy == "" || p.Request == "" || response.Header.Get("Retry-After") == "" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s, %v, %s", path, response.Status, response.Header, text)
		}
	}
	if response, text := ask(http.MethodGet, "/readyz"); response.StatusCode != http.StatusServiceUnavailable || text != "not ready\n" {
		t.Errorf("%s, %q", response.Status, text)
	}
	if response, text := ask(http.MethodGet, "/healthz"); response.StatusCode != http.StatusOK {
		t.Errorf("%s, %q: the process lives", response.Status, text)
	}
	o.await(t, "POST other 503 long=false")
	s, err := New(insecure(), Parts{Version: "0.0.0", Log: zap.NewNop(), Audit: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	door.Open(s)
	for _, path := range []string{"/readyz", "/openapi.json"} {
		if response, text := ask(http.MethodGet, path); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %s", path, response.Status, text)
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
