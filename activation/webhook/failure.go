package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// explain says in a few words why there was no answer. An error of net/http
// quotes what it could not read, and a server may have put there what it was
// sent, a secret header say. So a text is shown only where it is the system's
// or the standard library's own.
func explain(err error, timeout time.Duration) string {
	var forbidden *forbiddenError
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &forbidden):
		return forbidden.Error()
	case errors.As(err, &certificate):
		return "the certificate is not trusted: " + distrust(certificate.Err)
	case errors.Is(err, context.Canceled):
		return "the attempt was given up before there was an answer"
	case timedOut(err):
		return fmt.Sprintf("no answer within %s", timeout)
	case errors.As(err, &name):
		return unresolved(name)
	}
	return explainConnection(err)
}

// distrust says what to do about a certificate. The names in it are left out:
// whoever answers has chosen them.
func distrust(err error) string {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &host):
		return "it is for another host, write one of its hosts in webhook.url or have it issued for this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet, renew it or set the clock right"
	case errors.As(err, &unknown):
		return "its authority is not known, set webhook.ca_file to the authority's certificate"
	}
	return "have it issued anew for servers, or set webhook.ca_file to the authority's certificate"
}

// timedOut looks at the outermost error that knows, which net/http sees to.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func unresolved(err *net.DNSError) string {
	if err.IsNotFound {
		return shorten(fmt.Sprintf("the host %s has no address: write it right in webhook.url", err.Name))
	}
	return shorten(fmt.Sprintf("the host %s can't be looked up: see to the resolver", err.Name))
}

// explainConnection says what became of a connection.
func explainConnection(err error) string {
	var operation *net.OpError
	var number syscall.Errno
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "it does not speak TLS: write http in webhook.url, or have it speak TLS"
	case errors.As(err, &operation) && errors.As(operation.Err, &number):
		return shorten(operation.Error())
	case errors.As(err, &operation) && operation.Op == "remote error":
		return shorten("it broke off TLS, of which 1.2 is the least: " + operation.Err.Error())
	case strings.HasPrefix(innermost(err).Error(), "tls: "):
		return shorten("TLS, of which 1.2 is the least, did not come about: " + innermost(err).Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before there was an answer"
	}
	return "what it answered can't be read as HTTP: see that webhook.url is an endpoint for webhooks"
}

func innermost(err error) error {
	for {
		within := errors.Unwrap(err)
		if within == nil {
			return err
		}
		err = within
	}
}

// mostReason bounds a reason, in characters.
const mostReason = 200

func shorten(text string) string {
	if letters := []rune(text); len(letters) > mostReason {
		return string(letters[:mostReason-3]) + "..."
	}
	return text
}
