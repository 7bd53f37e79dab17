package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/directive"
	"muster/event"
	"muster/test/e2e/stack"
	"muster/test/kit/oracle"
	"muster/test/kit/redis"
	"muster/test/kit/ruleset"
)

// mailbox is a webhook receiver that keeps which exits it was told.
type mailbox struct {
	mu    sync.Mutex
	exits []string // "<profile> <segment> <cause>"
}

func (m *mailbox) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	var message struct {
		Changes []struct{ Type, Profile, Segment, Cause string }
	}
	body, err := io.ReadAll(request.Body)
	if err != nil || json.Unmarshal(body, &message) != nil {
		return // the evaluator was killed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range message.Changes {
		if strings.Contains(c.Type, "exit") {
			m.exits = append(m.exits, c.Profile+" "+c.Segment+" "+c.Cause)
		}
	}
}

// has reports whether an exit was told.
func (m *mailbox) has(exit string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.exits, exit) {
		return fmt.Errorf("told are %q", m.exits)
	}
	return nil
}

// A customer is erased, the evaluator is killed right behind, and the customer's
// events go on coming. The destination is told of the exits, then nothing in
// Redis names the customer any more, and all others are as an oracle has them.
func TestACustomerIsErased(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		box := &mailbox{}
		server := httptest.NewServer(box)
		defer server.Close()
		rules := map[string]string{"vip": "traits.vip == true", "buyers": `count(events("Bought", "7d")) >= 2`}
		s := stack.Start(t, stack.Options{
			Shards: 2, Segments: ruleset.File(rules), Cluster: cluster, Destinations: destination(server.URL, secretFile(t), 7),
			RedisSection: "  chronicle_keep: 24h\n  trail_max: 1000",
		})
		s.Init()
		e := s.Run()
		users := make([]string, 40)
		for i := range users {
			users[i] = fmt.Sprintf("customer-%02d@example.com", i)
		}
		gone := users[7]
		live(s, users)
		s.AwaitSettled(stack.Patience)
		if out, err := s.Erase(gone, "--suppress", "1h"); err != nil || !strings.Contains(out, "on the log") {
			t.Fatalf("asking: %v\n%s", err, out)
		}
		e.Kill()
		live(s, users)
		e = s.Run()
		live(s, users)
		s.AwaitSettled(stack.Patience)
		s.Await("the exits to be told", stack.Patience, func() error {
			return errors.Join(box.has(gone+" vip erased"), box.has(gone+" buyers erased"))
		})
		var result struct {
			State string
			Keys  int `json:"keys_searched"`
			Left  []string
		}
		out, err := s.Erase(gone, "--status", "--wait", "--output", "json")
		if err == nil {
			err = json.Unmarshal([]byte(out), &result)
		}
		if err != nil || result.State != "complete" || len(result.Left) > 0 || result.Keys < 10 {
			t.Fatalf("the proof: %v\n%s", err, out)
		}
		named(t, s, gone)
		if out, err := s.Erase(users[8], "--status"); err == nil || !strings.Contains(out, "No erasure") {
			t.Errorf("of somebody else: %v\n%s", err, out)
		}
		metric := fmt.Sprintf("muster_suppressed_total{shard=%q}", fmt.Sprint(s.Owner(gone)))
		if n, err := e.Metric(metric); err != nil || n < 3 {
			t.Errorf("%s is %v, %v", metric, n, err)
		}
		compareErased(t, s, rules, gone)
	})
}

// live has every user be a vip and buy twice.
func live(s *stack.System, users []string) {
	var records []*kgo.Record
	for _, id := range users {
		for _, body := range []string{`"type":"identify","traits":{"vip":true}`, `"type":"track","event":"Bought"`, `"type":"track","event":"Bought"`} {
			records = append(records, &kgo.Record{
				Topic: s.Keyed, Partition: int32(s.Owner(id)), Key: []byte(id), Value: fmt.Appendf(nil, `{"userId":%q,%s}`, id, body),
			})
		}
	}
	s.Produce(records...)
}

// named demands that no key of Redis has an id in it.
func named(t *testing.T, s *stack.System, id string) {
	t.Helper()
	for key, text := range redis.Dump(t, s.Redis) {
		for _, form := range []string{id, base64.StdEncoding.EncodeToString([]byte(id))} {
			if strings.Contains(key+text, form) {
				t.Errorf("%s names %s: %s", key, form, text)
			}
		}
	}
}

// compareErased feeds the keyed topic, with its request to erase, to an oracle
// for each shard.
func compareErased(t *testing.T, s *stack.System, rules map[string]string, gone string) {
	t.Helper()
	logs, changes := make([]*oracle.Log, s.Shards), make([][]oracle.Change, s.Shards)
	for shard := range logs {
		var err error
		if logs[shard], err = oracle.NewLog(rules); err != nil {
			t.Fatal(err)
		}
	}
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	s.Read(s.Keyed, func(r *kgo.Record) {
		log, arrival := logs[r.Partition], r.Timestamp.UnixMilli()
		if d, err := directive.Decode(r.Value); err == nil {
			changes[r.Partition] = append(changes[r.Partition], log.Erase(d.Profile, arrival, d.Until)...)
			return
		}
		decoder.Reset()
		events, _ := decoder.Decode(nil, nil, r.Value, arrival, 0)
		for i := range events {
			changes[r.Partition] = append(changes[r.Partition], log.Apply(&events[i])...)
		}
	})
	for shard := range logs {
		got := s.Stored(shard, []string{"vip", "buyers"})
		want := slices.DeleteFunc(changes[shard], func(c oracle.Change) bool { return c.Profile == gone })
		if !slices.Equal(got.Outbox, want) || len(want) == 0 {
			t.Errorf("the outbox of shard %d is\n%+v\nthe oracle's\n%+v", shard, got.Outbox, want)
		}
		for segment := range rules {
			members := logs[shard].Oracle().Members(segment)
			if !slices.Equal(got.Members[segment], members) || got.Sizes[segment] != len(members) || slices.Contains(members, gone) {
				t.Errorf("shard %d: %s has size %d and\n%q\nthe oracle's are\n%q", shard, segment, got.Sizes[segment], got.Members[segment], members)
			}
		}
	}
}
