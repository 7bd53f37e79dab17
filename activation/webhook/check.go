package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"muster/activation"
	"muster/credentials"
)

// Bounds of a Webhook.
const (
	shortestTimeout = 100 * time.Millisecond
	longestTimeout  = time.Minute
	leastSecret     = 24 // bytes
	mostSecret      = 64
	mostHeaders     = 50
	secretPrefix    = "whsec_"
)

// own are the headers that a destination can't set: those that are signed, or
// that HTTP itself needs.
var own = []string{
	"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding",
	"Host", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade", "Expect",
}

// Check returns everything that is wrong with a Webhook, in a fixed order.
func Check(w activation.Webhook) error {
	return errors.Join(checkURL(w.URL), checkSecrets(w.Secrets), checkHeaders(w.Headers), checkTimeout(w.Timeout), checkAuthority(w.CAFile))
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("url can't be read: write it as https://example.com/hooks/muster")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("url has the scheme %q: write http or https", u.Scheme)
	case u.Hostname() == "":
		return errors.New("url names no host")
	case u.User != nil:
		return errors.New("url holds a user or a password, which would show in logs: send them as a header")
	case u.Fragment != "":
		return fmt.Errorf("url has the fragment #%s, which is never sent: leave it out", u.Fragment)
	}
	return nil
}

func checkSecrets(secrets []credentials.Secret) error {
	if len(secrets) == 0 {
		return errors.New("secrets is empty: without one a receiver can't tell who has sent a message; make one with: " +
			"echo whsec_$(head -c 32 /dev/urandom | base64)")
	}
	var errs []error
	for i, s := range secrets {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), secretPrefix))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("secret %d is not whsec_ and base64", i+1))
		case len(raw) < leastSecret || len(raw) > mostSecret:
			errs = append(errs, fmt.Errorf("secret %d is of %d bytes, it must be of %d to %d", i+1, len(raw), leastSecret, mostSecret))
		}
	}
	return errors.Join(errs...)
}

func checkHeaders(headers map[string]credentials.Secret) error {
	var errs []error
	if len(headers) > mostHeaders {
		errs = append(errs, fmt.Errorf("headers are %d, at most %d are sent", len(headers), mostHeaders))
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			errs = append(errs, fmt.Errorf("%q can't be the name of a header", name))
		case slices.Contains(own, http.CanonicalHeaderKey(name)):
			errs = append(errs, fmt.Errorf("header %s is set by Muster: leave it out", name))
		case !httpguts.ValidHeaderFieldValue(headers[name].Reveal()):
			errs = append(errs, fmt.Errorf("header %s has a value with a line break or another control character", name))
		}
	}
	return errors.Join(errs...)
}

func checkTimeout(d time.Duration) error {
	if d < shortestTimeout || d > longestTimeout {
		return fmt.Errorf("timeout is %s, it must be from %s to %s", d, shortestTimeout, longestTimeout)
	}
	return nil
}

func checkAuthority(file string) error {
	if file == "" {
		return nil
	}
	_, err := authority(file)
	return err
}
