package sink

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/murmur3"
)

func TestKeysAreAsDocumented(t *testing.T) {
	k := keys{prefix: "m", buckets: 4096}
	for got, want := range map[string]string{
		k.deployment():               "m:cluster",
		k.meta(12):                   "m:{s12}:meta",
		k.names(12):                  "m:{s12}:names",
		k.catalog(12):                "m:{s12}:catalog",
		k.timers(12):                 "m:{s12}:timers",
		k.members(12, "vip"):         "m:{s12}:seg:vip",
		k.sizes(12):                  "m:{s12}:size",
		k.outbox(12):                 "m:{s12}:out",
		k.profiles(12, "ann"):        "m:{s12}:p:1987",
		k.tails(12, 1987):            "m:{s12}:t:1987",
		k.sourceAnchors():            "m:{sources}:anchors",
		k.sourceGaps():               "m:{sources}:gaps",
		k.reach("vip", 20778):        "m:hll:{vip}:20261121",
		k.flows(12, Hour, 20778):     "m:{s12}:hours:20261121",
		k.flows(12, Day, 2026*12+10): "m:{s12}:days:202611",
		k.reach("vip", 0):            "m:hll:{vip}:19700101",
		keys{prefix: "b"}.meta(0):    "b:{s0}:meta",
	} {
		if got != want {
			t.Errorf("key %s, want %s", got, want)
		}
	}
}

func TestProfileIDsAreNeverPartOfAKey(t *testing.T) {
	k := keys{prefix: "m", buckets: 4096}
	for _, id := range []string{"}{s1}", "a\nb", "a:b", "\U0001F600", strings.Repeat("x", 1024)} {
		key := k.profiles(7, id)
		digits, found := strings.CutPrefix(key, "m:{s7}:p:")
		if !found || strings.Trim(digits, "0123456789") != "" {
			t.Errorf("profile %q is in %q", id, key)
		}
	}
}

// The profiles of one shard share the hash that chose the shard.
func TestBucketsOfOneShardAreFilledEvenly(t *testing.T) {
	const shards, buckets, perBucket = 64, 256, 100
	counts := make([]int, buckets)
	for i, kept := 0, 0; kept < buckets*perBucket; i++ {
		id := fmt.Sprintf("profile-%d", i)
		if murmur3.StringSum64(id)%shards == 5 {
			counts[bucket(id, buckets)]++
			kept++
		}
	}
	for b, count := range counts {
		if count < perBucket/2 || count > perBucket*2 {
			t.Errorf("bucket %d has %d profiles, want about %d", b, count, perBucket)
		}
	}
}
