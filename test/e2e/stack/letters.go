package stack

import (
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Letter is one dead letter with its headers.
type Letter struct {
	Reason    string
	Topic     string
	Partition int
	Offset    int64
	Truncated bool // whether the value was cut
	Key       []byte
	Value     []byte
}

// Letters returns the dead letters of a topic by partition and offset, or
// fails the test when one lacks a header. A record may have several: items
// of a batch, and after a crash the same once more.
func (s *System) Letters(topic string) map[string][]Letter {
	s.t.Helper()
	letters := map[string][]Letter{}
	s.Read(topic+DeadSuffix, func(r *kgo.Record) {
		l, err := parseLetter(r)
		if err != nil {
			s.t.Errorf("dead letter %d of %s: %v", r.Offset, topic, err)
			return
		}
		at := Place(l.Partition, l.Offset)
		letters[at] = append(letters[at], l)
	})
	return letters
}

// Place names a record within its topic.
func Place(partition int, offset int64) string { return fmt.Sprintf("%d/%d", partition, offset) }

func parseLetter(r *kgo.Record) (Letter, error) {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	for _, name := range []string{"reason", "topic", "partition", "offset"} {
		if headers[name] == "" {
			return Letter{}, fmt.Errorf("it has no header %s", name)
		}
	}
	l := Letter{Reason: headers["reason"], Topic: headers["topic"], Key: r.Key, Value: r.Value}
	_, l.Truncated = headers["truncated"]
	var err error
	if l.Partition, err = strconv.Atoi(headers["partition"]); err != nil {
		return l, err
	}
	l.Offset, err = strconv.ParseInt(headers["offset"], 10, 64)
	return l, err
}
