package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/directive"
	"muster/lookup"
	"muster/pipeline"
)

// forgetting brings requests to the engine as the keyed topic would.
type forgetting struct {
	*lookup.Reader
	kept *kept

	requests int
	away     error // of the log, if it is
	holding  chan struct{}
}

// Erase implements Erasures.
func (f *forgetting) Erase(ctx context.Context, id string, suppress time.Duration) (string, error) {
	shard, err := f.ShardOf(id)
	if err != nil || f.away != nil {
		return "", errors.Join(err, f.away)
	}
	f.requests++
	k, request := f.kept, fmt.Sprintf("erase-20261128T0930%02dZ-%d", f.requests, f.requests)
	d := &directive.Directive{Kind: directive.Erase, Run: request, Profile: id, Until: keptClock + suppress.Milliseconds()}
	refusal, err := k.drivers[shard].Direct(ctx, d, keptClock)
	if err != nil || refusal != "" {
		return "", errors.Join(err, errors.New(refusal))
	}
	k.next[shard]++
	return lookup.ErasureRef(id, request), k.drivers[shard].Commit(ctx, k.next[shard])
}

// Traces implements Erasures.
func (f *forgetting) Traces(ctx context.Context, id string) (*lookup.Traces, error) {
	if f.holding != nil {
		f.holding <- struct{}{}
		<-f.holding
	}
	return f.Reader.Traces(ctx, id)
}

// cleans removes what names a profile, as a shard's owner does once
// destinations were told.
func (k *kept) cleans(t *testing.T, id string) {
	t.Helper()
	shard, err := k.owner(id)
	if err != nil {
		t.Fatal(err)
	}
	left, err := k.store.Erasing(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.store.CleanOutbox(t.Context(), shard, func(profile string, _ uint64) bool { return profile == id }); err != nil {
		t.Fatal(err)
	}
	name := pipeline.ErasedName(id)
	if err := k.store.Erased(t.Context(), shard, name, left[name]); err != nil {
		t.Fatal(err)
	}
}

const ann = "ann@example.com"

// A customer is forgotten by one call, and the proof is made by another. What
// stands in logs and in the location does not name the customer.
func TestACustomerIsForgotten(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, ann, 150)
	k.spends(t, "bob@example.com", 150)
	var first lookup.Erasure
	location := k.erase(t, ann, "?suppress=1h", &first)
	if first.State != lookup.ErasureAsked || strings.Contains(location, "ann") {
		t.Errorf("%s: %+v", location, first)
	}
	k.erasure(t, location, lookup.ErasureCleaning)
	refused(t, "the profile", k.ask(t, access.Read, http.MethodGet, "/v1/profiles/"+ann, nil), http.StatusNotFound)
	if found := k.search(t, ann); len(found.Left) == 0 || !found.Within {
		t.Errorf("the outbox still names the id, and the search finds %+v", found)
	}
	k.cleans(t, ann)
	e := k.erasure(t, location, lookup.ErasureComplete)
	if e.ErasedAt == nil || *e.ErasedAt != keptClock || *e.Until != keptClock+lookup.Instant(time.Hour.Milliseconds()) {
		t.Errorf("it was %v, until %v", e.ErasedAt, e.Until)
	}
	if found := k.search(t, ann); len(found.Left) > 0 || found.Keys < 5 || found.Values < 5 {
		t.Errorf("the proof is %+v", found)
	}
	if found := k.search(t, "bob@example.com"); len(found.Left) == 0 {
		t.Error("the search finds nobody, so it proves nothing")
	}
	k.verifyUnnamed(t, ann)
}

// verifyUnnamed holds the logs against an id, and wants a line of the audit by
// which who knows the id finds what was done.
func (k *kept) verifyUnnamed(t *testing.T, id string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); k.audit.Len() == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // lines come behind answers
	}
	found := false
	for _, entry := range append(k.lines.All(), k.audit.All()...) {
		text := fmt.Sprint(entry.Message, entry.ContextMap())
		found = found || entry.Message == "audit" && strings.Contains(text, "/v1/profiles/sha256:"+lookup.ErasureRef(id, "")) && strings.Contains(text, "the-admin")
		if strings.Contains(text, id) {
			t.Errorf("a log names the customer: %s", text)
		}
	}
	if !found {
		t.Errorf("the audit does not have it: %v", k.audit.All())
	}
}

// Asking twice does no harm: the suppression is the longer one, and either
// location tells of it.
func TestForgettingTwiceIsForgettingOnce(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, ann, 150)
	var e lookup.Erasure
	first := k.erase(t, ann, "", &e)
	k.cleans(t, ann)
	second := k.erase(t, ann, "?suppress=0s", &e)
	if first == second {
		t.Errorf("both are %s", first)
	}
	k.cleans(t, ann)
	month := keptClock + lookup.Instant((720 * time.Hour).Milliseconds())
	for _, location := range []string{first, second, "/v1/erasures/" + lookup.ErasureRef(ann, "")} {
		if e := k.erasure(t, location, lookup.ErasureComplete); *e.Until != month {
			t.Errorf("%s: until %v", location, e.Until)
		}
	}
	k.erasure(t, "/v1/erasures/"+lookup.ErasureRef(ann, "erase-20261128T093103Z-x"), lookup.ErasureAsked) // not followed yet
}

func (k *kept) erase(t *testing.T, id, query string, into *lookup.Erasure) (location string) {
	t.Helper()
	response := k.ask(t, access.Admin, http.MethodDelete, "/v1/profiles/"+id+query, nil)
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusAccepted || json.Unmarshal(text, into) != nil {
		t.Fatalf("%s: %v, %s", response.Status, err, text)
	}
	return response.Header.Get("Location")
}

func (k *kept) erasure(t *testing.T, location, want string) (e lookup.Erasure) {
	t.Helper()
	response := k.ask(t, access.Admin, http.MethodGet, location, nil)
	if err := json.NewDecoder(response.Body).Decode(&e); err != nil || response.StatusCode != http.StatusOK || e.State != want {
		t.Errorf("%s: %s, %v: %+v, want %s", location, response.Status, err, e, want)
	}
	return e
}

func (k *kept) search(t *testing.T, id string) (found lookup.Traces) {
	t.Helper()
	response := k.ask(t, access.Admin, http.MethodPost, "/v1/erasures/search", strings.NewReader(fmt.Sprintf(`{"profile":%q}`, id)), "Content-Type", "application/json")
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s, %v", response.Status, err)
	}
	return found
}

func TestForgettingIsRefused(t *testing.T) {
	k := keeping(t, Default())
	erase := func(path string) reply { return k.ask(t, access.Admin, http.MethodDelete, "/v1/profiles/"+path, nil) }
	for _, query := range []string{"?suppress=-1s", "?suppress=87601h", "?suppress=30", "?suppress=soon"} {
		refused(t, query, erase("u1"+query), http.StatusUnprocessableEntity, "87600h", "query.suppress")
	}
	refused(t, "an unknown parameter", erase("u1?during=1h"), http.StatusUnprocessableEntity, "during")
	refused(t, "a blocked id", erase("undefined"), http.StatusBadRequest, "blocked_ids")
	refused(t, "a long id", erase(strings.Repeat("x", 5000)), http.StatusBadRequest, "max_id")
	for _, scope := range []access.Scope{access.Read, access.Write, access.Ingest} {
		refused(t, string(scope), k.ask(t, scope, http.MethodDelete, "/v1/profiles/u1", nil), http.StatusForbidden, "scope admin")
	}
	admin := func(method, path, body string) reply {
		return k.ask(t, access.Admin, method, path, strings.NewReader(body), "Content-Type", "application/json")
	}
	refused(t, "an id as the erasure", admin(http.MethodGet, "/v1/erasures/u1", ""), http.StatusNotFound, "Location")
	k.erasure(t, "/v1/erasures/"+lookup.ErasureRef("u1", ""), lookup.ErasureNone)
	refused(t, "no id to search", admin(http.MethodPost, "/v1/erasures/search", "{}"), http.StatusUnprocessableEntity, "profile")
	refused(t, "a blocked id to search", admin(http.MethodPost, "/v1/erasures/search", `{"profile":"undefined"}`), http.StatusBadRequest, "blocked_ids")
}

// What Kafka has not acknowledged may be followed all the same.
func TestForgettingNeedsTheLog(t *testing.T) {
	k := keeping(t, Default())
	k.forgetting.away = errors.New("kafka at 10.0.0.1 is away")
	response := k.ask(t, access.Admin, http.MethodDelete, "/v1/profiles/u1", nil)
	p := refused(t, "no log", response, http.StatusServiceUnavailable, "twice does no harm")
	if response.Header.Get("Retry-After") == "" || strings.Contains(fmt.Sprint(p), "10.0.0.1") {
		t.Errorf("%v, %v", response.Header, p)
	}
}

func TestOneSearchIsMadeAtATime(t *testing.T) {
	k := keeping(t, Default())
	k.forgetting.holding = make(chan struct{})
	ended := make(chan lookup.Traces, 1)
	go func() { ended <- k.search(t, ann) }()
	<-k.forgetting.holding
	response := k.ask(t, access.Admin, http.MethodPost, "/v1/erasures/search", strings.NewReader(`{"profile":"u1"}`), "Content-Type", "application/json")
	refused(t, "another", response, http.StatusServiceUnavailable, "one is made at a time")
	k.forgetting.holding <- struct{}{}
	if found := <-ended; len(found.Left) > 0 {
		t.Errorf("left is %v", found.Left)
	}
}
