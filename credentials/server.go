package credentials

import (
	"crypto/tls"
	"errors"
)

// ServerTLS is what this program shows to those who connect to it. The files
// are PEM, are read for every handshake, and hold at most 1 MB each. The zero
// value is plaintext.
type ServerTLS struct {
	// CertFile and KeyFile are the certificate, followed by those between it
	// and the authority, and its key. With them TLS 1.2 or later is all that
	// is spoken. Both or none. Default: empty.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// Enabled reports whether TLS is spoken.
func (t ServerTLS) Enabled() bool { return t.CertFile != "" }

// Validate returns what does not fit together. It reads no file; see Check.
func (t ServerTLS) Validate() error {
	switch {
	case t.KeyFile != "" && t.CertFile == "":
		return errors.New(fieldCert + ": the certificate of key_file is missing")
	case t.CertFile != "" && t.KeyFile == "":
		return errors.New(fieldKey + ": the key of cert_file is missing")
	}
	return nil
}

// Check reads the files and returns a *FileError when one can't be used.
func (t ServerTLS) Check() error {
	if !t.Enabled() {
		return nil
	}
	_, err := t.client().pair()
	return err
}

// Config returns what a listener needs, nil for plaintext.
func (t ServerTLS) Config() *tls.Config {
	if !t.Enabled() {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair, err := t.client().pair()
			if err != nil {
				return nil, err
			}
			return &pair, nil
		},
	}
}

// client has the same files.
func (t ServerTLS) client() TLS {
	return TLS{Enabled: true, CertFile: t.CertFile, KeyFile: t.KeyFile}
}
