package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
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

// What a server asks for counts where the message may be sent again, from when
// it has answered.
func TestRetryAfterIsHeard(t *testing.T) {
	began := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		status int
		text   string
		want   time.Duration
	}{
		{429, "30", 30 * time.Second}, {503, "Fri, 27 Nov 2026 12:01:01 GMT", time.Minute}, {408, "1", time.Second}, {425, "2", 2 * time.Second},
		{500, "999999", activation.MaxAfter}, {503, "", 0}, {400, "30", 0}, {410, "30", 0}, {200, "30", 0},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", test.text)
			w.WriteHeader(test.status)
		}))
		s := sender(t, server.URL, nil)
		reads := -1
		s.now = func() time.Time { reads++; return began.Add(time.Duration(reads) * time.Second) }
		got := s.Send(t.Context(), message)
		server.Close()
		if got.After != test.want || got.Took != 2*time.Second {
			t.Errorf("%d with %q gives %+v, want %s", test.status, test.text, got, test.want)
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
		w.Headers = hiding(map[string]string{"X-Team": "growth"})
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

// A Sender that is printed by mistake shows no secret: not what signs, nor a
// header, nor the query.
func TestNothingPrintsASecret(t *testing.T) {
	s := sender(t, "https://example.com/hook?token=hunter2", func(w *activation.Webhook) {
		w.Headers = hiding(map[string]string{"Authorization": "Bearer hunter3"})
	})
	plain := s.to
	plain.URL = "https://example.com" // the query is the configuration's own to show
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		texts["a Sender by "+verb] = fmt.Sprintf(verb, s)
		texts["what holds one by "+verb] = fmt.Sprintf(verb, struct{ S any }{s})
		texts["its configuration by "+verb] = fmt.Sprintf(verb, plain)
	}
	for name, v := range map[string]any{"a Sender": s, "its configuration": plain} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts[name+" as JSON"] = string(text)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(goodSecret, secretPrefix))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		for _, hidden := range []string{"hunter", "MDEyMzQ1", "0123456789", fmt.Sprintf("%d", key), fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%x", key)} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s shows %q: %s", name, hidden, text)
			}
		}
	}
}
