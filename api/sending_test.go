package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/lookup"
	"muster/sink"
)

// Destination implements Delivery.
func (o ordered) Destination(ctx context.Context, name string) (lookup.Destination, error) {
	if err := lookup.UnknownDestination(name, crm); err != nil {
		return lookup.Destination{}, err
	}
	return o.reader.Destination(ctx, &crm[0])
}

// DeadLetters implements Delivery.
func (o ordered) DeadLetters(ctx context.Context, name, profile, cursor string, limit int, fn func(*lookup.DeadLetter) error) (string, error) {
	if err := lookup.UnknownDestination(name, crm); err != nil {
		return "", err
	}
	return o.reader.DeadLetters(ctx, name, profile, cursor, limit, fn)
}

// Resend implements Delivery.
func (o ordered) Resend(_ context.Context, name, profile string) (int, error) {
	if err := lookup.UnknownDestination(name, crm); err != nil {
		return 0, err
	}
	return len(profile), nil
}

// Try implements Sending. If o.tried is set, it tells o.trying and takes until
// o.tried is closed.
func (o ordered) Try(ctx context.Context, name string) (*lookup.Trial, error) {
	if o.tried != nil {
		o.trying <- struct{}{}
		select {
		case <-o.tried:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &lookup.Trial{Destination: name, Reason: "connection refused"}, lookup.UnknownDestination(name, crm)
}

// Reconcile implements Sending.
func (o ordered) Reconcile(_ context.Context, name string) (*lookup.Reconcile, error) {
	return &lookup.Reconcile{Destination: name, Run: "by-hand-1", State: "active"}, lookup.UnknownDestination(name, crm)
}

// Replay implements Sending.
func (o ordered) Replay(_ context.Context, name string, since lookup.Instant) (*lookup.Replay, error) {
	return &lookup.Replay{Destination: name, Since: since.String(), Incomplete: []lookup.Incomplete{}}, lookup.UnknownDestination(name, crm)
}

func (k *kept) order(t *testing.T, scope access.Scope, path, body string) reply {
	t.Helper()
	return k.ask(t, scope, http.MethodPost, "/v1/destinations/"+path, strings.NewReader(body), "Content-Type", "application/json")
}

func TestOrdersAreCarriedOut(t *testing.T) {
	k := keeping(t, Default())
	for _, one := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"crm/test", "", 200, `{"destination":"crm","taken":false,"reason":"connection refused","seconds":0,"webhook_id":""}`},
		{"crm/reconcile", "", 202, `{"destination":"crm","run":"by-hand-1","state":"active"}`},
		{"crm/replay", `{"since":"2026-11-21T11:00:00.5+01:00"}`, 200, `{"destination":"crm","since":"2026-11-21T10:00:00.500Z","changes":0,"shards":0,"incomplete":[]}`},
		{"crm/dead-letters/resend", "", 200, `{"destination":"crm","messages":0}`},
		{"crm/dead-letters/resend", `{"profile":"u42"}`, 200, `{"destination":"crm","messages":3}`},
	} {
		response := k.order(t, access.Write, one.path, one.body)
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != one.status || strings.TrimSpace(string(text)) != one.want || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %s %s %v, want %d %s", one.path, one.body, response.Status, text, err, one.status, one.want)
		}
	}
	var one lookup.Destination
	if k.get(t, "/v1/destinations/crm", &one); one.Name != "crm" || one.State != "active" {
		t.Errorf("%+v", one)
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	k := keeping(t, Default())
	refused(t, "no instant", k.order(t, access.Write, "crm/replay", `{}`), http.StatusUnprocessableEntity, "since")
	refused(t, "nothing", k.order(t, access.Write, "crm/replay", ``), http.StatusBadRequest)
	refused(t, "a day", k.order(t, access.Write, "crm/replay", `{"since":"yesterday"}`), http.StatusUnprocessableEntity, "body.since")
	refused(t, "an unknown field", k.order(t, access.Write, "crm/dead-letters/resend", `{"profiel":"u1"}`), http.StatusUnprocessableEntity, "body.profiel")
	for _, path := range []string{"test", "reconcile", "replay", "dead-letters/resend"} {
		body := map[string]string{"replay": `{"since":"2026-11-21T10:00:00Z"}`}[path]
		refused(t, path+" of an unknown one", k.order(t, access.Write, "crn/"+path, body), http.StatusNotFound, "near it are crm")
		refused(t, path+" by who may read", k.order(t, access.Read, "crm/"+path, body), http.StatusForbidden, "scope write")
	}
	for _, path := range []string{"crn", "crn/dead-letters"} {
		refused(t, path, k.ask(t, access.Read, http.MethodGet, "/v1/destinations/"+path, nil), http.StatusNotFound, "near it are crm")
	}
}

// As many orders are carried out at once as there may be, and one whose client
// goes away is carried out to its end.
func TestOrdersAreBounded(t *testing.T) {
	trying, tried := make(chan struct{}, maxOrders), make(chan struct{})
	k := keepingOrders(t, trying, tried)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan struct{}, maxOrders)
	for range maxOrders {
		go func() {
			request, _ := http.NewRequestWithContext(ctx, http.MethodPost, k.url+"/v1/destinations/crm/test", http.NoBody)
			request.Header.Set("Authorization", "Bearer "+k.tokens[access.Write])
			if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
				response.Body.Close()
			}
			gone <- struct{}{}
		}()
	}
	for range maxOrders {
		<-trying
	}
	leave()
	for range maxOrders {
		<-gone
	}
	refused(t, "one too many", k.order(t, access.Write, "crm/dead-letters/resend", ""), http.StatusServiceUnavailable, "2 orders are being carried out")
	close(tried)
	until(t, "room", func() bool {
		response := k.order(t, access.Write, "crm/dead-letters/resend", "")
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// until waits until something is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %s in a minute", what)
		}
	}
}

// bury has a destination's dead letters be some of each profile, one after the
// other.
func (k *kept) bury(t *testing.T, profiles ...string) {
	t.Helper()
	for i, id := range profiles {
		shard, err := k.owner(id)
		if err != nil {
			t.Fatal(err)
		}
		ledger := k.store.Ledger(shard, "crm")
		if _, err := ledger.Claim(t.Context()); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"failed": 10, "reason": "500 Internal Server Error", "changes": []any{
			map[string]any{"Number": i + 1, "Profile": []byte(id), "Segment": "vip", "Entered": true, "Version": 7, "At": keptClock},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.Save(t.Context(), sink.LedgerStep{Dead: [][]byte{text}}); err != nil {
			t.Fatal(err)
		}
	}
}

type deadPage struct {
	Letters []lookup.DeadLetter `json:"dead_letters"`
	Next    string
}

func TestDeadLettersComeInPages(t *testing.T) {
	k := keeping(t, Default())
	var profiles []string
	for i := range 120 {
		profiles = append(profiles, fmt.Sprintf("u%d", i%60))
	}
	k.bury(t, profiles...)
	for _, limit := range []int{1, 7, 50, 200} {
		seen, cursor := map[string]int{}, ""
		for pages := 0; ; pages++ {
			var page deadPage
			k.get(t, fmt.Sprintf("/v1/destinations/crm/dead-letters?limit=%d&cursor=%s", limit, url.QueryEscape(cursor)), &page)
			if len(page.Letters) > limit || pages > len(profiles) {
				t.Fatalf("%d letters on page %d", len(page.Letters), pages)
			}
			for _, one := range page.Letters {
				seen[one.Changes[0].Profile]++
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		for id, times := range seen {
			if times != 2 {
				t.Errorf("in pages of %d %s comes %d times", limit, id, times)
			}
		}
		if len(seen) != 60 {
			t.Errorf("in pages of %d there are %d profiles", limit, len(seen))
		}
	}
	var page deadPage
	k.get(t, "/v1/destinations/crm/dead-letters?profile=u7", &page)
	if len(page.Letters) != 2 || page.Next != "" || page.Letters[0].Attempts != 10 || !strings.HasPrefix(page.Letters[0].Message, "msg_") || page.Letters[0].Changes[0].Profile != "u7" {
		t.Errorf("%+v", page)
	}
	k.get(t, "/v1/destinations/crm/dead-letters?profile=u7&limit=1", &page)
	ask := func(query string) reply {
		return k.ask(t, access.Read, http.MethodGet, "/v1/destinations/crm/dead-letters?"+query, nil)
	}
	for i := range 60 { // the cursor is of one shard
		other := fmt.Sprintf("u%d", i)
		mine, _ := k.owner("u7")
		if shard, _ := k.owner(other); shard != mine {
			refused(t, "a cursor of another profile", ask("profile="+other+"&cursor="+page.Next), http.StatusBadRequest, "not one of the profile")
			break
		}
	}
	refused(t, "no cursor", ask("cursor=x"), http.StatusBadRequest, "is no cursor")
	refused(t, "a cursor of a list of members", ask("cursor=1.0.1.00000000"), http.StatusBadRequest, "of another destination")
	refused(t, "too many", ask("limit=201"), http.StatusUnprocessableEntity, "query.limit")
}
