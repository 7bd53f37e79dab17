package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// An anchor is stored as a text: the offset that it is of, then the offset,
// fingerprint and topic of pipeline.Anchor. The fingerprint is in hexadecimal
// digits, and the topic is left out where there is none.

func appendAnchor(b []byte, next int64, a pipeline.Anchor) []byte {
	b = append(strconv.AppendInt(b, next, 10), ' ')
	b = append(strconv.AppendInt(b, a.Offset, 10), ' ')
	b = strconv.AppendUint(b, a.Sum, 16)
	if a.Topic != "" {
		b = append(append(b, ' '), a.Topic...)
	}
	return b
}

// anchorOf reads the anchor of an offset. One of another offset counts as none:
// a version that knows no anchors has gone on from it, or an operator has set
// the offset by hand, and who did so may have accepted another log.
func anchorOf(key, text string, next int64) (pipeline.Anchor, error) {
	a, of, err := parseAnchor(key, text)
	if of != next {
		a = pipeline.Anchor{}
	}
	return a, err
}

func parseAnchor(key, text string) (a pipeline.Anchor, of int64, err error) {
	if text == "" {
		return a, 0, nil
	}
	n, _ := fmt.Sscanf(text, "%d %d %x %s", &of, &a.Offset, &a.Sum, &a.Topic)
	if n < 3 {
		return a, 0, final("%s holds %q, which is not an anchor", key, text)
	}
	return a, of, nil
}

// SourceAnchor returns what is kept of the log of a partition of a source
// topic, zero for nothing.
func (s *Store) SourceAnchor(ctx context.Context, topic string, partition int) (a pipeline.Anchor, err error) {
	key := s.keys.sourceAnchors()
	err = s.retry(ctx, "reading anchor", func(ctx context.Context) error {
		text, err := s.client.HGet(ctx, key, sourceField(topic, partition)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		a, _, err = parseAnchor(key, text)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("reading the anchor of topic %s partition %d: %w", topic, partition, err)
	}
	return a, nil
}

// KeepSourceAnchor keeps the anchor of a partition of a source topic and, for
// good, a gap that was passed over to come there, nil for none. It tries once:
// the next one makes up for an anchor that is not kept. A gap may be kept twice.
func (s *Store) KeepSourceAnchor(ctx context.Context, topic string, partition int, a pipeline.Anchor, gap *pipeline.Gap) error {
	field := sourceField(topic, partition)
	pipe := s.client.TxPipeline()
	if gap != nil {
		pipe.RPush(ctx, s.keys.sourceGaps(), field+" "+formatGap(*gap))
	}
	pipe.HSet(ctx, s.keys.sourceAnchors(), field, appendAnchor(nil, a.Offset+1, a))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("keeping the anchor of topic %s partition %d: %w", topic, partition, err)
	}
	return nil
}

func sourceField(topic string, partition int) string { return topic + "/" + strconv.Itoa(partition) }
