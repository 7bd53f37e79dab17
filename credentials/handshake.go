package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// HandshakeError is returned when no TLS connection comes about, or a server
// that was not asked for one seems to expect it. Trying again rarely helps
// before somebody has changed a certificate or the configuration.
type HandshakeError struct {
	Address string // of the server
	Advice  string // what to do
	Err     error  // what went wrong
}

// Error says with whom, what to do and what went wrong.
func (e *HandshakeError) Error() string { return fmt.Sprintf("%s (%v)", e.lead(), e.Err) }

func (e *HandshakeError) lead() string { return e.Address + ": " + e.Advice }

// Unwrap returns what went wrong, as a list of one: go-redis takes what wraps
// a single error off the errors of new connections, and the advice with it.
func (e *HandshakeError) Unwrap() []error { return []error{e.Err} }

// explain adds what to do. What may pass by itself stays as it is.
func (t TLS) explain(address string, err error) error {
	if advice := t.advice(err); advice != "" {
		return &HandshakeError{Address: address, Advice: advice, Err: err}
	}
	if hungUp(err) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return &noAnswer{address, err}
	}
	return fmt.Errorf("connecting to %s with TLS: %w", address, err)
}

// noAnswer says that a server left a handshake without one. Most often the port
// is a plaintext one; it may also be about to go down, so trying again can help.
type noAnswer struct {
	address string
	err     error
}

// Error begins with what to do.
func (e *noAnswer) Error() string { return fmt.Sprintf("%s (%v)", e.lead(), e.err) }

// Unwrap returns what went wrong.
func (e *noAnswer) Unwrap() error { return e.err }

func (e *noAnswer) lead() string {
	return e.address + ": the server does not answer TLS, as if this were its plaintext port; use its TLS port, or set tls.enabled to false"
}

// Lead returns what an error of connecting comes down to: with whom, and what
// to do. What was being done meanwhile stands before it in the error's text,
// and is of less use to whoever has to mend it. It returns "" for an error
// that is not about TLS.
func Lead(err error) string {
	var leading interface {
		error
		lead() string
	}
	if errors.As(err, &leading) {
		return leading.lead()
	}
	return ""
}

// hungUp reports whether the server closed the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (t TLS) advice(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		if t.CAFile == "" {
			return "the machine does not know the authority that signed the server's certificate; name its file in tls.ca_file"
		}
		return "the authority that signed the server's certificate is not in " + t.CAFile + " (tls.ca_file)"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the server's certificate, or set this machine's clock"
	case errors.As(err, &host):
		return "connect by a name that the server's certificate is valid for, or set tls.server_name to one"
	case errors.As(err, &header):
		return "the server does not speak TLS on this port; use its TLS port, or set tls.enabled to false"
	case refused(err):
		return t.refusal(err)
	}
	var verification *tls.CertificateVerificationError
	if errors.As(err, &verification) {
		return "the server's certificate can't be trusted; replace it"
	}
	return ""
}

// refused reports whether the other side ended the connection with an alert.
// The alert has no exported type.
func refused(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "remote error"
}

func (t TLS) refusal(err error) string {
	switch {
	case !strings.Contains(err.Error(), "certificate") && !strings.Contains(err.Error(), "handshake failure"):
		return "the server ended the TLS connection; its log may say why"
	case t.CertFile == "":
		return "the server asks for a certificate; set tls.cert_file and tls.key_file"
	}
	return "the server does not accept the certificate in " + t.CertFile + " (tls.cert_file); renew it, or have its authority trusted by the server"
}

// suspicion is what it may mean that a server hangs up after the handshake.
func (t TLS) suspicion() string {
	if t.CertFile == "" {
		return "if it asks for a certificate, set tls.cert_file and tls.key_file"
	}
	return "it may not accept the certificate in " + t.CertFile + " (tls.cert_file); its log says so"
}

// hangUp says that a server ended a connection before its first answer. It does not wrap io.EOF, because kafka-go replaces
// whatever does by an error of its own.
type hangUp struct{ address, suspicion string }

// Error says what it may mean.
func (h hangUp) Error() string { return h.lead() }

func (h hangUp) lead() string {
	return h.address + ": the server hung up before its first answer; " + h.suspicion
}

// Timeout is false; together with Temporary it makes this a net.Error.
func (hangUp) Timeout() bool { return false }

// Temporary is true, as the server may be about to go down or to come up.
func (hangUp) Temporary() bool { return true }

// What begins an alert of TLS: its kind and the major version.
const (
	alertKind    = 21
	majorVersion = 3
)

var errSpeaksTLS = errors.New("the server answered with an alert of TLS")

// explainFirst looks at the first answer on a plaintext connection.
func explainFirst(address string, answer []byte, err error) error {
	switch {
	case len(answer) >= 2 && answer[0] == alertKind && answer[1] == majorVersion:
		return &HandshakeError{Address: address, Advice: "set tls.enabled to true, or use the server's plaintext port", Err: errSpeaksTLS}
	case hungUp(err):
		return hangUp{address, "if this port expects TLS, set tls.enabled to true"}
	}
	return err
}
