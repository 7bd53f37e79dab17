package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"muster/activation"
	"muster/api/access"
	"muster/lookup"
	"muster/sink"
)

// ordered is one destination, crm.
type ordered struct {
	reader *lookup.Reader
	store  *sink.Store
	trying chan<- struct{} // see Try
	tried  <-chan struct{}
}

var crm = []activation.Destination{{Name: "crm"}}

// Destinations implements Destinations.
func (o ordered) Destinations(ctx context.Context) ([]lookup.Destination, error) {
	one, err := o.reader.Destination(ctx, &crm[0])
	return []lookup.Destination{one}, err
}

// Pause implements Destinations.
func (o ordered) Pause(ctx context.Context, name, reason string) error {
	return o.set(ctx, name, string(activation.Paused), reason)
}

// Resume implements Destinations.
func (o ordered) Resume(ctx context.Context, name string) error { return o.set(ctx, name, "", "") }

func (o ordered) set(ctx context.Context, name, state, reason string) error {
	if err := lookup.UnknownDestination(name, crm); err != nil {
		return err
	}
	return o.store.SetDestinationState(ctx, name, state, reason)
}

func TestDestinationsArePausedAndResumed(t *testing.T) {
	k := keeping(t, Default())
	state := func() string {
		var got struct{ Destinations []lookup.Destination }
		k.get(t, "/v1/destinations", &got)
		return fmt.Sprint(got.Destinations[0].Name, " ", got.Destinations[0].State, " ", got.Destinations[0].Reason)
	}
	do := func(path, body string) {
		response := k.ask(t, access.Write, http.MethodPost, "/v1/destinations/"+path, strings.NewReader(body), "X-Request-Id", "order")
		if response.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	for _, step := range []struct{ path, body, want string }{
		{"", "", "crm active "},
		{"crm/pause", "", "crm paused by hand of the-write"},
		{"crm/pause", `{"reason":"it moves"}`, "crm paused it moves"},
		{"crm/resume", "", "crm active "},
	} {
		if step.path != "" {
			do(step.path, step.body)
		}
		if got := state(); got != step.want {
			t.Errorf("after %s: %q, want %q", step.path, got, step.want)
		}
	}
}

func TestOrdersThatCantBeGiven(t *testing.T) {
	k := keeping(t, Default())
	post := func(scope access.Scope, path, body string) reply {
		return k.ask(t, scope, http.MethodPost, "/v1/destinations/"+path, strings.NewReader(body), "Content-Type", "application/json")
	}
	refused(t, "an unknown one", post(access.Write, "crn/pause", ""), http.StatusNotFound, "near it are crm", "which GET /v1/destinations lists")
	refused(t, "an unknown field", post(access.Write, "crm/pause", `{"raeson":"x"}`), http.StatusUnprocessableEntity, "body.raeson")
	refused(t, "a wrong type", post(access.Write, "crm/pause", `{"reason":7}`), http.StatusUnprocessableEntity, "body.reason")
	refused(t, "no JSON", post(access.Write, "crm/pause", `{`), http.StatusBadRequest)
	refused(t, "a long reason", post(access.Write, "crm/pause", `{"reason":"`+strings.Repeat("x", 201)+`"}`), http.StatusUnprocessableEntity)
	refused(t, "a large body", post(access.Write, "crm/pause", `{"reason":"`+strings.Repeat("x", maxBody)+`"}`), http.StatusRequestEntityTooLarge)
	refused(t, "who may read", post(access.Read, "crm/pause", ""), http.StatusForbidden, "scope write")
	refused(t, "nobody", post("", "crm/pause", ""), http.StatusUnauthorized)
	refused(t, "GET", k.ask(t, access.Read, http.MethodGet, "/v1/destinations/crm/pause", nil), http.StatusMethodNotAllowed, "Use POST.")
	if lines := k.audit.Len(); lines != 6 {
		t.Errorf("%d lines for 6 writes that were let in", lines)
	}
}

// Each write that is let in is on record, with who and what and how it went.
func TestWritesAreAudited(t *testing.T) {
	k := keeping(t, Default())
	response := k.ask(t, access.Write, http.MethodPost, "/v1/destinations/crm/pause", nil, "X-Request-Id", "order-1")
	if response.StatusCode != http.StatusNoContent {
		t.Fatal(response.Status)
	}
	for deadline := time.Now().Add(time.Minute); k.audit.FilterField(zap.String("request", "order-1")).Len() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is on record")
		}
	}
	fields := k.audit.All()[0].ContextMap()
	if fields["token"] != "the-write" || fields["path"] != "/v1/destinations/crm/pause" || fmt.Sprint(fields["status"]) != "204" || fields["from"] != "127.0.0.1" {
		t.Errorf("%v", fields)
	}
}
