package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// A producer that keys by profile but with another partitioner must not get
// anything applied in the wrong shard.
func TestWrongPartitioner(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 4, Segments: oneSegment, Cluster: cluster})
		s.Init()
		want := make([][]string, s.Shards) // members by shard
		var records []*kgo.Record
		var wrong int
		for i := range 200 {
			profile := fmt.Sprintf("p%03d", i)
			owner := s.Owner(profile)
			partition := i % s.Shards // round robin
			if partition == owner {
				want[owner] = append(want[owner], profile)
			} else {
				wrong++
			}
			value := fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":%q,"receivedAt":"2026-11-01T10:00:00Z"}`, profile)
			records = append(records, &kgo.Record{
				Topic: s.Keyed, Partition: int32(partition), Key: []byte(profile), Value: []byte(value),
			})
		}
		s.Produce(records...)
		s.Run()
		s.AwaitSettled(stack.Patience)
		letters := s.Letters(s.Keyed)
		if len(letters) != wrong || wrong == 0 {
			t.Errorf("%d records have dead letters, want %d", len(letters), wrong)
		}
		for _, list := range letters {
			l := list[0]
			reason := fmt.Sprintf("belongs to partition %d, not %d", s.Owner(string(l.Key)), l.Partition)
			if !strings.Contains(l.Reason, reason) || !strings.Contains(l.Reason, "partitioner") {
				t.Errorf("the reason %q of %s does not say that it %s", l.Reason, l.Key, reason)
			}
		}
		for shard := range s.Shards {
			if got := s.Stored(shard, []string{"bought"}).Members["bought"]; !slices.Equal(got, want[shard]) {
				t.Errorf("shard %d has the members %q, want %q", shard, got, want[shard])
			}
		}
	})
}
