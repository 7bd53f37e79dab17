package webhook_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/activation"
	"muster/activation/webhook"
	"muster/credentials"
	"muster/test/kit/example"
)

const (
	root        = "../.."
	docsSecret  = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	otherSecret = "whsec_MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

// TestReceiversOfTheDocs runs the endpoints of docs/activation.md, whose
// libraries are not the sender's, and sends them what they must take and what
// they must refuse.
func TestReceiversOfTheDocs(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches packages and starts programs; runs without -short (make test)")
	}
	page, err := os.ReadFile(root + "/docs/activation.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []example.Language{example.Go, example.Node, example.Python} {
		t.Run(l.Name, func(t *testing.T) {
			fence := regexp.MustCompile("(?s)\n```" + l.Fence + "\n(.*?)\n```\n")
			found := fence.FindAllStringSubmatch(string(page), -1)
			if len(found) != 1 {
				t.Fatalf("docs/activation.md has %d programs in %s, want one", len(found), l.Name)
			}
			url := "http://" + example.Start(t, l, found[0][1], root, "CRM_SECRET="+docsSecret)
			verifySends(t, url)
			verifyForgeries(t, url)
		})
	}
}

// hostile is what ids and names can make of a body.
const hostile = `{"type":"audience.entered","profile":"ü\u2028` + "\U0001F600" + ` \"x\"","segment":"vip"}`

var docsMessage = activation.Message{ID: "msg_1", Body: []byte(hostile), ContentType: "application/json"}

// verifySends holds what an endpoint says of the sender's own messages.
func verifySends(t *testing.T, url string) {
	t.Helper()
	for name, c := range map[string]struct {
		secrets []string
		status  int
	}{
		"its secret":                  {[]string{docsSecret}, http.StatusNoContent},
		"its secret behind a new one": {[]string{otherSecret, docsSecret}, http.StatusNoContent},
		"another secret":              {[]string{otherSecret}, http.StatusUnauthorized},
		"its secret again":            {[]string{docsSecret}, http.StatusNoContent}, // a refusal has broken nothing
	} {
		if got := newSender(t, url, c.secrets...).Send(t.Context(), docsMessage); got.Status != c.status {
			t.Errorf("signed with %s, the answer is %+v, want %d", name, got, c.status)
		}
	}
}

func newSender(t *testing.T, url string, secrets ...string) *webhook.Sender {
	t.Helper()
	to := activation.Webhook{URL: url, Timeout: time.Minute, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, secret := range secrets {
		to.Secrets = append(to.Secrets, credentials.NewSecret(secret))
	}
	s, err := webhook.New(to, "muster/test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verifyForgeries alters a message that was signed.
func verifyForgeries(t *testing.T, url string) {
	t.Helper()
	for name, c := range map[string]struct {
		alter  func(r *http.Request, body string) string
		status int
	}{
		"nothing": {func(_ *http.Request, body string) string { return body }, http.StatusNoContent},
		"body":    {func(_ *http.Request, body string) string { return strings.Replace(body, "vip", "VIP", 1) }, http.StatusUnauthorized},
		"id": {func(r *http.Request, body string) string {
			r.Header.Set("Webhook-Id", "msg_2")
			return body
		}, http.StatusUnauthorized},
		"signature": {func(r *http.Request, body string) string {
			r.Header.Del("Webhook-Signature")
			return body
		}, http.StatusUnauthorized},
		"age": {func(r *http.Request, body string) string {
			sign(t, r, body, time.Now().Add(-time.Hour))
			return body
		}, http.StatusUnauthorized},
		"length": {func(r *http.Request, _ string) string {
			body := strings.Repeat(" ", 2<<20)
			sign(t, r, body, time.Now())
			return body
		}, http.StatusUnauthorized},
	} {
		signed, body := capture(t)
		altered := c.alter(signed, body)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(altered))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = signed.Header
		// An endpoint that refuses may close before it has read everything.
		response, err := http.DefaultClient.Do(request)
		if err != nil && name == "length" {
			continue
		}
		if err != nil {
			t.Fatalf("%s altered: %v", name, err)
		}
		response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s altered: the answer is %d, want %d", name, response.StatusCode, c.status)
		}
	}
}

// sign signs a message anew, as of some time.
func sign(t *testing.T, r *http.Request, body string, at time.Time) {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(docsSecret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign(r.Header.Get("Webhook-Id"), at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Webhook-Signature", signature)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
}

// capture returns the request that the sender makes of a message.
func capture(t *testing.T) (r *http.Request, body string) {
	t.Helper()
	var text bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		r = got
		if _, err := io.Copy(&text, got.Body); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	if a := newSender(t, server.URL, docsSecret).Send(t.Context(), docsMessage); a.Verdict != activation.Delivered {
		t.Fatalf("the answer is %+v", a)
	}
	return r, text.String()
}
