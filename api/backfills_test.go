package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/history"
	"muster/history/lease"
	"muster/history/queue"
	"muster/lookup"
)

// bygone is a backfill that runs, ab, and one that is done, cd.
type bygone struct{}

var began = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// List implements Backfills.
func (bygone) List(context.Context) ([]*queue.Entry, error) {
	one := queue.Asked{ID: "ab", At: began, Priority: 50, Archive: "s3://acme/events", Segments: []string{"vip"}, Flags: []byte(`{"secret":1}`)}
	other := one
	other.ID = "cd"
	return []*queue.Entry{
		{Asked: one, Folder: "/var/secret", State: queue.State{
			Phase: queue.Running, Host: "a", PID: 7, Attempt: 2, Began: began, Beat: began,
			Stages: []queue.Stage{{Name: "index", Done: 3, All: 10, Unit: "B", Reads: true}},
		}},
		{Asked: other, State: queue.State{Phase: queue.Done, Ended: began}},
	}, nil
}

func (b bygone) find(id string) (*queue.Entry, error) {
	list, _ := b.List(context.Background())
	for _, e := range list {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, lookup.UnknownBackfill(id, []string{"ab", "cd"})
}

// See implements Backfills.
func (b bygone) See(_ context.Context, id string) (*queue.Entry, []lease.Holder, error) {
	e, err := b.find(id)
	return e, []lease.Holder{{Host: "b", PID: 8, Began: began, Beat: began}}, err
}

// Cancel implements Backfills.
func (b bygone) Cancel(_ context.Context, id string) (*queue.Entry, error) {
	e, err := b.find(id)
	if err == nil && !e.State.Phase.Active() {
		err = fmt.Errorf("it is %s; %w", e.State.Phase, queue.ErrEnded)
	}
	return e, err
}

// Start implements Starts. It has room for segments of known names alone.
func (bygone) Start(_ context.Context, order queue.Order) (*queue.Entry, error) {
	switch order.Segments[0] {
	case "one too many":
		return nil, fmt.Errorf("ordering: %w", queue.ErrFull)
	case "vip":
		order.ID, order.At = "order-1", began
		return order.Told(nil), nil
	}
	return nil, lookup.UnknownAmong(order.Segments[0], []string{"vip"})
}

// Outline implements Outlines.
func (b bygone) Outline(_ context.Context, id string) (*history.Outline, error) {
	_, err := b.find(id)
	return &history.Outline{Nodes: []history.Node{{ID: "members", Label: "files", State: history.Missing, Count: 1, Why: "new"}}}, err
}

func TestBackfillsAreToldOf(t *testing.T) {
	r := serving(t, Default(), Parts{Backfills: bygone{}, Outlines: bygone{}})
	for _, one := range []struct {
		method, path string
		status       int
		want         string
	}{
		{http.MethodGet, "", 200, `"backfills":[{"id":"ab","asked":"2026-11-21T10:00:00Z","priority":50,"archive":"s3://acme/events","layout":"","as_of":"","segments":["vip"],` +
			`"state":{"phase":"running","stages":[{"name":"index","done":3,"all":10,"unit":"B"}],"host":"a","pid":7,"attempt":2,"began":"2026-11-21T10:00:00Z","beat":"2026-11-21T10:00:00Z"}},{"id":"cd"`},
		{http.MethodGet, "?limit=1", 200, `"beat":"2026-11-21T10:00:00Z"}}],"all":2}`},
		{http.MethodGet, "/ab", 200, `"tasks":[{"host":"b","pid":8,`},
		{http.MethodPost, "/ab/cancel", 202, `{"id":"ab",`},
		{http.MethodGet, "/ab/graph", 200, "flowchart LR\n  members[\"1 files<br/>missing: new\"]:::missing"},
		{http.MethodGet, "/ab/graph?format=dot", 200, "digraph backfill {"},
		{http.MethodGet, "/ab/graph?format=json", 200, `"nodes":[{"id":"members",`},
	} {
		scope := access.Read
		if one.method == http.MethodPost {
			scope = access.Write
		}
		response := r.ask(t, scope, one.method, "/v1/backfills"+one.path, nil)
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != one.status || !strings.Contains(string(text), one.want) || strings.Contains(string(text), "secret") {
			t.Errorf("%s: %s %s %v, want %d %s", one.path, response.Status, text, err, one.status, one.want)
		}
	}
}

func TestBackfillsAreStarted(t *testing.T) {
	r := serving(t, Default(), Parts{Backfills: bygone{}, Starts: bygone{}})
	start := func(r *rig, scope access.Scope, body string) reply {
		return r.ask(t, scope, http.MethodPost, "/v1/backfills", strings.NewReader(body), "Content-Type", "application/json")
	}
	for body, priority := range map[string]int{`{"segments":["vip"]}`: 50, `{"segments":["vip"],"priority":0,"again":true}`: 0} {
		response := start(r, access.Write, body)
		text, err := io.ReadAll(response.Body)
		want := fmt.Sprintf(`{"id":"order-1","asked":"2026-11-21T10:00:00Z","priority":%d,"archive":"","layout":"","as_of":"","segments":["vip"],"state":{"phase":"asked","why":"`, priority)
		if err != nil || response.StatusCode != http.StatusAccepted || response.Header.Get("Location") != "/v1/backfills/order-1" || !strings.HasPrefix(string(text), want) {
			t.Errorf("%s: %s %s %v, want %s", body, response.Status, text, err, want)
		}
	}
	refused(t, "who may read", start(r, access.Read, `{"segments":["vip"]}`), http.StatusForbidden, "scope write")
	refused(t, "an unknown segment", start(r, access.Write, `{"segments":["vap"]}`), http.StatusNotFound, "vip", "GET /v1/segments")
	full := start(r, access.Write, `{"segments":["one too many"]}`)
	refused(t, "too many", full, http.StatusServiceUnavailable, "100 orders", "evaluator backfill keep")
	if full.Header.Get("Retry-After") == "" {
		t.Error("it is not said when to ask again")
	}
	for _, body := range []string{`{}`, `{"segments":[]}`, `{"segments":["vip"],"priority":101}`, `{"segments":["vip"],"anew":true}`, `{"segments":"vip"}`} {
		refused(t, body, start(r, access.Write, body), http.StatusUnprocessableEntity)
	}
	refused(t, "nowhere", start(serving(t, Default(), Parts{}), access.Write, `{"segments":["vip"]}`), http.StatusNotFound, "api.backfills is empty")
}

func TestBackfillsThatCantBeToldOf(t *testing.T) {
	ask := func(r *rig, scope access.Scope, method, path string) reply {
		return r.ask(t, scope, method, "/v1/backfills"+path, nil)
	}
	r := serving(t, Default(), Parts{Backfills: bygone{}, Outlines: bygone{}})
	refused(t, "one that is done", ask(r, access.Write, http.MethodPost, "/cd/cancel"), http.StatusConflict, "is done; there is nothing to stop", "GET /v1/backfills/cd")
	refused(t, "who may read", ask(r, access.Read, http.MethodPost, "/ab/cancel"), http.StatusForbidden, "scope write")
	refused(t, "another language", ask(r, access.Read, http.MethodGet, "/ab/graph?format=svg"), http.StatusUnprocessableEntity, "query.format")
	for _, path := range []string{"/abc", "/abc/graph"} {
		refused(t, path, ask(r, access.Read, http.MethodGet, path), http.StatusNotFound, "near it are ab", "which GET /v1/backfills lists")
	}
	none := serving(t, Default(), Parts{})
	for _, path := range []string{"", "/ab", "/ab/graph"} {
		refused(t, "none: "+path, ask(none, access.Read, http.MethodGet, path), http.StatusNotFound, "api.backfills is empty")
	}
	refused(t, "none to cancel", ask(none, access.Write, http.MethodPost, "/ab/cancel"), http.StatusNotFound, "api.backfills is empty")
}
