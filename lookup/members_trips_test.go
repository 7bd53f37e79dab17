package lookup

import (
	"strconv"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/sink"
	"muster/test/kit/redis"
)

// reads returns how often Redis has read from a client so far.
func reads(t *testing.T, c *client.Client) int {
	t.Helper()
	text, err := c.Info(t.Context(), "stats").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = strings.Cut(text, "total_reads_processed:")
	text, _, _ = strings.Cut(text, "\r\n")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Members as of an instant take a few round trips a shard, and not one for each
// of its 128 parts. Redis reads a long pipeline in several pieces.
func TestPastMembersTakeFewTrips(t *testing.T) {
	server := redis.Start(t)
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets, cfg.ChronicleKeep = []string{server.Address}, 16, 30*24*time.Hour
	p := newPast(t, 1, cfg, 1)
	begun := p.clock
	p.live(t, 100)
	r, direct := p.reader(t), server.Client(t)
	before, told := reads(t, direct), 0
	_, err := r.MembersAt(t.Context(), "a", "", begun, 0, func(string) error {
		told++
		return nil
	})
	if err != nil || told != 0 {
		t.Fatalf("%d were in before the first event, %v", told, err)
	}
	if n := reads(t, direct) - before; n > 60 {
		t.Errorf("Redis has read %d times", n)
	}
}

// A shard that never had a change is asked for no list, however long ago the
// instant is.
func TestMembersOfAShardWithoutAChange(t *testing.T) {
	server := redis.Start(t)
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets = []string{server.Address}, 16
	p := newPast(t, 1, cfg, 2)
	const id = "customer-1"
	p.apply(t, p.owner.Partition(id), arrived{`{"type":"identify","userId":"customer-1","traits":{"n":1}}`, p.clock})
	p.commit(t, p.owner.Partition(id))
	r, direct := p.reader(t), server.Client(t)
	before := reads(t, direct)
	if _, err := r.MembersAt(t.Context(), "a", "", 0, 0, func(string) error { t.Error("somebody was in"); return nil }); err != nil {
		t.Fatal(err)
	}
	if n := reads(t, direct) - before; n > 30 {
		t.Errorf("Redis has read %d times", n)
	}
}
