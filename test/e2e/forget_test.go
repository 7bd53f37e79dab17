package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/kit/ruleset"
)

// forgettable are the rules and customers of the tests of erasing over HTTP.
func forgettable() (rules map[string]string, users []string, gone string) {
	for i := range 40 {
		users = append(users, fmt.Sprintf("customer-%02d@example.com", i))
	}
	return map[string]string{"vip": "traits.vip == true", "buyers": `count(events("Bought", "7d")) >= 2`}, users, users[7]
}

// A customer is erased over HTTP while events flow, and another time. Then the
// API proves that nothing names the customer, the log of the evaluator does not
// either, and all others are as an oracle has them.
func TestACustomerIsForgottenOverHTTP(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		rules, users, gone := forgettable()
		s := stack.Start(t, stack.Options{Shards: 2, Segments: ruleset.File(rules), Cluster: cluster, API: true})
		s.Init()
		e := s.Run()
		awaitAPI(t, s, e)
		live(s, users)
		s.AwaitSettled(stack.Patience)
		live(s, users) // on the way while the request is made
		location := forget(t, e, gone)
		live(s, users)
		second := forget(t, e, gone)
		live(s, users)
		s.AwaitSettled(stack.Patience)
		for _, place := range []string{location, second} {
			awaitForgotten(t, s, e, place)
		}
		proven(t, e, gone, true)
		proven(t, e, users[8], false)
		named(t, s, gone)
		if strings.Contains(e.Log(), gone) {
			t.Error("the evaluator's log names the customer")
		}
		compareErased(t, s, rules, gone)
	})
}

// The number of shards changes while an erasure is not complete: the new shards
// go on with it, suppress the customer, and say when they are done. What the
// old ones hold is found by the proof until it is dropped.
func TestACustomerIsForgottenThroughAReshard(t *testing.T) {
	stack.Beside(t)
	rules, users, gone := forgettable()
	s := stack.Start(t, stack.Options{Shards: 2, Segments: ruleset.File(rules), API: true})
	s.Init()
	e := s.Run()
	awaitAPI(t, s, e)
	live(s, users)
	location := forget(t, e, gone)
	s.AwaitSettled(stack.Patience)
	e.Terminate()
	if out, err := s.Reshard("--shards", "3"); err != nil {
		t.Fatalf("the reshard: %v\n%s", err, out)
	}
	s.Resharded(s.Keyed+"-3", 3)
	e = s.Run()
	awaitAPI(t, s, e)
	live(s, users)
	s.AwaitSettled(stack.Patience)
	awaitForgotten(t, s, e, location)
	proven(t, e, gone, false)
	e.Terminate()
	if out, err := s.Reshard("--drop-old"); err != nil {
		t.Fatalf("dropping the old shards: %v\n%s", err, out)
	}
	e = s.Run()
	awaitAPI(t, s, e)
	live(s, users)
	s.AwaitSettled(stack.Patience)
	proven(t, e, gone, true)
	named(t, s, gone)
}

// awaitAPI waits until an evaluator answers.
func awaitAPI(t *testing.T, s *stack.System, e *stack.Evaluator) {
	t.Helper()
	s.Await("the API to answer", stack.Patience, func() error {
		status, text, err := send(t, http.MethodGet, e.API("/readyz"), nil, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d: %s", status, text)
		}
		return err
	})
}

// forget asks for a customer to be erased, and returns where to ask how far that
// is.
func forget(t *testing.T, e *stack.Evaluator, id string) (location string) {
	t.Helper()
	header := http.Header{}
	status, text, err := send(t, http.MethodDelete, e.API("/v1/profiles/"+id+"?suppress=1h"), nil, header)
	location = header.Get("Location")
	if err != nil || status != http.StatusAccepted || location == "" || strings.Contains(location+text, id) {
		t.Fatalf("asking: %d, %v, %q: %s", status, err, location, text)
	}
	return location
}

func awaitForgotten(t *testing.T, s *stack.System, e *stack.Evaluator, location string) {
	t.Helper()
	s.Await("the erasure to be complete", stack.Patience, func() error {
		_, text, err := send(t, http.MethodGet, e.API(location), nil, nil)
		if err == nil && !strings.Contains(text, `"state":"complete"`) {
			err = fmt.Errorf("it is %s", text)
		}
		return err
	})
}

// proven demands that keys name a customer, or that none does.
func proven(t *testing.T, e *stack.Evaluator, id string, want bool) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"profile": id})
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		Keys int `json:"keys_searched"`
		Left []string
	}
	status, text, err := send(t, http.MethodPost, e.API("/v1/erasures/search"), body, nil)
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	if err != nil || status != http.StatusOK || found.Keys < 10 || (len(found.Left) == 0) != want {
		t.Errorf("the proof of %s: %d, %v: %s", id, status, err, text)
	}
}

// send sends a request with a body of JSON, and adds the headers of the answer
// to header, unless that is nil.
func send(t *testing.T, method, url string, body []byte, header http.Header) (status int, text string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		if header != nil {
			header[name] = values
		}
	}
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}
