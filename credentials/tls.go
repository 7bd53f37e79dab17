package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// TLS says whether connections are encrypted, what a server has to show, and
// what this program shows. Files are PEM, are read for every connection, and
// hold at most 1 MB. The zero value is plaintext.
type TLS struct {
	// Enabled encrypts every connection, with TLS 1.2 or later. The server
	// must show a certificate that is valid for the host in its address; there
	// is no way to do without. Default: false.
	Enabled bool `yaml:"enabled"`
	// CAFile holds the authorities that may have signed the server's
	// certificate. Default: empty, for those of the machine.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are this program's certificate, followed by those
	// between it and the authority, and its key, for servers that ask for one
	// (mutual TLS). Both or none. Default: empty.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name that server certificates must be valid for when
	// it is not the host in the address. Default: empty.
	ServerName string `yaml:"server_name"`
}

// The fields that name files.
const (
	fieldCA   = "tls.ca_file"
	fieldCert = "tls.cert_file"
	fieldKey  = "tls.key_file"
)

// Validate returns what does not fit together, joined, in the order of the
// fields. It reads no file; see Check.
func (t TLS) Validate() error {
	var problems []error
	if !t.Enabled && (t != TLS{}) {
		problems = append(problems, errors.New("tls.enabled: it is false although other fields of tls are set"))
	}
	if t.KeyFile != "" && t.CertFile == "" {
		problems = append(problems, errors.New(fieldCert+": the certificate of key_file is missing"))
	}
	if t.CertFile != "" && t.KeyFile == "" {
		problems = append(problems, errors.New(fieldKey+": the key of cert_file is missing"))
	}
	return errors.Join(problems...)
}

// Check reads the files and returns a *FileError when one can't be used.
func (t TLS) Check() error {
	if !t.Enabled {
		return nil
	}
	_, err := t.load()
	return err
}

// load reads the files.
func (t TLS) load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		data, err := readFile(fieldCA, t.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, &FileError{fieldCA, fmt.Errorf("%s holds no certificate in PEM", t.CAFile)}
		}
	}
	if t.CertFile == "" {
		return config, nil
	}
	pair, err := t.pair()
	config.Certificates = []tls.Certificate{pair}
	return config, err
}

func (t TLS) pair() (tls.Certificate, error) {
	certificate, err := readFile(fieldCert, t.CertFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := readFile(fieldKey, t.KeyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, &FileError{fieldCert, fmt.Errorf("%s and %s: %w", t.CertFile, t.KeyFile, err)}
	}
	return pair, nil
}
