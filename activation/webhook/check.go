package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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

// own are the headers that a destination can't set: those that HTTP itself
// needs. Nor can it set any that begins with ownPrefix, which are signed or
// would pass for it.
var own = []string{
	"Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Host", "Connection", "Keep-Alive",
	"Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "Te", "Trailer", "Upgrade", "Expect",
}

const ownPrefix = "Webhook-"

// Check returns everything that is wrong with a Webhook, in a fixed order:
// what errors.Join makes of one error for each mistake, which begins with the
// setting that it is about.
func Check(w activation.Webhook) error {
	return errors.Join(slices.Concat(checkURL(w.URL), checkSecrets(w.Secrets), checkHeaders(w.Headers), checkTimeout(w.Timeout), checkAuthority(w.CAFile))...)
}

func checkURL(text string) (errs []error) {
	u, err := url.Parse(text)
	if err != nil { // what it says would show the URL
		return []error{errors.New("url can't be read: write it as https://example.com/hooks/muster")}
	}
	if u.User != nil {
		errs = append(errs, errors.New("url holds a user or a password, which would show in logs: send them as a header"))
	}
	if u.Fragment != "" {
		errs = append(errs, errors.New("url has a fragment, what follows #, which is never sent: leave it out"))
	}
	switch port := u.Port(); {
	case u.Scheme != "https" && u.Scheme != "http":
		errs = append(errs, fmt.Errorf("url has the scheme %q: write http or https", u.Scheme))
	case u.Hostname() == "":
		errs = append(errs, errors.New("url names no host"))
	case port != "":
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			errs = append(errs, fmt.Errorf("url has the port %s: write one from 1 to 65535", port))
		}
	}
	return errs
}

func checkSecrets(secrets []credentials.Secret) (errs []error) {
	if len(secrets) == 0 {
		return []error{errors.New("secrets is empty: without one a receiver can't tell who has sent a message; make one with: " +
			"echo whsec_$(head -c 32 /dev/urandom | base64)")}
	}
	for i, s := range secrets {
		text, ok := strings.CutPrefix(s.Reveal(), secretPrefix)
		raw, err := base64.StdEncoding.DecodeString(text)
		switch {
		case !ok || err != nil:
			errs = append(errs, fmt.Errorf("secrets: number %d is not whsec_ and base64", i+1))
		case len(raw) < leastSecret || len(raw) > mostSecret:
			errs = append(errs, fmt.Errorf("secrets: number %d is of %d bytes, it must be of %d to %d", i+1, len(raw), leastSecret, mostSecret))
		}
	}
	return errs
}

func checkHeaders(headers map[string]credentials.Secret) (errs []error) {
	if len(headers) > mostHeaders {
		errs = append(errs, fmt.Errorf("headers are %d, at most %d are sent", len(headers), mostHeaders))
	}
	before := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		sent := http.CanonicalHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			// One that is a whole line may hold a secret.
			start, _, _ := strings.Cut(name, ":")
			errs = append(errs, fmt.Errorf("headers: %q can't be the name of one", start))
		case slices.Contains(own, sent), strings.HasPrefix(sent, ownPrefix):
			errs = append(errs, fmt.Errorf("headers: %s is set by Muster: leave it out", name))
		case before[sent]:
			errs = append(errs, fmt.Errorf("headers: %s stands twice, as its letters' case does not count: keep one", name))
		}
		if !httpguts.ValidHeaderFieldValue(headers[name].Reveal()) && httpguts.ValidHeaderFieldName(name) {
			errs = append(errs, fmt.Errorf("headers: %s has a value with a line break or another control character", name))
		}
		before[sent] = true
	}
	return errs
}

func checkTimeout(d time.Duration) []error {
	if d < shortestTimeout || d > longestTimeout {
		return []error{fmt.Errorf("timeout is %s, it must be from %s to %s", d, shortestTimeout, longestTimeout)}
	}
	return nil
}

func checkAuthority(file string) []error {
	if file == "" {
		return nil
	}
	if _, err := authority(file); err != nil {
		return []error{err}
	}
	return nil
}
