package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/rules"
	"muster/snapshot"
)

// asking answers as it is told to.
type asking struct {
	*snapshot.Plans
	answer func(ctx context.Context, q *snapshot.Question, priority snapshot.Priority, to PreviewListener) error
}

func (a asking) Ask(ctx context.Context, q *snapshot.Question, priority snapshot.Priority, to PreviewListener) error {
	return a.answer(ctx, q, priority, to)
}

// previewed serves previews that are answered so.
func previewed(t *testing.T, answer func(ctx context.Context, q *snapshot.Question, priority snapshot.Priority, to PreviewListener) error) *rig {
	t.Helper()
	set, err := rules.Load(rules.Source{Data: []byte(keptRules)})
	if err != nil {
		t.Fatal(err)
	}
	previews := asking{snapshot.NewPlans(func() *rules.Set { return set }), answer}
	return servingWith(t, Default(), Parts{}, func(config Config, parts Parts) (*Server, error) { return NewInsights(config, parts, previews, nil) })
}

func (r *rig) preview(t *testing.T, body string) reply {
	t.Helper()
	return r.ask(t, access.Read, http.MethodPost, "/v1/preview", strings.NewReader(body), "Content-Type", "application/json")
}

// TestAPreviewIsToldAsItGoes: what will be answered, what is known so far, and
// the end, with what lacks at the beginning and the end.
func TestAPreviewIsToldAsItGoes(t *testing.T) {
	var priorities []snapshot.Priority
	r := previewed(t, func(_ context.Context, _ *snapshot.Question, priority snapshot.Priority, to PreviewListener) error {
		priorities = append(priorities, priority)
		answer := func(seen int64) *snapshot.Answer {
			return &snapshot.Answer{Seen: seen, Held: 3, Profiles: 3, Done: seen == 3, Segments: []snapshot.Segment{{ID: "preview"}}}
		}
		lacks := []snapshot.Lack{{Segment: "preview", Since: 1_700_000_000_000, Untracked: true}}
		return errors.Join(to.Begin(snapshot.Begun{Held: 3, Profiles: 3, Age: 40, Lacks: lacks}), to.Wait(),
			to.Tell(answer(1)), to.Tell(answer(2)), to.Tell(answer(3)))
	})
	const lacks = `"lacks":[{"segment":"preview","not_tracked":true,"held":false,"complete_since":"2023-11-14T22:13:20.000Z"}]`
	const segments = `"held":3,"profiles":3,"segments":[{"segment":"preview","found":0,"estimate":0,"low":0,"high":0,"examples":null,"share":0,"share_low":0,"share_high":0}],"done":`
	want := "event: begin\ndata: {\"held\":3,\"profiles\":3,\"age_ms\":40," + lacks + "}\n\n: still here\n\n" +
		"event: estimate\ndata: {\"seen\":1," + segments + "false," + lacks + "}\n\n" +
		"event: estimate\ndata: {\"seen\":2," + segments + "false}\n\n" +
		"event: end\ndata: {\"seen\":3," + segments + "true," + lacks + "}\n\n"
	for _, body := range []string{`{"rule":"segment(\"vip\")"}`, `{"segments":"segments:\n  - {id: a, rule: true}\n","priority":"background"}`} {
		response := r.preview(t, body)
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != eventType || string(text) != want {
			t.Errorf("%s, %v:\n%s", response.Status, err, text)
		}
	}
	if len(priorities) != 2 || priorities[0] != snapshot.Interactive || priorities[1] != snapshot.Background {
		t.Errorf("the priorities are %v", priorities)
	}
	var lack snapshot.Lack
	if err := json.Unmarshal([]byte(`{"segment":"a","complete_since":"2023-11-14T22:13:20.000Z"}`), &lack); err != nil || lack.Since != 1_700_000_000_000 {
		t.Errorf("read is %+v, %v", lack, err)
	}
	if err := json.Unmarshal([]byte(`{"segment":"a","complete_since":null,"held":true}`), &lack); err != nil || !lack.Held {
		t.Errorf("read is %+v, %v", lack, err)
	}
}

// TestAPreviewThatCantBeIsAProblem, before the first event with a status, and
// behind it as an event.
func TestAPreviewThatCantBeIsAProblem(t *testing.T) {
	var answers error
	begins := false
	r := previewed(t, func(_ context.Context, _ *snapshot.Question, _ snapshot.Priority, to PreviewListener) error {
		if begins {
			_ = to.Begin(snapshot.Begun{})
		}
		return answers
	})
	p := refused(t, "a wrong rule", r.preview(t, `{"rule":"traits.age >> 30"}`), http.StatusUnprocessableEntity, "docs/rules.md")
	if len(p.Errors) != 1 || p.Errors[0].Line != 1 || p.Errors[0].Column == 0 || !strings.Contains(p.Errors[0].Text, "traits.age >> 30\n") || !strings.Contains(p.Errors[0].Text, "^") {
		t.Errorf("the mistakes are %+v", p.Errors)
	}
	refused(t, "an unknown segment", r.preview(t, `{"rule":"segment(\"vp\")"}`), http.StatusUnprocessableEntity, "did you mean vip?")
	refused(t, "a wrong draft", r.preview(t, `{"segments":"segments: 3"}`), http.StatusUnprocessableEntity)
	for body, word := range map[string]string{
		`{}`: "Either rule or segments", `{"rule":"true","segments":"x"}`: "not both", `{"segments":"x","overlap":true}`: "overlap is for rule",
		`{"rule":"true","against_live":true}`: "against_live is for segments",
	} {
		refused(t, body, r.preview(t, body), http.StatusBadRequest, word)
	}
	refused(t, "an unknown priority", r.preview(t, `{"rule":"true","priority":"x"}`), http.StatusUnprocessableEntity, "priority")
	refused(t, "a large body", r.preview(t, `{"rule":"`+strings.Repeat("x", maxBody)+`"}`), http.StatusRequestEntityTooLarge)
	refused(t, "no token", r.ask(t, access.Ingest, http.MethodPost, "/v1/preview", strings.NewReader(`{"rule":"true"}`)), http.StatusForbidden)
	for status, err := range map[int]error{
		http.StatusTooManyRequests: &snapshot.FullError{Waiting: 256, Askers: 300}, http.StatusServiceUnavailable: snapshot.NotFilledError{},
	} {
		answers = err
		response := r.preview(t, `{"rule":"true"}`)
		refused(t, err.Error(), response, status)
		if response.Header.Get("Retry-After") == "" {
			t.Errorf("%v says not when to come again", err)
		}
	}
	begins, answers = true, errors.New("redis is away")
	text, err := io.ReadAll(r.preview(t, `{"rule":"true"}`).Body)
	if err != nil || !strings.Contains(string(text), "event: failed\ndata: {\"title\":") || strings.Contains(string(text), "redis is away") {
		t.Errorf("%v:\n%s", err, text)
	}
}

// TestWhoGoesAwayEndsTheQuestion.
func TestWhoGoesAwayEndsTheQuestion(t *testing.T) {
	ended := make(chan error, 1)
	r := previewed(t, func(ctx context.Context, _ *snapshot.Question, _ snapshot.Priority, to PreviewListener) error {
		_ = to.Begin(snapshot.Begun{})
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	})
	response := r.preview(t, `{"rule":"true"}`)
	response.Body.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the question goes on")
	}
}

// TestInsightsHaveNothingElseOfTheAPI, and say so.
func TestInsightsHaveNothingElseOfTheAPI(t *testing.T) {
	r := previewed(t, nil)
	var document struct{ Paths map[string]any }
	r.get(t, "/openapi.json", &document)
	if len(document.Paths) != 4 || document.Paths["/v1/preview"] == nil {
		t.Errorf("the paths are %v", document.Paths)
	}
	refused(t, "segments", r.ask(t, access.Read, http.MethodGet, "/v1/segments", nil), http.StatusNotFound)
	refused(t, "GET", r.ask(t, access.Read, http.MethodGet, "/v1/preview", nil), http.StatusMethodNotAllowed)
}
