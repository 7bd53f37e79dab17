package webhook

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/activation"
)

// raw listens and has each connection answered by a function, which gets the
// request as it came. It is for what no HTTP server would say.
func raw(t *testing.T, answer func(conn net.Conn, request string)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn, readHead(conn))
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// readHead returns the first line and the headers of a request.
func readHead(conn net.Conn) string {
	var head strings.Builder
	for lines := bufio.NewReader(conn); ; {
		line, err := lines.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String()
		}
	}
}

// A reason is stored, logged and printed. A server that repeats what it was
// sent must not bring the query or a header into it.
func TestReasonsRepeatNothingOfTheRequest(t *testing.T) {
	flat := strings.NewReplacer("\r", "", "\n", " ")
	for name, answer := range map[string]func(string) string{
		"as the status":        func(r string) string { return "HTTP/1.1 500 " + flat.Replace(r) + "\r\nContent-Length: 0\r\n\r\n" },
		"as a refusal":         func(r string) string { return "HTTP/1.1 400 " + flat.Replace(r) + "\r\nContent-Length: 0\r\n\r\n" },
		"as a redirect":        func(r string) string { return "HTTP/1.1 302 " + flat.Replace(r) + "\r\nContent-Length: 0\r\n\r\n" },
		"as it came":           func(r string) string { return r },
		"as a broken header":   func(r string) string { return "HTTP/1.1 200 OK\r\n" + flat.Replace(r) + "\r\n\r\n" },
		"as a length":          func(r string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + flat.Replace(r) + "\r\n\r\n" },
		"as the encoding":      func(r string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + flat.Replace(r) + "\r\n\r\n" },
		"with a long status":   func(string) string { return "HTTP/1.1 500 " + strings.Repeat("\u00e9", 9999) + "\r\n\r\n" },
		"with control letters": func(string) string { return "HTTP/1.1 500 \x1b[2J\x07\r\n\r\n" },
		"with headers over":    func(string) string { return "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n" },
		"with nothing":         func(string) string { return "" },
	} {
		url := raw(t, func(conn net.Conn, request string) { _, _ = conn.Write([]byte(answer(request))) })
		s := sender(t, url+"/hook?token=hunter2", func(w *activation.Webhook) {
			w.Headers = hiding(map[string]string{"Authorization": "Bearer hunter3"})
		})
		got := s.Send(t.Context(), message)
		if got.Reason == "" || strings.Contains(got.Reason, "hunter") || strings.ContainsAny(got.Reason, "\x1b\x07") ||
			utf8.RuneCountInString(got.Reason) > mostReason || !utf8.ValidString(got.Reason) {
			t.Errorf("repeated %s: %.300q", name, got.Reason)
		}
		if want := map[bool]activation.Verdict{true: activation.Refused, false: activation.Deferred}[name == "as a refusal"]; got.Verdict != want {
			t.Errorf("repeated %s: verdict %d, want %d", name, got.Verdict, want)
		}
	}
}

// With 101 net/http leaves the connection to its caller, and no timeout ends
// it. Send must not wait for what it says.
func TestSwitchingProtocolsDoesNotHold(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	url := raw(t, func(conn net.Conn, _ string) {
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"))
		<-release
	})
	got := sender(t, url, nil).Send(t.Context(), message)
	if got.Verdict != activation.Deferred || got.Status != http.StatusSwitchingProtocols {
		t.Errorf("got %+v", got)
	}
}

// Errors that no server brings about at will are explained as well, within the
// bound and in whole characters.
func TestExplain(t *testing.T) {
	long := strings.Repeat("\u00e9", 300)
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no such host": {&net.DNSError{Err: "no such host", Name: "example.com", IsNotFound: true}, "the host example.com has no address"},
		"long host":    {&net.DNSError{Err: "no such host", Name: long, IsNotFound: true}, "the host \u00e9"},
		"no resolver":  {&net.DNSError{Err: "server misbehaving", Name: "example.com"}, "see to the resolver"},
		"slow":         {&net.DNSError{Err: "i/o timeout", Name: "example.com", IsTimeout: true}, "no answer within 1m0s"},
		"given up":     {context.Canceled, "given up"},
		"alert":        {&net.OpError{Op: "remote error", Err: errors.New("tls: " + long)}, "it broke off TLS"},
		"others":       {errors.New("hunter2"), "can't be read as HTTP"},
	} {
		// As http.Client returns it.
		got := explain(&url.Error{Op: "Post", URL: "https://example.com?token=hunter2", Err: test.err}, patience)
		if !strings.Contains(got, test.want) || strings.Contains(got, "hunter") || utf8.RuneCountInString(got) > mostReason || !utf8.ValidString(got) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
