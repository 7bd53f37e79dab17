package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"muster/activation"
)

const (
	// mostHeaderBytes bounds the headers of an answer.
	mostHeaderBytes = 64 << 10
	// idleConnections bounds the connections that are kept to a destination.
	// It is about what the shards of a process use at once: those beyond it are
	// dialled anew for each message.
	idleConnections = 256
	idleTimeout     = 90 * time.Second
	// mostAuthority bounds a file of certificates, in bytes.
	mostAuthority = 1 << 20
)

// client makes requests through a dialer that checks each address. It uses no
// proxy: a proxy would be dialled in place of the destination, and could reach
// what must not be reached.
func client(to activation.Webhook, dialer *net.Dialer) (*http.Client, error) {
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if to.CAFile != "" {
		var err error
		if trusted.RootCAs, err = authority(to.CAFile); err != nil {
			return nil, err
		}
	}
	return &http.Client{
		Timeout: to.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: trusted, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: mostHeaderBytes, MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: idleTimeout,
			// Else the bound on an answer would be on what it unpacks to.
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// authority reads the certificates of a file.
func authority(name string) (*x509.CertPool, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("ca_file can't be read: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostAuthority+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("ca_file can't be read: %w", err)
	case len(text) > mostAuthority:
		return nil, fmt.Errorf("ca_file %s has more than %d bytes", name, mostAuthority)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file %s has no certificate in PEM", name)
	}
	return pool, nil
}
