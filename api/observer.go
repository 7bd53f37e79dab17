package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/api/access"
)

// Observer watches the API from outside, for metrics. Any func may be nil. They
// are called from many goroutines and must not block.
type Observer struct {
	// Answered is called for each request.
	Answered func(Answered)
	// Refused is called for each request that did not get past the guard, with
	// one of the reasons below and the name of the token, "" if that is not
	// known.
	Refused func(reason, token string)
	// Streams is called with the number of change streams that are open, each
	// time that it changes.
	Streams func(open int)
	// Reconnected is called for each change stream whose client is told to
	// connect again, with one of the causes below. It is not called for those
	// that end with the server, which look as those do whose client has gone.
	Reconnected func(cause string)
}

// Answered is a request that was answered.
type Answered struct {
	// Route is the pattern of the path, and Method that of the request: both of
	// few kinds, whatever clients send.
	Route, Method string
	Status        int // 499 where the client went away before there was one
	Took          time.Duration
	// Long says that the answer goes on for as long as its client wants.
	Long bool
}

// Why a request is refused.
const (
	RefusedToken = "token" // no token, or one that is not known
	RefusedScope = "scope" // the token has not the scope
	RefusedLimit = "limit" // the token has asked more often than it may
)

// Why a client is told to connect again.
const (
	ReconnectOldest = "oldest" // others are newer, see Config.Streams
	ReconnectAged   = "aged"   // the stream was open for long
	ReconnectFailed = "failed" // what has changed can't be read
)

// statusGone is what Answered has for a client that went away.
const statusGone = 499

// elsewhere stands for all that is no route or method of the API.
const elsewhere = "other"

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// answered tells of a request.
func (o *Observer) answered(r *http.Request, one *request, a *answer, took time.Duration) {
	if o.Answered == nil {
		return
	}
	told := Answered{Route: elsewhere, Method: elsewhere, Status: a.status, Took: took, Long: one.long.Load()}
	if route := r.Pattern[strings.Index(r.Pattern, " ")+1:]; route != "/" && route != "" {
		told.Route = route
	}
	if slices.Contains(methods, r.Method) {
		told.Method = r.Method
	}
	switch {
	case told.Status == 0 && r.Context().Err() != nil:
		told.Status = statusGone
	case told.Status == 0:
		told.Status = http.StatusOK // which net/http sends
	}
	o.Answered(told)
}

// refused tells of a request that did not get past the guard.
func (o *Observer) refused(refusal *access.Refusal) {
	if o.Refused == nil {
		return
	}
	reason, token := RefusedToken, ""
	if refusal.Holder != nil {
		token, reason = refusal.Holder.Name, RefusedScope
	}
	if refusal.Status == http.StatusTooManyRequests {
		reason = RefusedLimit
	}
	o.Refused(reason, token)
}

func (o *Observer) streams(open int) {
	if o.Streams != nil {
		o.Streams(open)
	}
}

func (o *Observer) reconnected(cause string) {
	if o.Reconnected != nil && cause != "" {
		o.Reconnected(cause)
	}
}

// goesOn notes that the answer to a request goes on for as long as its client
// wants: how long it took says nothing about the server.
func goesOn(ctx context.Context) {
	if one := requestFrom(ctx); one != nil {
		one.long.Store(true)
	}
}
