package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/test/e2e/stack"
	"muster/test/generate"
)

// traffic is a random but repeatable stream of events and the rules to
// evaluate on it.
type traffic struct {
	r        *rand.Rand
	profiles []string
	clock    int64
	rules    map[string]string
	serial   int // of the next event
}

func newTraffic(seed uint64, profiles, rules int) *traffic {
	tr := &traffic{r: rand.New(rand.NewPCG(seed, 17)), clock: generate.Start, rules: map[string]string{}}
	for i := range profiles {
		tr.profiles = append(tr.profiles, fmt.Sprintf("customer-%d", i))
	}
	var ids []string
	for i := range rules {
		id := fmt.Sprintf("s%02d", i)
		tr.rules[id] = generate.Rule(tr.r, 1+tr.r.IntN(3), ids)
		ids = append(ids, id)
	}
	return tr
}

// segments writes the rules as a segment file. JSON is YAML.
func (tr *traffic) segments() string {
	var b strings.Builder
	b.WriteString("segments:\n")
	for id, rule := range tr.rules {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(rule); err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "  - id: %s\n    rule: %s", id, text.String())
	}
	return b.String()
}

// records returns events on random partitions under random keys, or none.
// They arrive when they say so: a broker refuses timestamps in the future.
func (tr *traffic) records(s *stack.System, n int) []*kgo.Record {
	records := make([]*kgo.Record, n)
	for i := range records {
		e := generate.Event(tr.r, tr.profiles, tr.clock)
		records[i] = tr.record(s, &e)
	}
	return records
}

func (tr *traffic) record(s *stack.System, e *event.Event) *kgo.Record {
	tr.clock = max(tr.clock, e.Arrival)
	record := &kgo.Record{
		Topic: s.Source, Partition: int32(tr.r.IntN(s.Sources)),
		Value: generate.Record(e, map[string]any{"serial": tr.serial}),
	}
	if tr.r.IntN(3) > 0 {
		record.Key = fmt.Appendf(nil, "key-%d", tr.r.IntN(1000))
	}
	tr.serial++
	return record
}

// touch returns one event of every profile, none of them a repeat.
func (tr *traffic) touch(s *stack.System) []*kgo.Record {
	var records []*kgo.Record
	for _, id := range tr.profiles {
		e := generate.Event(tr.r, []string{id}, tr.clock)
		e.MessageID = ""
		records = append(records, tr.record(s, &e))
	}
	return records
}

// expectAll demands that every event ever produced is on the keyed topic,
// once or more often.
func (tr *traffic) expectAll(t *testing.T, s *stack.System) {
	t.Helper()
	seen := make([]bool, tr.serial)
	s.Read(s.Keyed, func(r *kgo.Record) {
		var call struct {
			Serial int `json:"serial"`
		}
		if err := json.Unmarshal(r.Value, &call); err != nil {
			t.Errorf("record %d/%d of the keyed topic: %v", r.Partition, r.Offset, err)
			return
		}
		seen[call.Serial] = true
	})
	for serial, found := range seen {
		if !found {
			t.Errorf("event %d never came to the keyed topic", serial)
		}
	}
}
