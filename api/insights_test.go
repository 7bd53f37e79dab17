package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/cube"
	"muster/event"
	"muster/hyperloglog"
	"muster/insights"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/snapshot"
	people "muster/test/kit/crowd"
)

// counts is a store of one cube, and says that nothing lacks.
type counts struct{}

// LacksOfDraft implements snapshot.Marker.
func (counts) LacksOfDraft(context.Context, int, *rules.Set) ([]pipeline.Mark, error) {
	return nil, nil
}

// ReadCube implements insights.Cubes: two saw an ad, one of them twice.
func (counts) ReadCube(_ context.Context, c *cube.Cube, _, _ int64, q *cube.Query) error {
	tally := cube.NewTally(400)
	tally.Declare([]*cube.Cube{c})
	for i, who := range []string{"u1", "u2", "u2"} {
		body := event.ObjectOf([]event.Value{event.StringOf("site"), event.StringOf([]string{"news", "news", "auto"}[i])})
		tally.Count(&event.Event{Type: event.Track, Name: "Ad Viewed", Profile: who, Time: 1, Arrival: 1, Body: body}, profile.New(who))
	}
	return cube.EachCell(tally.Append(nil), func(_ string, _ int64, name string, form []byte) error { return q.Add(name, form) })
}

// ReachSketch implements insights.Cubes.
func (counts) ReachSketch(context.Context, string, int64, int64) (*hyperloglog.Sketch, error) {
	return &hyperloglog.Sketch{}, nil
}

const adCubes = `cubes: [{id: ads, events: "Ad Viewed", dimensions: [.site]}]`

// shoppers are 400 customers, of whom a quarter are vips, and these are buyers.
var shoppers = &people.Crowd{Profiles: 400, Segments: []string{"buyers", "hidden", "vip"}, Join: func(i int, members *profile.Members) {
	members.Set(0, i%4 == 0 || i%10 == 1)
	members.Set(1, i%2 == 0)
	members.Set(2, i%4 == 0)
}, Traits: func(i int) map[string]any { return map[string]any{"spent": float64(i % 4)} }}

// answering has a desk that answers from the shoppers.
func answering(t *testing.T) *rig {
	t.Helper()
	s, err := snapshot.Fill(t.Context(), shoppers, snapshot.Default(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Load(rules.Source{Data: []byte(keptRules)})
	if err != nil {
		t.Fatal(err)
	}
	fresh := &snapshot.Fresh{Snapshot: s, AsOf: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	plans := snapshot.NewPlans(func() *rules.Set { return set })
	desk := insights.NewDesk(insights.Parts{
		Columns: snapshot.NewKeptColumns(func() *snapshot.Fresh { return fresh }, snapshot.Default()),
		Compile: func(ctx context.Context, rule string) (*snapshot.Question, error) {
			return plans.OfRule(ctx, rule, false)
		},
		Marks: counts{}, Store: counts{}, Waiting: 10, Refused: func() {},
		Cubes: func() ([]*cube.Cube, error) {
			return cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(adCubes)})
		},
	})
	return servingWith(t, Default(), Parts{}, func(config Config, parts Parts) (*Server, error) {
		return NewInsights(config, parts, asking{Plans: plans}, desk)
	})
}

// question asks, and returns the answer with its text.
func (r *rig) question(t *testing.T, method, path, body string, headers ...string) (reply, string) {
	t.Helper()
	response := r.ask(t, access.Read, method, path, strings.NewReader(body), append([]string{"Content-Type", "application/json"}, headers...)...)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// TestQuestionsAreAnsweredInTheFormAskedFor, by the parameter or by Accept.
func TestQuestionsAreAnsweredInTheFormAskedFor(t *testing.T) {
	r := answering(t)
	const buyers = `{"audience":"vip","traits":["spent"]}`
	for _, one := range []struct{ method, path, body, accept, media, begins, has string }{
		{http.MethodPost, "/v1/insights/profile", buyers, "", jsonType, `{"audience":{"name":"vip","found":100,`, `"segment":"buyers"`},
		{http.MethodPost, "/v1/insights/profile", buyers, "text/html, image/svg+xml;q=0.5", "image/svg+xml", "<svg", "vip against everybody else"},
		{http.MethodPost, "/v1/insights/profile?format=csv", buyers, "image/png", "text/csv", "segment,trait,value,", "\nbuyers,,,100,"},
		{http.MethodPost, "/v1/insights/profile", buyers, "image/png", "image/png", "\x89PNG", "IEND"},
		{http.MethodPost, "/v1/insights/profile", `{"audience_rule":"traits.spent == 0","against":"buyers","all":true}`, "", jsonType, `{"audience":{"name":"traits.spent == 0","found":100,`, `"both":100`},
		{http.MethodPost, "/v1/insights/profile", `{"audience":"vip","top":1}`, "", jsonType, "{", `"findings":[{"segment":"buyers",`},
		{http.MethodGet, "/v1/insights/overlap?segment=vip&segment=buyers", "", "*/*", jsonType, `{"held":400,`, `"matrix":[[100,100],[100,140]]`},
		{http.MethodGet, "/v1/insights/overlap?segment=vip&segment=buyers&format=svg", "", "", "image/svg+xml", "<svg", "How 2 audiences overlap"},
		{http.MethodGet, "/v1/insights/overlap?segment=vip&segment=buyers&format=png", "", "", "image/png", "\x89PNG", "IEND"},
		{http.MethodGet, "/v1/insights/reach/ads?by=site&from=1970-01-01&to=1970-01-02", "", "", jsonType, `{"cube":"ads","from":"1970-01-01","to":"1970-01-02","by":["site"],"all":{"customers":2,`, `{"values":{"site":"news"},"customers":2,`},
		{http.MethodGet, "/v1/insights/reach/ads?where=site%3D%3D%22auto%22&segment=vip", "", "", jsonType, "{", `"customers":1,`},
	} {
		response, text := r.question(t, one.method, one.path, one.body, "Accept", one.accept)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != one.media || !strings.HasPrefix(text, one.begins) || !strings.Contains(text, one.has) {
			t.Errorf("%s %s: %s %v\n%.2000s", one.path, one.accept, response.Status, response.Header, text)
		}
		if asOf := response.Header.Get("Last-Modified"); (asOf == "Sat, 21 Nov 2026 10:00:00 GMT") == strings.Contains(one.path, "reach") {
			t.Errorf("%s is as of %q", one.path, asOf)
		}
	}
}

// TestQuestionsThatCantBeAskedAreProblems.
func TestQuestionsThatCantBeAskedAreProblems(t *testing.T) {
	r := answering(t)
	for body, want := range map[string]struct {
		status int
		word   string
	}{
		`{}`: {http.StatusBadRequest, "give audience or audience_rule"}, `{"audience":"vip","audience_rule":"true"}`: {http.StatusBadRequest, "keep one"},
		`{"audience":"vip","against":"vip"}`: {http.StatusBadRequest, "nothing differs"}, `{"audience":"vip","traits":["a..b"]}`: {http.StatusBadRequest, "names no trait"},
		`{"audience":"vp"}`: {http.StatusNotFound, "near it are vip"}, `{"audience_rule":"traits.spent > 9"}`: {http.StatusConflict, "has no member"},
		`{"audience":"vip","top":201}`: {http.StatusUnprocessableEntity, "body.top"}, `{"audience":"vip","traits":[""]}`: {http.StatusUnprocessableEntity, "body.traits"},
	} {
		response := r.ask(t, access.Read, http.MethodPost, "/v1/insights/profile", strings.NewReader(body), "Content-Type", "application/json")
		refused(t, body, response, want.status, want.word)
	}
	p := refused(t, "a wrong rule", r.ask(t, access.Read, http.MethodPost, "/v1/insights/profile", strings.NewReader(`{"audience":"vip","against_rule":"traits.spent >> 1"}`),
		"Content-Type", "application/json"), http.StatusUnprocessableEntity)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.against_rule" || !strings.Contains(p.Errors[0].Text, "^") {
		t.Errorf("the mistakes are %+v", p.Errors)
	}
	for path, want := range map[string]struct {
		status int
		word   string
	}{
		"overlap": {http.StatusUnprocessableEntity, "query.segment"}, "overlap?segment=vip": {http.StatusUnprocessableEntity, "query.segment"},
		"overlap?segment=vip&segment=vip": {http.StatusUnprocessableEntity, "query.segment"}, "overlap?segment=vip&segment=x": {http.StatusNotFound, "no segment x"},
		"overlap?segment=vip&segment=buyers&format=csv": {http.StatusUnprocessableEntity, "query.format"},
		"reach/adds": {http.StatusNotFound, "did you mean ads?"}, "reach/ads?by=county": {http.StatusBadRequest, "has no dimension county"},
		"reach/ads?from=2026-13-01": {http.StatusUnprocessableEntity, "query.from"}, "reach/ads?from=2026-11-02&to=2026-11-01": {http.StatusBadRequest, "From is behind to"},
		"reach/ads?from=0001-01-01&to=0001-01-02": {http.StatusBadRequest, "before 1970"}, "reach/ads?from=1990-01-01": {http.StatusBadRequest, "there may be 3660"},
		"reach/ads?by=&by=site": {http.StatusUnprocessableEntity, "query.by"}, "overlap?segment=&segment=vip": {http.StatusUnprocessableEntity, "query.segment"},
		"reach/ads?segment=VIP": {http.StatusUnprocessableEntity, "query.segment"}, "reach/ads?where=sit%20%3D%3D%201": {http.StatusUnprocessableEntity, "query.where"},
	} {
		refused(t, path, r.ask(t, access.Read, http.MethodGet, "/v1/insights/"+path, nil), want.status, want.word)
	}
	refused(t, "another scope", r.ask(t, access.Ingest, http.MethodGet, "/v1/insights/overlap?segment=a&segment=b", nil), http.StatusForbidden)
}

// waits is a desk whose questions wait until they are cancelled, or fail.
type waits struct {
	fails error
	began chan struct{}
	ended chan error
}

func (w waits) Profile(ctx context.Context, _ *insights.ProfileQuestion) (*insights.Profile, error) {
	return nil, w.fails
}

func (w waits) Overlap(ctx context.Context, _ []string) (*insights.Overlap, error) {
	close(w.began)
	<-ctx.Done()
	w.ended <- ctx.Err()
	return nil, ctx.Err()
}

func (w waits) Reach(context.Context, string, *insights.ReachQuestion) (*insights.Reach, error) {
	return nil, w.fails
}

// TestQuestionsThatWaitAreBoundedAndCancelled.
func TestQuestionsThatWaitAreBoundedAndCancelled(t *testing.T) {
	desk := waits{&snapshot.FullError{Waiting: 256, Askers: 256}, make(chan struct{}), make(chan error, 1)}
	r := servingWith(t, Default(), Parts{}, func(config Config, parts Parts) (*Server, error) { return NewInsights(config, parts, asking{}, &desk) })
	response := r.ask(t, access.Read, http.MethodGet, "/v1/insights/reach/ads", nil)
	refused(t, "one more", response, http.StatusTooManyRequests, "256 questions")
	if response.Header.Get("Retry-After") == "" {
		t.Error("it says not when to come again")
	}
	desk.fails = snapshot.NotFilledError{}
	refused(t, "too early", r.ask(t, access.Read, http.MethodPost, "/v1/insights/profile", strings.NewReader(`{"audience":"vip"}`), "Content-Type", "application/json"),
		http.StatusServiceUnavailable, "still being read")
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/v1/insights/overlap?segment=a&segment=b", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.tokens[access.Read])
	go func() {
		<-desk.began
		cancel()
	}()
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			t.Error("a question is answered that was cancelled")
		}
	}
	select {
	case err := <-desk.ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the question goes on")
	}
}
