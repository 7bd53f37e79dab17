package e2e

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/kafka"
)

const webhookSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// TestWebhooksTellEveryChange kills evaluators while a receiver takes some
// messages only at the second attempt, some of them having processed the
// first. What it knows in the end is what Redis holds.
func TestWebhooksTellEveryChange(t *testing.T) {
	kafka.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		r := &receiver{t: t, attempts: map[string]int{}, taken: map[string]string{}, version: map[string]uint64{}, changes: map[string]bool{}}
		server := httptest.NewServer(r)
		defer server.Close()
		secret := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(secret, []byte(webhookSecret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		tr := traffic.New(5, 60, 12)
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster,
			Destinations: fmt.Sprintf("destinations:\n  - name: crm\n    segments: all\n    batch: 5\n    webhook:\n      url: %s\n"+
				"      secrets: [{file: %s}]\n      allow_networks: [127.0.0.0/8]\n", server.URL, secret),
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
		status, err := s.Activate("status", "--output", "json")
		if err != nil || !strings.Contains(status, `"behind": 0`) && !strings.Contains(status, `"behind":0`) {
			t.Errorf("status: %v\n%s", err, status)
		}
	})
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

// finish keeps the test from passing on nothing.
func (r *receiver) finish(changes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if changes == 0 || r.again == 0 || len(r.attempts) == 0 {
		r.t.Errorf("%d changes in %d messages, %d of them again", changes, len(r.attempts), r.again)
	}
}
