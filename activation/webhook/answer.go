package webhook

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"muster/activation"
)

// mostAnswer bounds what is read of an answer: enough for any that is meant,
// so that the connection can be used again.
const mostAnswer = 64 << 10

// judge says what an answer means for the message.
func judge(response *http.Response, now time.Time) activation.Answer {
	// What the body says is not looked at. One that breaks off has still said
	// its status.
	_, _ = io.CopyN(io.Discard, response.Body, mostAnswer)
	answer := activation.Answer{Status: response.StatusCode, Reason: response.Status}
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		answer.Verdict, answer.Reason = activation.Delivered, ""
	case status == http.StatusGone:
		answer.Verdict = activation.Gone
	case status >= 300 && status < 400:
		answer.Verdict = activation.Deferred
		answer.Reason += ": redirects are not followed, set webhook.url to where it leads"
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500, status < 200:
		answer.Verdict = activation.Deferred
		answer.After = retryAfter(response.Header.Get("Retry-After"), now)
	default:
		answer.Verdict = activation.Refused
	}
	return answer
}

// retryAfter reads the header of that name, in seconds or as a date, and
// returns 0 for one that says nothing.
func retryAfter(text string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		d = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), activation.MaxAfter)
}

// explain says in a few words why there was no answer. The URL is left out: a
// query may hold a secret.
func explain(err error, timeout time.Duration) string {
	var forbidden *forbiddenError
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var whole *url.Error
	switch {
	case errors.As(err, &forbidden):
		return forbidden.Error()
	case errors.As(err, &certificate):
		return shorten(fmt.Sprintf("the certificate is not trusted: renew it, or set webhook.ca_file (%v)", certificate.Err))
	case errors.As(err, &name):
		return shorten(fmt.Sprintf("the host %s has no address", name.Name))
	case os.IsTimeout(err):
		return fmt.Sprintf("no answer within %s", timeout)
	case errors.As(err, &whole):
		return shorten(whole.Err.Error())
	}
	return "no answer"
}

// mostReason bounds a reason, in bytes.
const mostReason = 200

func shorten(text string) string {
	if len(text) > mostReason {
		return text[:mostReason-3] + "..."
	}
	return text
}
