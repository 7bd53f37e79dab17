package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// Segments are created, edited and deleted over HTTP, by one evaluator or the
// other, while events flow. Both take each change over; of two who edit what
// both have seen, one is refused; and every profile ends where the oracle says
// under what is stored at the end.
func TestSegmentsAreEditedOverHTTPWhileEventsFlow(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(18, 80, 12)
		tr.Rules["plan"] = `traits.plan == "pro"`
		tr.Rules["gone"] = `traits.age != nil`
		tr.Rules["seen"] = `count(events("*")) > 3`
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Definitions: true, API: true, Cluster: cluster})
		s.Init()
		e := &editors{t: t, s: s, tr: tr, evaluators: []*stack.Evaluator{s.Run(), s.Run()}}
		for _, one := range e.evaluators {
			awaitLog(s, one, "there are no definitions", "serving the API")
		}
		e.create(tr.Rules)
		s.Produce(tr.Records(s, 1000)...)
		s.AwaitSettled(stack.Patience)

		seen := e.tag(1, "plan")
		e.put(0, http.StatusOK, "plan", seen, `traits.plan != "pro"`)
		e.put(1, http.StatusPreconditionFailed, "plan", seen, `traits.plan == "free"`)
		e.put(1, http.StatusCreated, "new", "", `count(events("*")) >= 2 or bucket("x") < 50`)
		e.put(0, http.StatusOK, "plan", e.tag(1, "plan"), `traits.plan != "pro" and segment("new")`)
		e.remove(0, http.StatusUnprocessableEntity, "new") // plan mentions it
		e.put(1, http.StatusUnprocessableEntity, "seen", "", `count(events("*")) >`)
		e.remove(1, http.StatusNoContent, "gone")
		e.put(0, http.StatusOK, "seen", "*", `count(events("*")) > 5`)

		s.Produce(tr.Records(s, 500)...)
		s.AwaitSettled(stack.Patience)
		s.AwaitSwept(stack.Patience, tr.Rules)
		report(t, s.VerifyMembers(tr.Rules))
		if keys := s.Keys("*:seg:gone"); len(keys) > 0 {
			t.Errorf("of the removed segment these are left: %q", keys)
		}
		if e.quickest > 2*time.Second {
			t.Errorf("of %d changes, the quickest was in force after %v; segments promises two seconds", e.changes, e.quickest)
		}
	})
}

// editors edit the segments of a deployment by the API of its evaluators.
type editors struct {
	t          *testing.T
	s          *stack.System
	tr         *traffic.Traffic // its rules are those that are stored
	evaluators []*stack.Evaluator
	changes    int
	flow       bool          // that events come while evaluators take a change over
	quickest   time.Duration // until all evaluators had a change: a busy machine may be slow with any of them
}

// create stores the first segments, as one version. No event comes before they
// are in force: nothing would be kept of it.
func (e *editors) create(rules map[string]string) {
	e.t.Helper()
	write := map[string]string{}
	for id, rule := range rules {
		write[id] = textOf(rule)
	}
	text, _ := json.Marshal(map[string]any{"write": write, "version": 0}) // plain values
	e.change(0, http.StatusOK, http.MethodPost, "/v1/definitions", "", string(text))
	e.flow = true
}

// put stores the rule of a segment by one of the evaluators, under an If-Match
// unless that is "".
func (e *editors) put(by, want int, id, match, rule string) {
	e.t.Helper()
	if want < http.StatusBadRequest {
		e.tr.Rules[id] = rule
	}
	e.change(by, want, http.MethodPut, "/v1/segments/"+id, match, textOf(rule))
}

func (e *editors) remove(by, want int, id string) {
	e.t.Helper()
	if want < http.StatusBadRequest {
		delete(e.tr.Rules, id)
	}
	e.change(by, want, http.MethodDelete, "/v1/segments/"+id, "", "")
}

// textOf is the text of a segment without its id.
func textOf(rule string) string {
	text, _ := json.Marshal(map[string]string{"rule": rule}) // a plain value
	return string(text)
}

// change sends a request, and waits until every evaluator has what it has
// changed.
func (e *editors) change(by, want int, method, path, match, body string) {
	e.t.Helper()
	before := e.editions()
	if got := e.ask(by, method, path, match, body); got.status != want {
		e.t.Fatalf("%s %s: %d, want %d: %s", method, path, got.status, want, got.text)
	}
	if want >= http.StatusBadRequest {
		return
	}
	stored := time.Now()
	e.s.Await("every evaluator to have the change", stack.Patience, func() error {
		for i, edition := range e.editions() {
			if edition != before[i]+1 {
				if e.flow {
					e.s.Produce(e.tr.Records(e.s, 20)...)
				}
				return fmt.Errorf("evaluator %d is of edition %v, and was of %v", i, edition, before[i])
			}
		}
		return nil
	})
	if took := time.Since(stored); e.changes == 0 || took < e.quickest {
		e.quickest = took
	}
	e.changes++
}

// editions are those of the evaluators.
func (e *editors) editions() []float64 {
	e.t.Helper()
	editions := make([]float64, len(e.evaluators))
	for i, one := range e.evaluators {
		e.s.Await("an evaluator to tell its edition", stack.Patience, func() (err error) {
			editions[i], err = one.Metric("muster_segments_edition")
			return err
		})
	}
	return editions
}

// tag is the ETag of a segment as one of the evaluators tells it.
func (e *editors) tag(by int, id string) string {
	e.t.Helper()
	got := e.ask(by, http.MethodGet, "/v1/segments/"+id, "", "")
	if got.status != http.StatusOK {
		e.t.Fatalf("%s: %d: %s", id, got.status, got.text)
	}
	return got.tag
}

// answer is what an evaluator says to a request.
type answer struct {
	status    int
	tag, text string
}

// ask sends a request to one of the evaluators.
func (e *editors) ask(by int, method, path, match, body string) answer {
	e.t.Helper()
	request, err := http.NewRequestWithContext(e.t.Context(), method, e.evaluators[by].API(path), bytes.NewReader([]byte(body)))
	if err != nil {
		e.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if match != "" {
		request.Header.Set("If-Match", match)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header.Get("ETag"), string(text)}
}
