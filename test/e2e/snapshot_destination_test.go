package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// TestASnapshotTellsAllMembers has a destination come to a deployment that has
// members, while events flow and an evaluator is killed: it knows all of them in
// the end. Then it forgets, is told wrong things and misses changes, and a
// reconcile, a gap and a replay leave it right each time.
func TestASnapshotTellsAllMembers(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		list := newMemberList()
		server := httptest.NewServer(list)
		defer server.Close()
		before := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		defer before.Close()
		secret := secretFile(t)
		tr := traffic.New(9, 800, 12)
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster,
			Destinations: strings.Replace(destination(before.URL, secret, 5), "name: crm", "name: before", 1),
		})
		s.Init()
		running := []*stack.Evaluator{s.Run(), s.Run()}
		s.Produce(tr.Touch(s)...)
		s.Produce(tr.Records(s, 2000)...)
		s.AwaitSettled(stack.Patience)

		list.setMoody(true)
		s.WriteDestinations(destination(server.URL, secret, 5) + "    initial: all\n")
		for range 3 {
			produceAndAwaitSome(s, tr)
		}
		running[0].Kill()
		running[0] = s.Run()
		produceAndAwaitSome(s, tr)
		s.AwaitSettled(stack.Patience)
		awaitSnapshot(s, "initial:", list, tr)

		list.setMoody(false)
		list.forget()
		list.believe("nobody", "s00")
		activate(t, s, "of crm is asked for", "reconcile", "crm")
		produceAndAwaitSome(s, tr)
		s.AwaitSettled(stack.Patience)
		awaitSnapshot(s, "by-hand-", list, tr)

		activate(t, s, "crm is sent nothing", "pause", "crm")
		list.believe("somebody", "s01")
		awaitBehind(s, tr)
		trimOutboxes(t, s)
		activate(t, s, "crm is sent its changes again", "resume", "crm")
		awaitSnapshot(s, "gap-", list, tr)

		list.forget()
		activate(t, s, " are sent to crm again, from ", "replay", "crm", "--since", "1970-01-01T00:00:00Z")
		s.Await("the replay", stack.Patience, func() error {
			if got := list.count(); got == 0 {
				return errors.New("nothing has come")
			}
			return nil
		})
		list.finish(t)
	})
}

// awaitBehind has events flow until a paused destination is far behind, by
// several commits.
func awaitBehind(s *stack.System, tr *traffic.Traffic) {
	batches := 0
	s.Await("changes to wait for a paused destination", stack.Patience, func() error {
		s.Produce(tr.Records(s, 200)...)
		batches++
		text, err := s.Activate("status", "--output", "json")
		if err != nil {
			return err
		}
		var status struct {
			Destinations []struct {
				State  string
				Behind int64
			}
		}
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			return err
		}
		if d := status.Destinations[0]; d.State != "paused" || d.Behind < 400 || batches < 4 {
			return errors.New(text)
		}
		return nil
	})
	s.AwaitSettled(stack.Patience)
}

// trimOutboxes has the outboxes drop all but the changes of one commit.
func trimOutboxes(t *testing.T, s *stack.System) {
	t.Helper()
	for _, key := range s.Keys("*}:out") {
		if err := s.Redis.XTrimMaxLen(context.Background(), key, 1).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitSnapshot waits until a run is done in all shards and nothing is left to
// send, and for the destination to know the members and no others.
func awaitSnapshot(s *stack.System, run string, list *memberList, tr *traffic.Traffic) {
	done := fmt.Sprintf(": %d of %d shards done", s.Shards, s.Shards)
	s.Await("snapshot run "+run, stack.Patience, func() error {
		status, err := s.Activate("status")
		if err != nil || !strings.Contains(status, run) || !strings.Contains(status, done) || strings.Contains(status, "to make good") {
			return errors.Join(err, errors.New(status))
		}
		return list.compare(s, slices.Sorted(maps.Keys(tr.Rules)))
	})
}

// memberList is an endpoint that keeps members as docs/activation.md says.
type memberList struct {
	mu      sync.Mutex
	moody   bool
	seen    map[string]bool // by message id: whether it was refused once
	known   map[string]listed
	began   map[string]int          // by run
	parts   map[string]map[int]bool // by run: those that have ended
	clock   int                     // messages
	named   int
	dropped int
}

// listed is what is known of a profile and segment.
type listed struct {
	version uint64
	in      bool
	heard   int
}

func newMemberList() *memberList {
	l := &memberList{seen: map[string]bool{}, began: map[string]int{}, parts: map[string]map[int]bool{}}
	l.forget()
	return l
}

// forget loses all members.
func (l *memberList) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = map[string]listed{}
}

// believe adds a member that is none.
func (l *memberList) believe(profile, segment string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[profile+" "+segment] = listed{1, true, l.clock}
}

func (l *memberList) setMoody(moody bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moody = moody
}

func (l *memberList) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.known)
}

// listChange is an entry of a body.
type listChange struct {
	Type, Profile, Segment, Run string
	Version                     uint64
	Part, Parts                 int
}

func (l *memberList) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the evaluator was killed
	}
	var message struct{ Changes []listChange }
	if err := json.Unmarshal(body, &message); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	id := request.Header.Get("Webhook-Id")
	digest := fnv.New32a()
	_, _ = io.WriteString(digest, id)
	if mood := digest.Sum32() % 8; l.moody && mood < 2 && !l.seen[id] {
		l.seen[id] = true
		if mood == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer w.WriteHeader(http.StatusBadGateway) // it has processed the message
	}
	l.clock++
	for i := range message.Changes {
		l.process(&message.Changes[i])
	}
}

func (l *memberList) process(c *listChange) {
	switch c.Type {
	case "audience.snapshot_started", "audience.snapshot_completed":
		l.hear(c)
		return
	}
	if c.Run != "" {
		l.named++
	}
	key := c.Profile + " " + c.Segment
	if c.Version >= l.known[key].version {
		l.known[key] = listed{c.Version, c.Type == "audience.entered", l.clock}
	}
}

// hear takes in that a part of a run begins or ends. Once all have ended, the
// members that nothing was heard of since the first began are dropped.
func (l *memberList) hear(c *listChange) {
	if _, begun := l.began[c.Run]; !begun {
		l.began[c.Run], l.parts[c.Run] = l.clock, map[int]bool{}
	}
	if c.Type == "audience.snapshot_started" {
		return
	}
	if l.parts[c.Run][c.Part] = true; len(l.parts[c.Run]) < c.Parts {
		return
	}
	for key, m := range l.known {
		if m.in && m.heard < l.began[c.Run] {
			m.in = false
			l.known[key] = m
			l.dropped++
		}
	}
}

// compare returns nil when the members are those that Redis holds.
func (l *memberList) compare(s *stack.System, segments []string) error {
	want := map[string]bool{}
	for shard := range s.Shards {
		for segment, profiles := range s.Stored(shard, segments).Members {
			for _, profile := range profiles {
				want[profile+" "+segment] = true
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var wrong []string
	for key := range want {
		if !l.known[key].in {
			wrong = append(wrong, key+" is missing")
		}
	}
	for key, m := range l.known {
		if m.in && !want[key] {
			wrong = append(wrong, key+" is no member")
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 || len(want) == 0 {
		return fmt.Errorf("%d members, %d are wrong: %s", len(want), len(wrong), strings.Join(wrong[:min(3, len(wrong))], ", "))
	}
	return nil
}

// finish keeps the test from passing on nothing.
func (l *memberList) finish(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Logf("%d memberships were named, %d members dropped, %d messages", l.named, l.dropped, l.clock)
	if l.named == 0 || l.dropped < 2 || len(l.seen) == 0 {
		t.Errorf("%d memberships were named, %d members dropped, %d messages were not taken", l.named, l.dropped, len(l.seen))
	}
}
