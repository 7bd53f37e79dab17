package webhook

import (
	"strings"
	"testing"
	"time"

	"muster/activation"
	"muster/credentials"
)

const goodSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

func good() activation.Webhook {
	return activation.Webhook{URL: "https://example.com/hook", Secrets: []credentials.Secret{credentials.NewSecret(goodSecret)}, Timeout: time.Second}
}

func TestCheck(t *testing.T) {
	if err := Check(good()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*activation.Webhook)
		want   string
	}{
		"scheme":       {func(w *activation.Webhook) { w.URL = "ftp://example.com" }, `scheme "ftp"`},
		"no URL":       {func(w *activation.Webhook) { w.URL = "" }, "http or https"},
		"broken URL":   {func(w *activation.Webhook) { w.URL = "https://exa mple.com" }, "can't be read"},
		"no host":      {func(w *activation.Webhook) { w.URL = "https:///x" }, "no host"},
		"user":         {func(w *activation.Webhook) { w.URL = "https://u:p@example.com" }, "send them as a header"},
		"fragment":     {func(w *activation.Webhook) { w.URL = "https://example.com#x" }, "leave it out"},
		"no secret":    {func(w *activation.Webhook) { w.Secrets = nil }, "make one with"},
		"not base64":   {func(w *activation.Webhook) { w.Secrets[0] = credentials.NewSecret("whsec_%%") }, "secret 1 is not"},
		"short secret": {func(w *activation.Webhook) { w.Secrets[0] = credentials.NewSecret("whsec_AAAA") }, "of 3 bytes"},
		"header name": {func(w *activation.Webhook) {
			w.Headers = map[string]credentials.Secret{"a b": credentials.NewSecret("x")}
		}, `"a b"`},
		"injection": {func(w *activation.Webhook) {
			w.Headers = map[string]credentials.Secret{"X-A": credentials.NewSecret("1\r\nX-B: 2")}
		}, "line break"},
		"own header": {func(w *activation.Webhook) {
			w.Headers = map[string]credentials.Secret{"webhook-id": credentials.NewSecret("x")}
		}, "set by Muster"},
		"host": {func(w *activation.Webhook) {
			w.Headers = map[string]credentials.Secret{"HOST": credentials.NewSecret("x")}
		}, "set by Muster"},
		"short":        {func(w *activation.Webhook) { w.Timeout = time.Millisecond }, "timeout is 1ms"},
		"long":         {func(w *activation.Webhook) { w.Timeout = time.Hour }, "timeout is 1h"},
		"no authority": {func(w *activation.Webhook) { w.CAFile = "absent.pem" }, "ca_file"},
	} {
		w := good()
		test.change(&w)
		if err := Check(w); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// All mistakes come at once, and none shows a secret or a password.
func TestCheckTellsAllAndNoSecret(t *testing.T) {
	w := activation.Webhook{
		URL: "https://u:hunter2@example.com", Secrets: []credentials.Secret{credentials.NewSecret("whsec_hunter3")},
		Headers: map[string]credentials.Secret{"host": credentials.NewSecret("hunter4\n")}, CAFile: "absent.pem",
	}
	err := Check(w)
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 5 {
		t.Errorf("%d mistakes, want 5:\n%v", lines, err)
	}
	if strings.Contains(err.Error(), "hunter") {
		t.Errorf("a secret shows:\n%v", err)
	}
}
