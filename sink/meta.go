package sink

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// Fields of a shard's meta hash, in the order that readMeta asks for them.
var metaFields = []string{
	"epoch",      // of the newest owner
	"next",       // offset of the next record to apply; absent on a new shard
	"clock",      // stream time, ms since 1970 UTC
	"outbox",     // entries the outbox ever got
	"rules",      // fingerprint of the rule set
	"generation", // number of rule sets seen
	"commits",    // commits ever; tells a commit that landed from one that did not
	"schema",     // version of the shard's keys
	"broken",     // what went wrong, once a transaction was applied in part
	"sealed",     // where its profiles go or went, from the beginning of a reshard on
	"swept",      // newest generation that every profile was looked at for
	"bucket",     // where that goes on for a newer generation
	"sweep",      // generation that swept and bucket were written with
	"anchor",     // of the log that next is of, see anchors.go
	"chronicle",  // what it has, see chronicleMark
	"summed",     // the last day whose flows were summed, since 1970 UTC, see flows_days.go
	"counted",    // outbox as it was behind the last commit that counts flows, see markFlows
	"cubed",      // the CubeMark up to which events were counted for cubes
}

// meta is a shard's meta hash.
type meta struct {
	epoch, next, clock, outbox int64
	rules                      string
	generation                 uint64
	commits                    int64
	schema                     string
	broken, sealed             string
	swept                      uint64
	bucket                     int
	anchor                     pipeline.Anchor
	chronicle                  chronicleMark
	summed                     int64
	counted                    int64 // -1 where it is absent
	cubed                      string
}

func readMeta(ctx context.Context, c redis.Cmdable, key string) (meta, error) {
	values, err := c.HMGet(ctx, key, metaFields...).Result()
	if err != nil {
		return meta{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return metaOf(key, values)
}

// metaOf reads the fields of metaFields.
func metaOf(key string, values []any) (m meta, err error) {
	text := make([]string, len(metaFields))
	for i, value := range values {
		text[i], _ = value.(string) // nil for a field that is absent
	}
	m = meta{rules: text[4], schema: text[7], broken: text[8], sealed: text[9], cubed: text[17]}
	var generation, swept, bucket, sweep int64
	for i, number := range [...]*int64{
		0: &m.epoch, 1: &m.next, 2: &m.clock, 3: &m.outbox, 5: &generation, 6: &m.commits, 10: &swept, 11: &bucket, 12: &sweep, 15: &m.summed, 16: &m.counted,
	} {
		if number == nil {
			continue
		}
		if err := parse(key, metaFields[i], text[i], number); err != nil {
			return meta{}, err
		}
	}
	if text[1] == "" {
		m.next = -1
	}
	if text[16] == "" {
		m.counted = -1
	}
	m.generation = uint64(generation)
	if sweep == generation {
		m.swept, m.bucket = uint64(swept), int(bucket)
	}
	if m.anchor, err = anchorOf(key, text[13], m.next); err != nil {
		return meta{}, err
	}
	if m.chronicle, err = chronicleMarkOf(key, text[14]); err != nil {
		return meta{}, err
	}
	return m, nil
}

// parse reads a number; an absent one is 0.
func parse(key, field, text string, number *int64) error {
	if text == "" {
		return nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return final("%s holds %q in field %s, which is not a number", key, text, field)
	}
	*number = value
	return nil
}

// precedes reports whether the commit follows this state, which has what was
// counted for the commit.
func (m meta) precedes(c *pipeline.Commit) bool {
	return m.epoch == c.Epoch && m.next == c.From && m.outbox == c.Outbox && (c.Counted == "" || m.cubed == c.Counted)
}

// follows reports whether this state is the one the commit leaves, given the
// number of commits before it. Under an epoch there is one owner and it makes
// one commit at a time, so nobody else can have raised the number by one.
func (m meta) follows(c *pipeline.Commit, commits int64) bool {
	return m.epoch == c.Epoch && m.commits == commits+1 &&
		m.next == c.Next && m.outbox == c.Outbox+int64(len(c.Changes))
}
