package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

const webhookSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// TestWebhooksTellEveryChange kills evaluators while a receiver takes some
// messages only at the second attempt, some of them having processed the
// first. What it knows in the end is what Redis holds.
func TestWebhooksTellEveryChange(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		r := &receiver{t: t, attempts: map[string]int{}, taken: map[string]string{}, version: map[string]uint64{}, changes: map[string]bool{}}
		server := httptest.NewServer(r)
		defer server.Close()
		secret := secretFile(t)
		tr := traffic.New(5, 60, 12)
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster,
			Destinations: destination(server.URL, secret, 5),
		})
		s.Init()
		running := []*stack.Evaluator{s.Run(), s.Run()}
		for range 3 {
			produceAndAwaitSome(s, tr)
			victim := tr.Rand.IntN(len(running))
			running[victim].Kill()
			running[victim] = s.Run()
		}
		produceAndAwaitSome(s, tr)
		s.AwaitSettled(stack.Patience)
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
		want := outboxes(s)
		s.Await("the receiver to know all changes", stack.Patience, func() error { return r.knows(want) })
		r.finish(len(want))
		s.Await("the status to say that nothing is left", stack.Patience, func() error {
			status, err := s.Activate("status", "--output", "json")
			if err == nil && !strings.Contains(status, `"behind":0,"waiting":0,`) {
				err = errors.New(status)
			}
			return err
		})
		r.compareLog(s)
	})
}

// TestDestinationsAreTakenOver edits the file while the evaluator runs: what is
// right is taken over, once, and what is wrong leaves what was.
func TestDestinationsAreTakenOver(t *testing.T) {
	stack.Beside(t)
	secret := secretFile(t)
	arrived := func(count *atomic.Int64) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { count.Add(1) }))
	}
	var first, second atomic.Int64
	before, after := arrived(&first), arrived(&second)
	defer before.Close()
	defer after.Close()
	s := stack.Start(t, stack.Options{Shards: 2, Segments: earlyAndLate, Destinations: destination(before.URL, secret, 1)})
	s.Init()
	e := s.Run()
	users := oneOfEach(s)
	visit(s, "Early", users)
	s.Await("the first address to be told", stack.Patience, told(&first, 2))

	s.WriteDestinations("destinations:\n  - {name: crm, segmnts: all}\n")
	awaitReady(t, s, e, http.StatusOK, "destinations are refused", "segmnts")
	s.WriteDestinations(destination(after.URL, secret, 1))
	s.Await("the new file to be in force", stack.Patience, func() error {
		if !strings.Contains(e.Log(), "destinations in force") {
			return errors.New("the log does not say so")
		}
		return nil
	})
	visit(s, "Late", users)
	s.Await("the second address to be told", stack.Patience, told(&second, 2))
	e.Terminate()
	if n := strings.Count(e.Log(), "destinations in force"); n != 1 || first.Load() != 2 {
		t.Errorf("destinations came into force %d times, the first address was told %d times", n, first.Load())
	}
}

func told(count *atomic.Int64, want int64) func() error {
	return func() error {
		if got := count.Load(); got < want {
			return fmt.Errorf("%d of %d messages have come", got, want)
		}
		return nil
	}
}

func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(webhookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// destination is the file of one destination that wants everything.
func destination(url, secret string, batch int) string {
	return fmt.Sprintf("destinations:\n  - name: crm\n    segments: all\n    batch: %d\n    webhook:\n      url: %s\n"+
		"      secrets: [{file: %s}]\n      allow_networks: [127.0.0.0/8]\n", batch, url, secret)
}

// outboxes returns the changes of all shards.
func outboxes(s *stack.System) map[string]bool {
	all := map[string]bool{}
	for shard := range shards {
		for _, c := range s.Stored(shard, nil).Outbox {
			all[fmt.Sprintf("%s %d %s %t", c.Profile, c.Version, c.Segment, c.Entered)] = true
		}
	}
	return all
}

// receiver holds what it is sent against the promises of deliveries.
type receiver struct {
	t        *testing.T
	mu       sync.Mutex
	attempts map[string]int    // by message id
	taken    map[string]string // by profile and version: the message it came in
	version  map[string]uint64 // by profile: the newest
	changes  map[string]bool
	again    int // messages that came once more
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the evaluator was killed
	}
	verifier, err := standardwebhooks.NewWebhook(webhookSecret)
	if err == nil {
		err = verifier.Verify(body, request.Header)
	}
	if err != nil {
		r.t.Errorf("a signature does not verify: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := request.Header.Get("Webhook-Id")
	r.attempts[id]++
	digest := fnv.New32a()
	_, _ = io.WriteString(digest, id)
	mood := digest.Sum32() % 4
	if r.attempts[id] == 1 && mood == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.process(id, body)
	if r.attempts[id] == 1 && mood == 1 {
		w.WriteHeader(http.StatusBadGateway) // it has processed the message
	}
}

func (r *receiver) process(id string, body []byte) {
	var message struct {
		Changes []struct {
			Type, Profile, Segment string
			Version                uint64
		}
	}
	if err := json.Unmarshal(body, &message); err != nil || len(message.Changes) == 0 {
		r.t.Errorf("body %s: %v", body, err)
	}
	for _, c := range message.Changes {
		key := fmt.Sprintf("%s %d", c.Profile, c.Version)
		if before, again := r.taken[key]; again {
			if r.again++; before != id {
				r.t.Errorf("change %s came in %s and again in %s", key, before, id)
			}
			continue
		}
		r.taken[key] = id
		if c.Version <= r.version[c.Profile] {
			r.t.Errorf("change %s came after %d", key, r.version[c.Profile])
		}
		r.version[c.Profile] = c.Version
		r.changes[fmt.Sprintf("%s %s %t", key, c.Segment, c.Type == "audience.entered")] = true
	}
}

// knows returns nil when the receiver has all changes and no others.
func (r *receiver) knows(want map[string]bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for change := range want {
		if !r.changes[change] {
			return fmt.Errorf("it knows %d of %d changes; %q is missing", len(r.changes), len(want), change)
		}
	}
	if len(r.changes) != len(want) {
		return fmt.Errorf("it knows %d changes of %d", len(r.changes), len(want))
	}
	return nil
}

// compareLog asks for the log of a profile that was told of: its attempts end
// with one that the receiver has taken.
func (r *receiver) compareLog(s *stack.System) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for profile := range r.version {
		text, err := s.Activate("log", "crm", "--profile", profile, "--output", "json")
		if err != nil {
			r.t.Errorf("the log of %s: %v", profile, err)
			return
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		var last struct {
			Message string `json:"webhook_id"`
			Verdict string
			Status  int
			Changes []struct{ Version uint64 }
		}
		err = json.Unmarshal([]byte(lines[len(lines)-1]), &last)
		if err != nil || last.Verdict != "delivered" || last.Status != http.StatusOK || len(last.Changes) == 0 ||
			r.taken[fmt.Sprintf("%s %d", profile, last.Changes[0].Version)] != last.Message {
			r.t.Errorf("the log of %s ends with %s, %v", profile, lines[len(lines)-1], err)
		}
		return
	}
}

// finish keeps the test from passing on nothing.
func (r *receiver) finish(changes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if changes == 0 || r.again == 0 || len(r.attempts) == 0 {
		r.t.Errorf("%d changes in %d messages, %d of them again", changes, len(r.attempts), r.again)
	}
}
