package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// Over a network of 300 KB/s, 2,000 profiles of 2 KB can't be sent within the
// time of a commit. They get to Redis in smaller commits.
func TestLargeProfilesGetThroughASlowNetwork(t *testing.T) {
	stack.Beside(t)
	const profiles = 2000
	s := stack.Start(t, stack.Options{
		Shards: 1, LinkedRedis: true, Segments: "segments:\n  - {id: large, rule: 'traits.size == 2000'}\n",
		RedisSection: "  read_timeout: 1s\n  write_timeout: 1s\n  retry_for: 2s",
	})
	s.Init()
	for _, link := range s.Servers.RedisLinks {
		link.Throttle(300_000)
	}
	var records []*kgo.Record
	for i := range profiles {
		id := fmt.Sprintf("customer-%d", i)
		records = append(records, &kgo.Record{Topic: s.Keyed, Key: []byte(id), Value: fmt.Appendf(nil,
			`{"type":"identify","userId":%q,"traits":{"size":2000,"note":%q}}`, id, strings.Repeat("x", profiles))})
	}
	s.Produce(records...)
	e := s.Run()
	s.AwaitSettled(stack.Patience)
	if size := s.Redis.HGet(t.Context(), "m:{s0}:size", "large").Val(); size != fmt.Sprint(profiles) {
		t.Errorf("the segment has size %s", size)
	}
	expectLine(t, e, "the next attempt has", "profiles at a time")
}
