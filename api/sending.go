package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/api/access"
	"muster/lookup"
)

// Sending is what the API orders to be sent to destinations.
type Sending interface {
	// Try sends a destination a sample and returns what came of it.
	Try(ctx context.Context, name string) (*lookup.Trial, error)
	// Reconcile asks for a snapshot run.
	Reconcile(ctx context.Context, name string) (*lookup.Reconcile, error)
	// Replay has a destination sent again what was sent since an instant.
	Replay(ctx context.Context, name string, since lookup.Instant) (*lookup.Replay, error)
}

const (
	// maxOrders is how many orders are carried out at once that take a while:
	// samples, replays, dead letters that are sent again, and drawings of backfills.
	maxOrders = 2
	// orderTimeout is how long one may take. What it did until then holds, and
	// giving it once more goes on.
	orderTimeout = 10 * time.Minute
	// answerTimeout is how long a client may take to take the answer.
	answerTimeout = 10 * time.Second
)

type replayInput struct {
	Name string `path:"name" minLength:"1" maxLength:"64" example:"crm" doc:"The name of the destination."`
	Body struct {
		Since time.Time `json:"since" doc:"From which instant on, by the clocks of the shards."`
	}
}

type destinationInput struct {
	Name string `path:"name" minLength:"1" maxLength:"64" example:"crm" doc:"The name of the destination."`
}

type reconcileOutput struct{ Body *lookup.Reconcile }

func (r *routes) addSending(sending Sending) {
	huma.Register(r.api, huma.Operation{
		OperationID: "reconcile-destination", Method: http.MethodPost, Path: "/v1/destinations/{name}/reconcile", Tags: []string{"destinations"},
		Summary: "Tell a destination who all members are", Security: needs(access.Write), DefaultStatus: http.StatusAccepted,
		Description: "As evaluator activate reconcile: asks for a snapshot run, in place of one that was asked for before. Evaluators take it up within ten seconds.",
	}, func(ctx context.Context, in *destinationInput) (*reconcileOutput, error) {
		run, err := sending.Reconcile(ctx, in.Name)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &reconcileOutput{run}, nil
	})
	huma.Register(r.api, r.order(huma.Operation{
		OperationID: "test-destination", Path: "/v1/destinations/{name}/test", Summary: "Send a destination a sample",
		Description: "As evaluator activate test: one message by the very path that changes take, of the profile muster-test. One that was not taken is an answer " +
			"as any other, with taken false.",
	}, typeOf[lookup.Trial]()), func(ctx context.Context, in *destinationInput) (*huma.StreamResponse, error) {
		return r.carryOut(func(ctx context.Context) (any, error) { return sending.Try(ctx, in.Name) }), nil
	})
	huma.Register(r.api, r.order(huma.Operation{
		OperationID: "replay-destination", Path: "/v1/destinations/{name}/replay", Summary: "Send a destination again what the outbox keeps", MaxBodyBytes: maxBody,
		Description: "As evaluator activate replay. It reads the outbox of each shard, which takes some seconds for each million changes. Once more does no harm.",
	}, typeOf[lookup.Replay]()), func(ctx context.Context, in *replayInput) (*huma.StreamResponse, error) {
		since := lookup.Instant(in.Body.Since.UnixMilli())
		return r.carryOut(func(ctx context.Context) (any, error) { return sending.Replay(ctx, in.Name, since) }), nil
	})
}

// order is the operation of an order that takes a while, and answers with what
// came of it.
func (r *routes) order(op huma.Operation, answer reflect.Type) huma.Operation {
	op.Method, op.Tags, op.Security, op.Metadata = http.MethodPost, []string{"destinations"}, needs(access.Write), map[string]any{unbounded: true}
	op.Responses = r.answersWith(answer)
	return op
}

// answersWith is what openapi.json says of an operation that writes its answer
// itself.
func (r *routes) answersWith(answer reflect.Type) map[string]*huma.Response {
	schema := r.api.OpenAPI().Components.Schemas.Schema(answer, true, answer.Name())
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}}
}

// carryOut has an order carried out to its end, also when the client has gone:
// one that is broken off would hold for some shards and not for others.
func (r *routes) carryOut(work func(context.Context) (any, error)) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		request, w := humago.Unwrap(hc)
		r.long(w, request.WithContext(context.WithoutCancel(request.Context())), func(ctx context.Context) (func() error, error) {
			done, err := work(ctx)
			return func() error {
				w.Header().Set("Content-Type", "application/json")
				return json.NewEncoder(w).Encode(done)
			}, err
		})
	}}
}

// long does what takes a while, as much at once as there may be, and then
// answers.
func (r *routes) long(w http.ResponseWriter, request *http.Request, work func(context.Context) (answer func() error, err error)) {
	select {
	case r.orders <- struct{}{}:
		defer func() { <-r.orders }()
	default:
		w.Header().Set("Retry-After", "5")
		problem(http.StatusServiceUnavailable, "Try again when they are done.", "%d orders are being carried out, which is as many as there may be.", maxOrders).write(w, request)
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // or it would end the request, as the server reads ahead
	_ = control.SetWriteDeadline(time.Now().Add(orderTimeout + answerTimeout))
	ctx, end := context.WithTimeout(request.Context(), orderTimeout)
	defer end()
	answer, err := work(ctx)
	_ = control.SetWriteDeadline(time.Now().Add(answerTimeout))
	if err != nil {
		r.problemOf(ctx, err).write(w, request)
		return
	}
	_ = answer() // a client that went away is no concern
}
