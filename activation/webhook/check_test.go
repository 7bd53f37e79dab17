package webhook

import (
	"errors"
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

// hiding makes secrets of the values of headers.
func hiding(values map[string]string) map[string]credentials.Secret {
	headers := map[string]credentials.Secret{}
	for name, value := range values {
		headers[name] = credentials.NewSecret(value)
	}
	return headers
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
		"not base64":   {func(w *activation.Webhook) { w.Secrets[0] = credentials.NewSecret("whsec_%%") }, "secrets: number 1 is not"},
		"short secret": {func(w *activation.Webhook) { w.Secrets[0] = credentials.NewSecret("whsec_AAAA") }, "of 3 bytes"},
		"header name":  {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"a b": "x"}) }, `"a b"`},
		"injection":    {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A": "1\r\nX-B: 2"}) }, "line break"},
		"own header":   {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"webhook-id": "x"}) }, "set by Muster"},
		"host":         {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"HOST": "x"}) }, "set by Muster"},
		"short":        {func(w *activation.Webhook) { w.Timeout = time.Millisecond }, "timeout is 1ms"},
		"long":         {func(w *activation.Webhook) { w.Timeout = time.Hour }, "timeout is 1h"},
		"no prefix":    {func(w *activation.Webhook) { w.Secrets[0] = credentials.NewSecret(goodSecret[6:]) }, "secrets: number 1 is not"},
		"long secret":  {func(w *activation.Webhook) { w.Secrets[0] = credentials.NewSecret("whsec_" + strings.Repeat("A", 88)) }, "of 66 bytes"},
		"port":         {func(w *activation.Webhook) { w.URL = "https://example.com:65536" }, "port 65536"},
		"port 0":       {func(w *activation.Webhook) { w.URL = "https://example.com:0" }, "port 0"},
		"NUL":          {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A": "1\x00"}) }, "control character"},
		"CR":           {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A": "1\r"}) }, "line break"},
		"LF":           {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A": "1\nX-B: 2"}) }, "line break"},
		"LF in name":   {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A\nX-B": "1"}) }, "can't be the name"},
		"NUL in name":  {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A\x00": "1"}) }, "can't be the name"},
		"no name":      {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"": "1"}) }, "can't be the name"},
		"other signed": {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"wEBHOOK-anything": "x"}) }, "set by Muster"},
		"length":       {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"content-length": "0"}) }, "set by Muster"},
		"encoding":     {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"Transfer-encoding": "chunked"}) }, "set by Muster"},
		"two cases":    {func(w *activation.Webhook) { w.Headers = hiding(map[string]string{"X-A": "1", "x-a": "2"}) }, "x-a stands twice"},
		"no end":       {func(w *activation.Webhook) { w.CAFile = "/dev/zero" }, "more than 1048576 bytes"},
		"no PEM":       {func(w *activation.Webhook) { w.CAFile = "check.go" }, "no certificate"},
		"no authority": {func(w *activation.Webhook) { w.CAFile = "absent.pem" }, "ca_file"},
	} {
		w := good()
		test.change(&w)
		err := Check(w)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q alone", name, err, test.want)
		}
		if s, again := New(w, "muster/test"); s != nil || again == nil {
			t.Errorf("%s: a sender is made, error %v", name, again)
		}
	}
}

// All mistakes come at once, in one order, each at its setting, and none shows
// a secret or a password.
func TestCheckTellsAllAndNoSecret(t *testing.T) {
	w := activation.Webhook{
		URL:     "ftp://u:hunter2@example.com?token=hunter2#hunter2",
		Secrets: []credentials.Secret{credentials.NewSecret("whsec_hunter3"), credentials.NewSecret("hunter3")},
		Headers: hiding(map[string]string{"host": "hunter4\n", "Authorization: hunter4": "hunter4", "X-A": "hunter4", "x-a": "hunter4"}), CAFile: "absent.pem",
	}
	want := []string{
		"url holds a user", "url has a fragment", `url has the scheme "ftp"`, "secrets: number 1", "secrets: number 2",
		`headers: "Authorization"`, "headers: host is set", "headers: host has a value", "headers: x-a stands twice", "timeout is 0s", "ca_file",
	}
	for range 20 { // a map has another order each time
		err := Check(w)
		var all interface{ Unwrap() []error }
		if !errors.As(err, &all) || len(all.Unwrap()) != len(want) {
			t.Fatalf("got\n%v\nwant %d mistakes", err, len(want))
		}
		for i, one := range all.Unwrap() {
			if !strings.HasPrefix(one.Error(), want[i]) {
				t.Errorf("mistake %d is %q, want %q", i, one, want[i])
			}
		}
		if strings.Contains(err.Error(), "hunter") {
			t.Fatalf("a secret shows:\n%v", err)
		}
	}
}
