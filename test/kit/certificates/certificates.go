// Package certificates makes certificates for tests while they run: an
// authority, and what it signs, as PEM files.
//
// It promises that nothing it makes is trusted by anything but the test that
// is given the authority's file.
//
// The trap: Java's Kafka reads a certificate and its key from one file, Redis
// and Go from two. Pair writes all three.
package certificates

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority signs certificates.
type Authority struct {
	// File holds the authority's own certificate.
	File string

	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Pair is a certificate with its key, in files.
type Pair struct {
	CertFile string
	KeyFile  string
	BothFile string
}

// New makes an authority that keeps its files in folder, under its name.
func New(folder, name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making key of %s: %w", name, err)
	}
	a := &Authority{folder: folder, key: key, File: filepath.Join(folder, name+".pem")}
	a.certificate = template(name, time.Now().Add(time.Hour))
	a.certificate.IsCA, a.certificate.BasicConstraintsValid = true, true
	a.certificate.KeyUsage = x509.KeyUsageCertSign
	der, err := a.sign(a.certificate, key)
	if err != nil {
		return nil, err
	}
	return a, os.WriteFile(a.File, encode("CERTIFICATE", der), 0o600)
}

func template(name string, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    until.Add(-24 * time.Hour),
		NotAfter:     until,
	}
}

func (a *Authority) sign(c *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, c, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("signing certificate of %s: %w", c.Subject.CommonName, err)
	}
	return der, nil
}

// Issue signs a certificate for both sides of a connection, valid until a
// time, for hosts that are names or addresses. Its files are called after
// name; issuing the same name again replaces them in one step each.
func (a *Authority) Issue(name string, until time.Time, hosts ...string) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("making key of %s: %w", name, err)
	}
	c := template(name, until)
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, host)
		}
	}
	der, err := a.sign(c, key)
	if err != nil {
		return Pair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encoding key of %s: %w", name, err)
	}
	return a.write(name, encode("CERTIFICATE", der), encode("PRIVATE KEY", private))
}

func (a *Authority) write(name string, certificate, key []byte) (Pair, error) {
	path := func(end string) string { return filepath.Join(a.folder, name+end) }
	p := Pair{CertFile: path(".crt"), KeyFile: path(".key"), BothFile: path(".both.pem")}
	for file, text := range map[string][]byte{
		p.CertFile: certificate, p.KeyFile: key, p.BothFile: bytes.Join([][]byte{key, certificate}, nil),
	} {
		if err := os.WriteFile(file+".new", text, 0o600); err != nil {
			return Pair{}, err
		}
		if err := os.Rename(file+".new", file); err != nil {
			return Pair{}, err
		}
	}
	return p, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Pool returns the authorities to trust for trusting this one.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	text, err := os.ReadFile(a.File)
	if err == nil {
		pool.AppendCertsFromPEM(text)
	}
	return pool
}

// TLS returns the configuration of one side of connections in which both
// show a certificate of this authority.
func (a *Authority) TLS(own Pair) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(own.CertFile, own.KeyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
		RootCAs: a.Pool(), ClientCAs: a.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	}, nil
}
