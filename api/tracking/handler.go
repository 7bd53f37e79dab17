package tracking

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"muster/api/access"
	"muster/event"
)

// Log is where events go.
type Log interface {
	// Append returns nil when all events are kept so that no single failure
	// loses one, in an order that is theirs for each profile. An event that
	// nobody knows the profile of has none, and must be kept too.
	Append(ctx context.Context, events []event.Routed) error
}

// Observer watches the package from outside, for logs and metrics. Any func may
// be nil. They are called from many goroutines and must not block.
type Observer struct {
	// Answered is called for every request with the status of its answer, the
	// events that it has put in the log, how many of these can't be used, and
	// how long it took.
	Answered func(status, events, rejected int, took time.Duration)
	// LogFailed is called when a request was answered with 503 because the log
	// did not take its events in time.
	LogFailed func(err error)
}

// Handler takes in events. It is an http.Handler for the paths that Patterns
// returns.
type Handler struct {
	config   Config
	log      Log
	observer Observer
	guard    access.Guard
	room     *semaphore.Weighted
	decoders sync.Pool // of *event.Decoder
	now      func() time.Time
	id       func() string
}

// New returns a Handler that puts events into a log, from whoever gets past the
// guard with the scope ingest. Where the guard looks for a key is replaced.
// limits are those that whoever reads the log has for events.
func New(config Config, log Log, guard access.Guard, limits event.Config, observer Observer) (*Handler, error) {
	if err := errors.Join(config.Validate(), limits.Validate()); err != nil {
		return nil, fmt.Errorf("making the tracking API: %w", err)
	}
	h := &Handler{
		config: config, log: log, observer: observer, guard: guard,
		room: semaphore.NewWeighted(int64(config.InFlight)), now: time.Now, id: rand.Text,
	}
	h.guard.Key = findKey
	h.decoders.New = func() any {
		d, _ := event.NewDecoder(limits) // which are valid
		d.ReadContext(nil)
		return d
	}
	return h, nil
}

// Patterns returns the paths that a server has to give to the Handler.
func Patterns() []string {
	var all []string
	for _, root := range roots {
		for name := range calls {
			all = append(all, root+name)
		}
	}
	slices.Sort(all)
	return all
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.now()
	a := &answer{ResponseWriter: w, status: http.StatusOK}
	if p := h.serve(a, r); p != nil {
		p.write(a)
	}
	if h.observer.Answered != nil {
		h.observer.Answered(a.status, a.events, a.rejected, h.now().Sub(began))
	}
}

// serve answers, or returns why it does not.
func (h *Handler) serve(a *answer, r *http.Request) *problem {
	kind, known := callOf(r.URL.Path)
	switch {
	case !known:
		return refuse(http.StatusNotFound, "There is no %s here; there are /v1/track, identify, page, screen, group, alias and batch.", r.URL.Path)
	case r.Method != http.MethodPost:
		a.Header().Set("Allow", http.MethodPost)
		return refuse(http.StatusMethodNotAllowed, "The method %s is not understood; use POST.", r.Method)
	}
	// What is no network connection has no deadlines, and needs none.
	_ = http.NewResponseController(a).SetReadDeadline(h.now().Add(h.config.ReadTimeout))
	room := &claim{of: h.room}
	defer room.release()
	return h.admit(a, r, kind, room)
}

// admit has the guard look at a request before its body is read, or after it
// where only the body can have a key.
func (h *Handler) admit(a *answer, r *http.Request, kind call, room *claim) (p *problem) {
	var body fields
	early := headerKey(r) != ""
	if !early {
		if body, p = h.body(a, r, kind, room); p != nil {
			return p
		}
		r = withKey(r, bodyKey(body))
	}
	h.guard.Wrap(access.Ingest, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if early {
			body, p = h.body(a, r, kind, room)
		}
		if p == nil {
			p = h.keep(a, r, kind, body)
		}
	})).ServeHTTP(a, r)
	return p
}

// body reads and parses the body of a request.
func (h *Handler) body(a *answer, r *http.Request, kind call, room *claim) (fields, *problem) {
	limit := h.config.MaxBatch
	if kind != batchCall {
		limit = h.config.MaxEvent
	}
	text, p := h.read(a, r, limit, room)
	if p != nil {
		return nil, p
	}
	return parse(text)
}

// keep puts the events of a body into the log, and answers when they are there.
func (h *Handler) keep(a *answer, r *http.Request, kind call, body fields) *problem {
	t, p := h.events(kind, body)
	if p != nil {
		return p
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.config.AckTimeout)
	defer cancel()
	err := h.log.Append(ctx, t.events)
	switch {
	case err == nil:
		a.events, a.rejected = len(t.events), len(t.rejected)
		success{Success: true, Rejected: t.rejected}.write(a)
		return nil
	case r.Context().Err() != nil:
		a.status = statusGone
		return nil
	}
	if h.observer.LogFailed != nil {
		h.observer.LogFailed(err)
	}
	return refuse(http.StatusServiceUnavailable, "Kafka has not acknowledged all events in time; send this again. "+
		"The setting tracking.ack_timeout bounds it.")
}

// events makes the events of a body.
func (h *Handler) events(kind call, body fields) (*intake, *problem) {
	decoder := h.decoders.Get().(*event.Decoder)
	defer h.decoders.Put(decoder)
	t := &intake{
		config: &h.config, decoder: decoder,
		stamp: stamp{kind: kind, received: h.now(), id: h.id},
	}
	return t, t.take(body)
}

// statusGone is what Observer.Answered is told of a client that has gone.
const statusGone = 499

// answer is a response of which the outcome is remembered.
type answer struct {
	http.ResponseWriter
	status, events, rejected int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
