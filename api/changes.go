package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.uber.org/zap"

	"muster/api/access"
	"muster/lookup"
)

// Changes is what the API asks about changes of memberships.
type Changes interface {
	// Follow begins to follow changes. Close what it returns.
	Follow(ctx context.Context, wish lookup.Wish) (*lookup.Following, error)
}

const (
	eventType = "text/event-stream"
	// beatEvery is how often a client without changes hears of the server, and
	// of the place to go on from.
	beatEvery = 15 * time.Second
	// eventTimeout is how long a client may take to take some events. Then it
	// is cut off: what waits for it stays where it is, in Redis, and it goes on
	// there when it comes again.
	eventTimeout = 10 * time.Second
	// streamFor is how long a stream is open at most. Then the client is told
	// to connect again, with a token that is still good.
	streamFor = time.Hour
	// retryLeast and retryMost are when clients are told to come again, each
	// at random between them, so that not all come at once.
	retryLeast, retryMost = time.Second, 5 * time.Second
)

type changesInput struct {
	LastEventID string   `header:"Last-Event-ID" doc:"The id of the last event that was taken: what follows it is told. Default: what changes from now on."`
	From        string   `query:"from" doc:"As the header Last-Event-ID, for clients that can't set it. The header goes before it."`
	Profile     string   `query:"profile" doc:"Only changes of this profile."`
	Segment     []string `query:"segment,explode" maxItems:"1000" doc:"Only changes of this segment; repeat it for several."`
}

func (r *routes) addChanges(changes Changes) {
	r.streams = newStreams(r.server.config.Streams, &r.server.parts.Observer)
	schema := r.api.OpenAPI().Components.Schemas.Schema(typeOf[lookup.Change](), true, "Change")
	huma.Register(r.api, huma.Operation{
		OperationID: "follow-changes", Method: http.MethodGet, Path: "/v1/changes", Summary: "Changes of memberships as they come", Tags: []string{"changes"},
		Security: needs(access.Read), Metadata: map[string]any{unbounded: true},
		Description: "Server-sent events. change: a membership began or ended. gap: changes were missed, as they are no longer kept; what is missing stands in " +
			"GET /v1/segments/{id}/members. reconnect: the stream ends, connect again. The ids of events are places in the changes of all shards: with the last one " +
			"as Last-Event-ID nothing is lost or told twice. The order is that of each profile, and none between profiles.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			eventType: {Schema: &huma.Schema{Type: "string", Description: "The data of a change is: " + schema.Ref}},
		}}},
	}, func(ctx context.Context, in *changesInput) (*huma.StreamResponse, error) {
		wish := lookup.Wish{From: in.LastEventID, Profile: in.Profile, Segments: in.Segment}
		if wish.From == "" {
			wish.From = in.From
		}
		following, err := changes.Follow(ctx, wish)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer following.Close()
			request, w := humago.Unwrap(hc)
			one := r.streams.open()
			defer r.streams.close(one)
			t := &teller{w: w, control: http.NewResponseController(w), following: following, evicted: one.evicted, log: r.server.parts.Log, patience: r.streams.patience, observer: r.streams.observer}
			goesOn(request.Context())
			t.run(request.Context())
		}}, nil
	})
}

// teller tells one client of changes.
type teller struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	following *lookup.Following
	evicted   <-chan struct{}
	log       *zap.Logger
	patience  time.Duration
	observer  *Observer
	err       error // of writing
}

// run tells until the client goes away, or is told to come again.
func (t *teller) run(ctx context.Context) {
	ctx, end := context.WithTimeout(ctx, streamFor)
	defer end()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-t.evicted:
			end()
		case <-stop:
		}
	}()
	t.begin()
	for t.err == nil {
		some, err := t.following.Next(ctx, beatEvery)
		if err != nil {
			t.reconnect(ctx, err)
			return
		}
		t.hurry()
		for i := range some {
			t.change(&some[i])
		}
		if len(some) == 0 {
			// An event without data is none, but its id counts: a client whose
			// changes are rare does not fall behind what is kept.
			t.printf(": still here\nid: %s\n\n", t.following.Place())
		}
		t.send()
	}
}

func (t *teller) begin() {
	_ = t.control.SetReadDeadline(time.Time{}) // or it would end the request, as the server reads ahead
	h := t.w.Header()
	h.Set("Content-Type", eventType)
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	t.hurry()
	t.w.WriteHeader(http.StatusOK)
	t.printf("retry: %d\nid: %s\n\n", retryAfter().Milliseconds(), t.following.Place())
	if t.following.Anew() {
		t.event("gap", map[string]any{"detail": "The place is one of shards that are no more: all that is kept follows."})
	}
	t.send()
}

// change tells of a change, and before it of those that were missed.
func (t *teller) change(c *lookup.Change) {
	if c.Missed > 0 {
		t.event("gap", map[string]any{
			"shard": c.Shard, "missed": c.Missed,
			"detail": fmt.Sprintf("%d changes are no longer kept; redis.outbox_max says how many are. Read the members of segments anew.", c.Missed),
		})
	}
	t.following.Passed(c)
	if t.following.Wants(c) {
		t.printf("id: %s\n", t.following.Place())
		t.event("change", c)
		return
	}
	t.printf("id: %s\n\n", t.following.Place())
}

// reconnect tells the client to come again, unless it has gone.
func (t *teller) reconnect(ctx context.Context, err error) {
	cause, reason := "", "The server ends, or the stream was open for long."
	select {
	case <-t.evicted:
		cause, reason = ReconnectOldest, "Too many streams are open, and this one was the oldest; api.streams says how many there may be."
	default:
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cause = ReconnectAged
		}
		if ctx.Err() == nil {
			t.log.Warn("changes can't be followed", zap.String("request", requestOf(ctx)), zap.Error(err))
			cause, reason = ReconnectFailed, "What has changed can't be read at the moment."
		}
	}
	t.observer.reconnected(cause)
	t.hurry()
	t.printf("retry: %d\n", retryAfter().Milliseconds())
	t.event("reconnect", map[string]any{"detail": reason})
	t.send()
}

func retryAfter() time.Duration { return retryLeast + rand.N(retryMost-retryLeast) }

// event writes an event, whose id may stand before it.
func (t *teller) event(kind string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		t.err = err // can't be: all values are plain
		return
	}
	t.printf("event: %s\ndata: %s\n\n", kind, text)
}

func (t *teller) printf(format string, arguments ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, arguments...)
	}
}

// hurry begins the time in which the client has to take what is written from
// here on. One that does not is cut off.
func (t *teller) hurry() { _ = t.control.SetWriteDeadline(time.Now().Add(t.patience)) }

// send sends what was written.
func (t *teller) send() {
	if t.err == nil {
		t.hurry()
		t.err = t.control.Flush()
	}
}
