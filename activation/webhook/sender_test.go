package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/activation"
	"muster/credentials"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// patience is far more than an answer takes on any machine.
const patience = time.Minute

func sender(t *testing.T, url string, change func(*activation.Webhook)) *Sender {
	t.Helper()
	w := good()
	w.URL, w.AllowNetworks, w.Timeout = url, loopback, patience
	if change != nil {
		change(&w)
	}
	s, err := New(w, "muster/test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

var message = activation.Message{ID: "msg_1", Body: []byte(`{"type":"audience.entered"}`), ContentType: "application/json"}

func TestVerdicts(t *testing.T) {
	for status, want := range map[int]activation.Verdict{
		200: activation.Delivered, 201: activation.Delivered, 202: activation.Delivered, 204: activation.Delivered,
		301: activation.Deferred, 302: activation.Deferred, 307: activation.Deferred,
		400: activation.Refused, 401: activation.Refused, 403: activation.Refused, 404: activation.Refused, 413: activation.Refused, 422: activation.Refused,
		408: activation.Deferred, 425: activation.Deferred, 429: activation.Deferred, 410: activation.Gone,
		500: activation.Deferred, 502: activation.Deferred, 503: activation.Deferred, 504: activation.Deferred, 599: activation.Deferred,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Errorf("%d was followed", status)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		got := sender(t, server.URL, nil).Send(t.Context(), message)
		server.Close()
		if got.Verdict != want || got.Status != status || (got.Reason == "") != (want == activation.Delivered) {
			t.Errorf("%d gives %+v", status, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "soon": 0, "30": 30 * time.Second, "999999999": activation.MaxAfter, "99999999999999999999": 0,
		"Fri, 27 Nov 2026 12:01:00 GMT": time.Minute, "Fri, 27 Nov 2026 11:00:00 GMT": 0, "Fri, 27 Nov 2099 11:00:00 GMT": activation.MaxAfter,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q gives %s, want %s", text, got, want)
		}
	}
}

// Receivers verify by the library, and by nothing but HMAC.
func TestSignatures(t *testing.T) {
	const second = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
	var headers http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		headers = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	s := sender(t, server.URL, func(w *activation.Webhook) {
		w.Secrets = append(w.Secrets, credentials.NewSecret(second))
		w.Headers = map[string]credentials.Secret{"X-Team": credentials.NewSecret("growth")}
	})
	if got := s.Send(t.Context(), message); got.Verdict != activation.Delivered {
		t.Fatalf("got %+v", got)
	}
	if headers.Get("Webhook-Id") != message.ID || headers.Get("X-Team") != "growth" || headers.Get("User-Agent") != "muster/test" ||
		headers.Get("Content-Type") != "application/json" || string(body) != string(message.Body) {
		t.Errorf("headers %v, body %s", headers, body)
	}
	signatures := strings.Fields(headers.Get("Webhook-Signature"))
	if len(signatures) != 2 {
		t.Fatalf("signatures %q", signatures)
	}
	for i, secret := range []string{goodSecret, second} {
		library, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := library.Verify(body, headers); err != nil {
			t.Errorf("secret %d: %v", i, err)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.%s", message.ID, headers.Get("Webhook-Timestamp"), body)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); signatures[i] != want {
			t.Errorf("signature %d is %s, want %s", i, signatures[i], want)
		}
	}
}

func TestAddressesThatAreNotAllowed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	defer server.Close()
	for url, want := range map[string]string{
		server.URL: "allow_networks",
		strings.Replace(server.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1): "allow_networks",
		strings.Replace(server.URL, "127.0.0.1", "localhost", 1):          "allow_networks",
		"http://169.254.169.254/latest/meta-data":                         "nothing is sent to",
		"http://10.0.0.1/": "allow_networks",
	} {
		s := sender(t, url, func(w *activation.Webhook) { w.AllowNetworks = nil })
		if got := s.Send(t.Context(), message); got.Verdict != activation.Deferred || !strings.Contains(got.Reason, want) {
			t.Errorf("%s gives %+v", url, got)
		}
	}
}

// An answer is read up to a bound, and its status counts, however long it is
// or however it breaks off.
func TestAnswersThatDoNotEndWell(t *testing.T) {
	gone := make(chan struct{})
	for name, handle := range map[string]http.HandlerFunc{
		"10 GB": func(w http.ResponseWriter, r *http.Request) {
			block := make([]byte, 1<<16)
			for range 10 << 14 {
				if _, err := w.Write(block); err != nil {
					close(gone)
					return
				}
			}
			t.Error("all of it was read")
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("half"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		server := httptest.NewServer(handle)
		if got := sender(t, server.URL, nil).Send(t.Context(), message); got.Verdict != activation.Delivered {
			t.Errorf("%s gives %+v", name, got)
		}
		if name == "10 GB" {
			<-gone
		}
		server.Close()
	}
}

func TestNoAnswer(t *testing.T) {
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer silent.Close()
	defer close(release)
	s := sender(t, silent.URL+"?token=hunter2", func(w *activation.Webhook) { w.Timeout = shortestTimeout })
	got := s.Send(t.Context(), message)
	if got.Verdict != activation.Deferred || got.Status != 0 || !strings.Contains(got.Reason, "no answer within 100ms") {
		t.Errorf("a silent server gives %+v", got)
	}
	away := httptest.NewServer(nil)
	away.Close()
	got = sender(t, away.URL+"?token=hunter2", nil).Send(t.Context(), message)
	if got.Verdict != activation.Deferred || !strings.Contains(got.Reason, "refused") || strings.Contains(got.Reason, "hunter") {
		t.Errorf("a server that is away gives %+v", got)
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	server.Config.ErrorLog = nil
	if got := sender(t, server.URL, nil).Send(t.Context(), message); got.Verdict != activation.Deferred || !strings.Contains(got.Reason, "ca_file") {
		t.Errorf("an unknown authority gives %+v", got)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sender(t, server.URL, func(w *activation.Webhook) { w.CAFile = file }).Send(t.Context(), message); got.Verdict != activation.Delivered {
		t.Errorf("an authority of one's own gives %+v", got)
	}
}

// A Sender that is printed by mistake shows no secret.
func TestNothingPrintsASecret(t *testing.T) {
	s := sender(t, "https://example.com", func(w *activation.Webhook) {
		w.Headers = map[string]credentials.Secret{"Authorization": credentials.NewSecret("MDEyMzQ1")}
	})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, s.to); strings.Contains(text, "MDEyMzQ1") {
			t.Errorf("printed: %s", text)
		}
	}
}
