package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"muster/test/e2e/stack"
)

// moody answers with a status that a test sets, and keeps what it has taken.
type moody struct {
	mu     sync.Mutex
	status int
	taken  map[string]string // by profile and segment: the webhook-id
}

func (m *moody) set(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status = status
}

func (m *moody) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var change struct{ Profile, Segment string }
	body, err := io.ReadAll(request.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && json.Unmarshal(body, &change) == nil && m.status == http.StatusOK {
		m.taken[change.Profile+" "+change.Segment] = request.Header.Get("Webhook-Id")
	}
	w.WriteHeader(m.status)
}

// has returns nil when so many changes have been taken.
func (m *moody) has(want int) func() error {
	return func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.taken) != want {
			return fmt.Errorf("%d changes of %d are taken", len(m.taken), want)
		}
		return nil
	}
}

// TestDeadLettersAreSentAgain refuses messages, and takes one of them when an
// operator has it sent again, under the id that the list shows. Then it
// answers 410, and goes on when it is enabled.
func TestDeadLettersAreSentAgain(t *testing.T) {
	stack.Beside(t)
	m := &moody{status: http.StatusBadRequest, taken: map[string]string{}}
	server := httptest.NewServer(m)
	defer server.Close()
	s := stack.Start(t, stack.Options{Shards: 2, Segments: earlyAndLate, Destinations: destination(server.URL, secretFile(t), 1)})
	s.Init()
	s.Run()
	users := oneOfEach(s)
	visit(s, "Early", users)
	ids := map[string]string{}
	s.Await("the dead letters", stack.Patience, func() error {
		text, err := s.Activate("dead", "crm", "--output", "json")
		for line := range strings.Lines(text) {
			var letter struct {
				Message string `json:"webhook_id"`
				Changes []struct{ Profile string }
			}
			if err := json.Unmarshal([]byte(line), &letter); err != nil {
				return err
			}
			ids[letter.Changes[0].Profile] = letter.Message
		}
		if err == nil && len(ids) != len(users) {
			err = fmt.Errorf("%d of %d are there", len(ids), len(users))
		}
		return err
	})
	m.set(http.StatusOK)
	activate(t, s, "1 messages wait to be sent to crm again", "dead", "crm", "--resend", "--profile", users[0])
	s.Await("the dead letter that is sent again", stack.Patience, m.has(1))
	if key := users[0] + " early"; m.taken[key] == "" || m.taken[key] != ids[users[0]] {
		t.Errorf("taken %v, want %s under %s", m.taken, key, ids[users[0]])
	}
	activate(t, s, users[1], "dead", "crm")

	m.set(http.StatusGone)
	visit(s, "Late", users)
	s.Await("the destination to be disabled", stack.Patience, func() error {
		text, err := s.Activate("status")
		if err == nil && !strings.Contains(text, "disabled") {
			err = fmt.Errorf("the status is\n%s", text)
		}
		return err
	})
	m.set(http.StatusOK)
	activate(t, s, "crm is sent its changes again", "enable", "crm")
	s.Await("what it was not sent", stack.Patience, m.has(3))
	activate(t, s, "1 messages wait to be sent to crm again", "dead", "crm", "--resend")
	s.Await("the other dead letter", stack.Patience, m.has(4))
}

// activate runs a command of evaluator activate, which must print something.
func activate(t *testing.T, s *stack.System, want string, arguments ...string) {
	t.Helper()
	text, err := s.Activate(arguments...)
	if err != nil || !strings.Contains(text, want) {
		t.Fatalf("evaluator activate %s: %v\n%s", strings.Join(arguments, " "), err, text)
	}
}
