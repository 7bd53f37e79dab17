package webhook

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/activation"
)

// secured is a server whose certificate is changed, and the file that has it.
func secured(t *testing.T, handle http.HandlerFunc, change func(*x509.Certificate, *tls.Config)) (url, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	config := &tls.Config{}
	if change != nil {
		change(certificate, config)
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	server := httptest.NewUnstartedServer(handle)
	server.TLS, server.EnableHTTP2 = config, true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, file
}

func TestCertificates(t *testing.T) {
	taken := func(http.ResponseWriter, *http.Request) {}
	for name, test := range map[string]struct {
		change  func(*x509.Certificate, *tls.Config)
		unknown bool
		want    string
	}{
		"unknown authority": {nil, true, "set webhook.ca_file"},
		"one's own":         {nil, false, ""},
		"another host":      {func(c *x509.Certificate, _ *tls.Config) { c.IPAddresses, c.DNSNames = nil, []string{"hunter2.example"} }, false, "for another host"},
		"expired":           {func(c *x509.Certificate, _ *tls.Config) { c.NotAfter = c.NotBefore.Add(time.Second) }, false, "renew it"},
		"not yet":           {func(c *x509.Certificate, _ *tls.Config) { c.NotBefore = c.NotBefore.Add(90 * time.Minute) }, false, "set the clock right"},
		"TLS 1.1": {func(_ *x509.Certificate, c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		}, false, "1.2 is the least"},
	} {
		url, file := secured(t, taken, test.change)
		got := sender(t, url, func(w *activation.Webhook) {
			if !test.unknown {
				w.CAFile = file
			}
		}).Send(t.Context(), message)
		want := activation.Deferred
		if test.want == "" {
			want = activation.Delivered
		}
		if got.Verdict != want || !strings.Contains(got.Reason, test.want) || strings.Contains(got.Reason, "hunter") {
			t.Errorf("%s gives %+v, want %q", name, got, test.want)
		}
	}
	plain := httptest.NewServer(http.HandlerFunc(taken))
	defer plain.Close()
	got := sender(t, strings.Replace(plain.URL, "http:", "https:", 1), nil).Send(t.Context(), message)
	if got.Verdict != activation.Deferred || !strings.Contains(got.Reason, "write http in webhook.url") {
		t.Errorf("a server without TLS gives %+v", got)
	}
}

// HTTP/2 is spoken where the server can, and has the same bounds.
func TestHTTP2(t *testing.T) {
	read := make(chan struct{})
	url, file := secured(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it was asked by %s", r.Proto)
		}
		if r.URL.Path == "/long" {
			pour(t, w, read)
		}
	}, nil)
	for _, path := range []string{"/", "/long"} {
		got := sender(t, url+path, func(w *activation.Webhook) { w.CAFile = file }).Send(t.Context(), message)
		if got.Verdict != activation.Delivered {
			t.Errorf("%s gives %+v", path, got)
		}
	}
	<-read
}
