package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"muster/api/access"
	"muster/credentials"
	"muster/test/kit/certificates"
)

// rig is an API that is served to a test.
type rig struct {
	*Server
	url    string
	tokens map[access.Scope]string // one for each scope
	lines  *observer.ObservedLogs
	audit  *observer.ObservedLogs
}

// serving serves an API on a port of its own until the test ends.
func serving(t *testing.T, config Config, parts Parts) *rig {
	t.Helper()
	return servingWith(t, config, parts, New)
}

// servingWith is serving of an API that something else makes.
func servingWith(t *testing.T, config Config, parts Parts, build func(Config, Parts) (*Server, error)) *rig {
	t.Helper()
	r := &rig{tokens: map[access.Scope]string{}}
	var lines []string
	for _, scope := range access.Scopes() {
		secret, token, err := access.Create("the-"+string(scope), []access.Scope{scope})
		if err != nil {
			t.Fatal(err)
		}
		r.tokens[scope] = secret
		lines = append(lines, token.Line())
	}
	if !config.Insecure {
		config.Tokens = credentials.NewSecret(strings.Join(lines, "\n"))
	}
	var log, audit zapcore.Core
	log, r.lines = observer.New(zapcore.DebugLevel)
	audit, r.audit = observer.New(zapcore.DebugLevel)
	parts.Version, parts.Log, parts.Audit = "0.0.0", zap.New(log), zap.New(audit)
	var err error
	if r.Server, err = build(config, parts); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, listener) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	r.url = "http://" + listener.Addr().String()
	return r
}

// reply is an answer whose body is closed when the test ends.
type reply struct{ *http.Response }

// ask sends a request with the token of a scope, "" for none.
func (r *rig) ask(t *testing.T, scope access.Scope, method, path string, body io.Reader, headers ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if token := r.tokens[scope]; token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return reply{response}
}

// get reads a success into a value.
func (r *rig) get(t *testing.T, path string, into any) reply {
	t.Helper()
	response := r.ask(t, access.Read, http.MethodGet, path, nil)
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, response.Status, err, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v: %s", path, err, text)
	}
	return response
}

// refused demands a problem of a status, whose text has some words, and that
// says what to do.
func refused(t *testing.T, what string, response reply, status int, words ...string) Problem {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	var p Problem
	if err := json.Unmarshal(text, &p); err != nil || response.Header.Get("Content-Type") != problemType {
		t.Errorf("%s: %s, no problem: %q", what, response.Status, text)
		return p
	}
	if response.StatusCode != status || p.Status != status || p.Title != http.StatusText(status) {
		t.Errorf("%s: %s, want %d: %s", what, response.Status, status, text)
	}
	if p.Remedy == "" || p.Detail == "" || p.Request != response.Header.Get(requestHeader) || p.Request == "" {
		t.Errorf("%s: it lacks something: %s", what, text)
	}
	for _, word := range words {
		if !strings.Contains(string(text), word) {
			t.Errorf("%s: no %q in %s", what, word, text)
		}
	}
	return p
}

func TestOnlyHealthNeedsNoToken(t *testing.T) {
	r := serving(t, Default(), Parts{})
	for path, want := range map[string]string{"/healthz": "alive\n", "/readyz": "ready\n"} {
		response := r.ask(t, "", http.MethodGet, path, nil)
		if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK || string(text) != want {
			t.Errorf("%s: %s, %q", path, response.Status, text)
		}
	}
	for _, path := range []string{"/", "/openapi.json", "/v1/segments", "/v1/nothing", "/metrics", "/debug/pprof/"} {
		refused(t, path, r.ask(t, "", http.MethodGet, path, nil), http.StatusUnauthorized, "evaluator token create")
		refused(t, path, r.ask(t, access.Ingest, http.MethodGet, path, nil), http.StatusForbidden, "the-ingest", "scope read")
	}
	refused(t, "an unknown path", r.ask(t, access.Read, http.MethodGet, "/v1/nothing", nil), http.StatusNotFound)
}

func TestReadinessIsThatOfTheProcess(t *testing.T) {
	r := serving(t, Default(), Parts{Health: waiting{"redis at 10.0.0.1: it is away"}})
	response := r.ask(t, "", http.MethodGet, "/readyz", nil)
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusServiceUnavailable || string(text) != "not ready\n" {
		t.Errorf("%s, %q: nobody without a token is told of servers", response.Status, text)
	}
}

type waiting []string

func (w waiting) Waiting() []string { return w }

func TestEveryAnswerIsHardenedAndNamed(t *testing.T) {
	r := serving(t, Default(), Parts{})
	for _, path := range []string{"/healthz", "/openapi.json", "/v1/nothing"} {
		h := r.ask(t, access.Read, http.MethodGet, path, nil, "Origin", "https://evil.example", "X-Request-Id", "mine-1").Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" || h.Get("Cache-Control") != "no-store" ||
			h.Get("X-Request-Id") != "mine-1" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if id := r.ask(t, "", http.MethodGet, "/healthz", nil, "X-Request-Id", "no id, but a text").Header.Get("X-Request-Id"); len(id) != 16 {
		t.Errorf("the request has the id %q", id)
	}
}

func TestPagesOfAllowedOriginsMayAsk(t *testing.T) {
	config := Default()
	config.Origins = []string{"https://console.example.com"}
	r := serving(t, config, Parts{})
	asks := func(origin string) http.Header {
		response := r.ask(t, "", http.MethodOptions, "/v1/segments", nil, "Origin", origin, "Access-Control-Request-Method", "GET")
		return response.Header
	}
	if h := asks("https://console.example.com"); h.Get("Access-Control-Allow-Origin") != "https://console.example.com" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("the allowed origin: %v", h)
	}
	if h := asks("https://evil.example"); h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "Origin" {
		t.Errorf("another origin: %v", h)
	}
}

// Without tokens, nothing gets in from pages of other sites, by a name that
// leads here or by a form.
func TestInsecureIsForThisMachineOnly(t *testing.T) {
	config := Default()
	config.Insecure = true
	r := serving(t, config, Parts{})
	if response := r.ask(t, "", http.MethodGet, "/openapi.json", nil); response.StatusCode != http.StatusOK {
		t.Errorf("this machine: %s", response.Status)
	}
	refused(t, "another name", r.ask(t, "", http.MethodGet, "/openapi.json", nil, "Host", "evil.example"), http.StatusForbidden, "evil.example")
	response := r.ask(t, "", http.MethodPost, "/v1/segments/check", strings.NewReader("{}"), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page: %s", response.Status)
	}
}

// The log tells who has asked for what, and names no customer.
func TestRequestsAreLogged(t *testing.T) {
	r := serving(t, Default(), Parts{})
	r.Mount("GET /v1/secrets/{id}", r.Guard().Wrap(access.Read, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "text")
	})))
	_, _ = io.Copy(io.Discard, r.ask(t, access.Read, http.MethodGet, "/v1/secrets/u42", nil, "X-Request-Id", "r1").Body)
	refused(t, "wrong scope", r.ask(t, access.Write, http.MethodGet, "/v1/secrets/u42", nil, "X-Request-Id", "r2"), http.StatusForbidden)
	for id, want := range map[string]string{"r1": "200", "r2": "403"} {
		line := awaitLine(t, r.lines, id)
		fields := line.ContextMap()
		if fmt.Sprint(fields["status"]) != want || fields["route"] != "GET /v1/secrets/{id}" || fields["from"] != "127.0.0.1" ||
			strings.Contains(fmt.Sprint(fields), "u42") || id == "r2" && fields["token"] != "the-write" || id == "r1" && fmt.Sprint(fields["bytes"]) != "4" {
			t.Errorf("%s: %v", id, fields)
		}
	}
}

// awaitLine waits for the line of a request, which is logged behind its answer.
func awaitLine(t *testing.T, lines *observer.ObservedLogs, id string) observer.LoggedEntry {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if found := lines.FilterField(zap.String("request", id)).FilterMessage("request").All(); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatalf("there is no line of %s", id)
	return observer.LoggedEntry{}
}

func TestWhatPanicsIsAnswered(t *testing.T) {
	r := serving(t, Default(), Parts{})
	r.Mount("GET /v1/broken", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") }))
	response := r.ask(t, "", http.MethodGet, "/v1/broken", nil)
	p := refused(t, "a panic", response, http.StatusInternalServerError)
	if strings.Contains(fmt.Sprint(p), "hunter2") {
		t.Errorf("it shows what is within: %v", p)
	}
	if len(r.lines.FilterMessage("answering a request failed").All()) != 1 {
		t.Error("it is not logged")
	}
	r.Mount("GET /v1/half", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("hunter2")
	}))
	if text, err := io.ReadAll(r.ask(t, "", http.MethodGet, "/v1/half", nil).Body); err == nil {
		t.Errorf("%q looks like the whole answer", text)
	}
}

// Large bodies and headers are refused before they are in memory.
func TestLargeRequestsAreRefused(t *testing.T) {
	r := serving(t, Default(), Parts{})
	var read int64
	r.Mount("POST /v1/length", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		read = n
		if err == nil {
			t.Error("a body of 100 MB is read")
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}))
	body := io.LimitReader(neverEnding{}, 100<<20)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/length", body)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil { // the server may hang up first
		response.Body.Close()
	}
	if read > maxBody {
		t.Errorf("%d bytes were read", read)
	}
	response := r.ask(t, "", http.MethodGet, "/healthz", nil, "X-Long", strings.Repeat("x", 2*maxHeader))
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("large headers: %s", response.Status)
	}
}

type neverEnding struct{}

// Read implements io.Reader.
func (neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// The certificate is read for each connection, so that one that was renewed
// needs no restart.
func TestTLSIsSpoken(t *testing.T) {
	folder := t.TempDir()
	authority, err := certificates.New(folder, "authority")
	if err != nil {
		t.Fatal(err)
	}
	first, err := authority.Issue("first", time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := authority.Issue("second", time.Now().Add(2*time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	config := Default()
	config.TLS = credentials.ServerTLS{CertFile: first.CertFile, KeyFile: first.KeyFile}
	r := serving(t, config, Parts{})
	serial := func() string {
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		}}
		response, err := client.Get("https" + strings.TrimPrefix(r.url, "http") + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.Header.Get("Strict-Transport-Security") == "" || response.ProtoMajor != 2 {
			t.Errorf("%s, %v", response.Proto, response.Header)
		}
		return response.TLS.PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	for from, to := range map[string]string{second.CertFile: first.CertFile, second.KeyFile: first.KeyFile} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if serial() == before {
		t.Error("the certificate of before is shown")
	}
}

// openapi.json is what users have programs made from. A change of it is a
// change of the API: look at it, and then run the test with -update.
func TestOpenAPIIsTheGoldenFile(t *testing.T) {
	parts := Parts{Version: "0.0.0", Log: zap.NewNop(), Audit: zap.NewNop()}
	evaluators, err := New(insecure(), parts)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := NewInsights(insecure(), parts, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Server{"openapi.json": evaluators, "openapi-insights.json": asked} {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "http://localhost/openapi.json", http.NoBody)
		s.Handler().ServeHTTP(recorder, request)
		var got bytes.Buffer
		if err := json.Indent(&got, recorder.Body.Bytes(), "", "  "); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is another one; if that is meant: go test ./api -run OpenAPI -update\n%s", name, firstDifference(got.String(), string(want)))
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d: %s\nand not: %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines and not %d", len(g), len(w))
}

func insecure() Config {
	c := Default()
	c.Insecure = true
	return c
}
