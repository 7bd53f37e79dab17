package access

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Guard is what a request has to get past.
type Guard struct {
	// Keys are the tokens that are good. Nil: none is needed. Then the guard
	// takes only requests that name this machine as their host, so that no
	// page in somebody's browser gets past by a name of its own that leads
	// here.
	Keys *Keys
	// Key finds the token in a request, "" if there is none. Default: Bearer.
	Key func(*http.Request) string
	// Refuse answers a request that does not get past. Default: Refusal.Write.
	Refuse func(http.ResponseWriter, *http.Request, *Refusal)
	// Anonymous is who asks where no token is needed.
	Anonymous *Holder
}

// Bearer returns the token of a request's header Authorization.
func Bearer(r *http.Request) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// BasicUser returns the user name of a request's basic authentication, where
// clients of the tracking API put their write key.
func BasicUser(r *http.Request) string {
	user, _, _ := r.BasicAuth()
	return user
}

// Wrap returns a handler that has next answer only who may do what scope says,
// and not too often. next finds who asks with HolderOf.
func (g *Guard) Wrap(scope Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		holder, refusal := g.admit(r, scope)
		if refusal == nil {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), holderKey{}, holder)))
			return
		}
		if g.Refuse != nil {
			g.Refuse(w, r, refusal)
			return
		}
		refusal.Write(w)
	})
}

type holderKey struct{}

// HolderOf returns who has made the request of a context, nil outside of a
// guard.
func HolderOf(ctx context.Context) *Holder {
	holder, _ := ctx.Value(holderKey{}).(*Holder)
	return holder
}

func (g *Guard) admit(r *http.Request, scope Scope) (*Holder, *Refusal) {
	holder, refusal := g.identify(r)
	switch {
	case refusal != nil:
		return nil, refusal
	case !holder.Allows(scope):
		return nil, &Refusal{
			Status: http.StatusForbidden, Holder: holder,
			Detail: fmt.Sprintf("The token %s has not the scope %s, which this needs.", holder.Name, scope),
			Remedy: fmt.Sprintf("Use a token with it; evaluator token create --scope %s makes one.", scope),
		}
	}
	if wait, ok := holder.Take(time.Now()); !ok {
		return nil, &Refusal{
			Status: http.StatusTooManyRequests, Holder: holder, Wait: wait,
			Detail: fmt.Sprintf("The token %s has asked more often than it may.", holder.Name),
			Remedy: "Wait as long as the header Retry-After says, or have api.rate raised.",
		}
	}
	return holder, nil
}

// identify finds out who asks.
func (g *Guard) identify(r *http.Request) (*Holder, *Refusal) {
	if g.Keys == nil {
		if !local(r.Host) {
			return nil, &Refusal{
				Status: http.StatusForbidden, Detail: fmt.Sprintf("The host %q is not this machine, and no token is asked for.", r.Host),
				Remedy: "Use localhost or 127.0.0.1, or set api.tokens_file in place of api.insecure.",
			}
		}
		return g.Anonymous, nil
	}
	find := g.Key
	if find == nil {
		find = Bearer
	}
	key := find(r)
	if key == "" {
		return nil, &Refusal{
			Status: http.StatusUnauthorized, Detail: "The request has no token.",
			Remedy: "Send the header Authorization: Bearer and a token; evaluator token create makes one.",
		}
	}
	holder := g.Keys.Find(key)
	if holder == nil {
		return nil, &Refusal{
			Status: http.StatusUnauthorized, Detail: "The token is not one of this deployment's.",
			Remedy: "Compare the SHA-256 of the token with the lines of api.tokens_file; evaluator token create makes a new one.",
		}
	}
	return holder, nil
}

// local reports whether the host of a request is this machine by a name that
// nobody else can give to it.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// Refusal is why a request does not get past.
type Refusal struct {
	Status int
	Detail string        // what is wrong
	Remedy string        // what to do
	Wait   time.Duration // until asking again makes sense; 0 for never
	Holder *Holder       // who asks; nil if that is not known
}

// SetHeaders sets the headers that belong to the answer.
func (r *Refusal) SetHeaders(h http.Header) {
	if r.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="muster"`)
	}
	if r.Wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(r.Wait.Seconds()))))
	}
}

// Write answers with a problem of RFC 9457.
func (r *Refusal) Write(w http.ResponseWriter) {
	r.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(r.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that went away is no concern
		"status": r.Status, "title": http.StatusText(r.Status), "detail": r.Detail + " " + r.Remedy,
	})
}
