package credentials_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/credentials"
	"muster/test/kit/certificates"
)

// fixture is an authority, a certificate for localhost and one for clients.
type fixture struct {
	*certificates.Authority
	server, client certificates.Pair
	folder         string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{folder: t.TempDir()}
	var err error
	if f.Authority, err = certificates.New(f.folder, "authority"); err != nil {
		t.Fatal(err)
	}
	f.server = f.issue(t, "server", time.Now().Add(time.Hour), "localhost")
	f.client = f.issue(t, "client", time.Now().Add(time.Hour))
	return f
}

func (f *fixture) issue(t *testing.T, name string, until time.Time, hosts ...string) certificates.Pair {
	t.Helper()
	pair, err := f.Issue(name, until, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// serve echoes lines and returns localhost:port. It asks for a client's
// certificate if mutual.
func (f *fixture) serve(t *testing.T, server certificates.Pair, mutual bool) string {
	t.Helper()
	config, err := f.TLS(server)
	if err != nil {
		t.Fatal(err)
	}
	if !mutual {
		config.ClientAuth = tls.NoClientCert
	}
	return listen(t, func(l net.Listener) net.Listener { return tls.NewListener(l, config) })
}

func listen(t *testing.T, wrap func(net.Listener) net.Listener) string {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := wrap(plain)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go echo(c)
		}
	}()
	_, port, _ := net.SplitHostPort(plain.Addr().String())
	return "localhost:" + port
}

// echo hangs up on what is longer than a line of a text, as servers do on
// what is not their protocol.
func echo(c net.Conn) {
	defer c.Close()
	line, err := bufio.NewReaderSize(c, 64).ReadSlice('\n')
	if err == nil {
		_, _ = c.Write(line)
	}
}

// talk connects, sends a line and returns the answer.
func talk(ctx context.Context, way credentials.TLS, address string) (string, error) {
	c, err := way.Over((&net.Dialer{}).DialContext)(ctx, "tcp4", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}

func TestTLSConnects(t *testing.T) {
	f := newFixture(t)
	for name, one := range map[string]struct {
		way     credentials.TLS
		address string
	}{
		"plaintext":   {credentials.TLS{}, listen(t, func(l net.Listener) net.Listener { return l })},
		"tls":         {credentials.TLS{Enabled: true, CAFile: f.File}, f.serve(t, f.server, false)},
		"mutual":      {credentials.TLS{Enabled: true, CAFile: f.File, CertFile: f.client.CertFile, KeyFile: f.client.KeyFile}, f.serve(t, f.server, true)},
		"server name": {credentials.TLS{Enabled: true, CAFile: f.File, ServerName: "other"}, f.serve(t, f.issue(t, "other", time.Now().Add(time.Hour), "other"), false)},
	} {
		if answer, err := talk(t.Context(), one.way, one.address); err != nil || answer != "hello\n" {
			t.Errorf("%s: %q, %v", name, answer, err)
		}
	}
}

// Every reason why no connection comes about says what to do.
func TestHandshakeErrorsAdvise(t *testing.T) {
	f := newFixture(t)
	soon := time.Now().Add(time.Hour)
	other, err := certificates.New(t.TempDir(), "other-authority")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Issue("foreign", soon)
	if err != nil {
		t.Fatal(err)
	}
	way := credentials.TLS{Enabled: true, CAFile: f.File}
	mutual := func(p certificates.Pair) credentials.TLS {
		return credentials.TLS{Enabled: true, CAFile: f.File, CertFile: p.CertFile, KeyFile: p.KeyFile}
	}
	for name, one := range map[string]struct {
		way     credentials.TLS
		address string
		want    string
	}{
		"unknown to the file":    {credentials.TLS{Enabled: true, CAFile: other.File}, f.serve(t, f.server, false), other.File + " (tls.ca_file)"},
		"unknown to the machine": {credentials.TLS{Enabled: true}, f.serve(t, f.server, false), "name its file in tls.ca_file"},
		"expired":                {way, f.serve(t, f.issue(t, "old", time.Now().Add(-time.Minute), "localhost"), false), "renew the server's certificate"},
		"another host":           {way, f.serve(t, f.issue(t, "elsewhere", soon, "elsewhere"), false), "valid for, or set tls.server_name"},
		"no certificate":         {way, f.serve(t, f.server, true), "set tls.cert_file and tls.key_file"},
		"expired client":         {mutual(f.issue(t, "gone", time.Now().Add(-time.Minute))), f.serve(t, f.server, true), "does not accept the certificate in " + f.folder},
		"foreign client":         {mutual(foreign), f.serve(t, f.server, true), "does not accept the certificate in " + foreign.CertFile},
	} {
		_, err := talk(t.Context(), one.way, one.address)
		var handshake *credentials.HandshakeError
		if !errors.As(err, &handshake) || !strings.Contains(err.Error(), one.want) || !strings.HasPrefix(credentials.Lead(err), one.address+": ") {
			t.Errorf("%s: %v\nwant %s", name, err, one.want)
		}
	}
}

// Some servers answer plaintext with an alert.
func TestAnAlertIsRecognisedOnPlaintext(t *testing.T) {
	address := listen(t, func(l net.Listener) net.Listener { return alerting{l} })
	_, err := talk(t.Context(), credentials.TLS{}, address)
	var handshake *credentials.HandshakeError
	if !errors.As(err, &handshake) || !strings.Contains(err.Error(), "set tls.enabled to true") {
		t.Errorf("got %v", err)
	}
}

type alerting struct{ net.Listener }

func (l alerting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		_, _ = c.Write([]byte{21, 3, 1, 0, 2, 2, 70})
	}
	return c, err
}

// A server that only hangs up may be one that goes down, so it is no
// HandshakeError.
func TestHangingUpHintsAtTLS(t *testing.T) {
	talkative := listen(t, func(l net.Listener) net.Listener { return l })
	_, err := talk(t.Context(), credentials.TLS{Enabled: true}, talkative)
	if lead := credentials.Lead(err); !strings.HasPrefix(lead, talkative+": the server does not answer TLS") ||
		!strings.HasPrefix(err.Error(), lead) || !strings.Contains(lead, "set tls.enabled to false") {
		t.Errorf("TLS on a plaintext port: %v", err)
	}
	f := newFixture(t)
	config, err := f.TLS(f.server)
	if err != nil {
		t.Fatal(err)
	}
	config.ClientAuth = tls.NoClientCert
	curt := listen(t, func(l net.Listener) net.Listener { return curt{tls.NewListener(l, config)} })
	_, err = talk(t.Context(), credentials.TLS{Enabled: true, CAFile: f.File}, curt)
	if err == nil || !strings.Contains(err.Error(), "set tls.cert_file and tls.key_file") {
		t.Errorf("a server that hangs up after the handshake: %v", err)
	}
	silent := listen(t, func(l net.Listener) net.Listener { return hangingUp{l} })
	_, err = talk(t.Context(), credentials.TLS{}, silent)
	var network net.Error
	if !errors.As(err, &network) || !strings.Contains(err.Error(), "if this port expects TLS") || errors.Is(err, io.EOF) {
		t.Errorf("a server that hangs up: %v", err)
	}
}

// curt hangs up after the handshake.
type curt struct{ net.Listener }

func (l curt) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		_ = c.(*tls.Conn).Handshake()
		_ = c.Close()
	}
	return c, err
}

type hangingUp struct{ net.Listener }

func (l hangingUp) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		_ = c.(*net.TCPConn).CloseWrite()
	}
	return c, err
}

// The next connection takes what the files hold then.
func TestFilesAreReadForEveryConnection(t *testing.T) {
	f := newFixture(t)
	address := f.serve(t, f.server, true)
	way := credentials.TLS{Enabled: true, CAFile: f.File, CertFile: f.client.CertFile, KeyFile: f.client.KeyFile}
	f.issue(t, "client", time.Now().Add(-time.Minute))
	if _, err := talk(t.Context(), way, address); err == nil {
		t.Fatal("an expired certificate is taken")
	}
	f.issue(t, "client", time.Now().Add(time.Hour))
	if _, err := talk(t.Context(), way, address); err != nil {
		t.Errorf("after the certificate was renewed: %v", err)
	}
	if err := os.Remove(f.client.KeyFile); err != nil {
		t.Fatal(err)
	}
	var missing *credentials.FileError
	if _, err := talk(t.Context(), way, address); !errors.As(err, &missing) || missing.Field != "tls.key_file" {
		t.Errorf("after the key was removed: %v", err)
	}
}

func TestTLSNamesWhatIsWrong(t *testing.T) {
	f := newFixture(t)
	for want, way := range map[string]credentials.TLS{
		"tls.enabled: it is false": {CAFile: f.File},
		"tls.key_file: the key":    {Enabled: true, CertFile: f.client.CertFile},
		"tls.cert_file: the cert":  {Enabled: true, KeyFile: f.client.KeyFile},
	} {
		if err := way.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v", way, err)
		}
	}
	for field, way := range map[string]credentials.TLS{
		"tls.ca_file: open /none":                      {Enabled: true, CAFile: "/none"},
		"tls.ca_file: " + f.client.KeyFile + " holds":  {Enabled: true, CAFile: f.client.KeyFile},
		"tls.cert_file: open /none":                    {Enabled: true, CertFile: "/none", KeyFile: f.client.KeyFile},
		"tls.key_file: open /none":                     {Enabled: true, CertFile: f.client.CertFile, KeyFile: "/none"},
		"tls.cert_file: " + f.client.CertFile + " and": {Enabled: true, CertFile: f.client.CertFile, KeyFile: f.server.KeyFile},
	} {
		if err := way.Check(); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%+v: %v\nwant %s", way, err, field)
		}
	}
	good := credentials.TLS{Enabled: true, CAFile: f.File, CertFile: f.client.CertFile, KeyFile: f.client.KeyFile}
	if err := errors.Join(good.Validate(), good.Check(), credentials.TLS{}.Validate(), credentials.TLS{}.Check()); err != nil {
		t.Error(err)
	}
}

// The Redis client looks at idle connections through the socket.
func TestAPlaintextConnectionShowsItsSocket(t *testing.T) {
	c, err := credentials.TLS{}.Over((&net.Dialer{}).DialContext)(t.Context(), "tcp4", listen(t, func(l net.Listener) net.Listener { return l }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, ok := c.(syscall.Conn); !ok {
		t.Error("it does not")
	}
}
