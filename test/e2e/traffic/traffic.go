// Package traffic makes random but repeatable events for a whole Muster, and
// the rules to evaluate on them.
package traffic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/directive"
	"muster/event"
	"muster/test/e2e/stack"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

// Traffic is a stream of events and the rules to evaluate on it. It is drawn
// from a seed alone.
type Traffic struct {
	Rand  *rand.Rand
	Rules map[string]string // by segment
	// Profiles are the ids that events are of.
	Profiles []string

	clock  int64
	serial int // of the next event
}

// New draws the rules of segments s00, s01 and so on. Events are of profiles
// customer-0, customer-1 and so on.
func New(seed uint64, profiles, rules int) *Traffic {
	tr := &Traffic{Rand: rand.New(rand.NewPCG(seed, 17)), clock: generate.Start, Rules: map[string]string{}}
	for i := range profiles {
		tr.Profiles = append(tr.Profiles, fmt.Sprintf("customer-%d", i))
	}
	var ids []string
	for i := range rules {
		id := fmt.Sprintf("s%02d", i)
		tr.Rules[id] = generate.Rule(tr.Rand, 1+tr.Rand.IntN(3), ids)
		ids = append(ids, id)
	}
	return tr
}

// Segments writes the rules as a segment file.
func (tr *Traffic) Segments() string { return ruleset.File(tr.Rules) }

// Records returns events on random partitions of the source topic under
// random keys, or none; without a source topic, keyed as they have to be.
// They arrive when they say so: a broker refuses timestamps in the future.
func (tr *Traffic) Records(s *stack.System, n int) []*kgo.Record {
	records := make([]*kgo.Record, n)
	for i := range records {
		e := generate.Event(tr.Rand, tr.Profiles, tr.clock)
		records[i] = tr.record(s, &e)
	}
	return records
}

func (tr *Traffic) record(s *stack.System, e *event.Event) *kgo.Record {
	tr.clock = max(tr.clock, e.Arrival)
	record := &kgo.Record{Value: generate.Record(e, map[string]any{"serial": tr.serial})}
	tr.serial++
	if s.Sources == 0 {
		record.Topic, record.Partition, record.Key = s.Keyed, int32(s.Owner(e.Profile)), []byte(e.Profile)
		return record
	}
	record.Topic, record.Partition = s.Source, int32(tr.Rand.IntN(s.Sources))
	if tr.Rand.IntN(3) > 0 {
		record.Key = fmt.Appendf(nil, "key-%d", tr.Rand.IntN(1000))
	}
	return record
}

// Touch returns one event of every profile, none of them a repeat.
func (tr *Traffic) Touch(s *stack.System) []*kgo.Record {
	var records []*kgo.Record
	for _, id := range tr.Profiles {
		e := generate.Event(tr.Rand, []string{id}, tr.clock)
		e.MessageID = ""
		records = append(records, tr.record(s, &e))
	}
	return records
}

// Present returns events that happen and arrive now, by the clock on the
// wall.
func (tr *Traffic) Present(s *stack.System, n int) []*kgo.Record {
	records := make([]*kgo.Record, n)
	for i := range records {
		now := time.Now().UnixMilli()
		records[i] = tr.record(s, &event.Event{
			Type: event.Track, Name: "Visited", Profile: tr.Profiles[tr.Rand.IntN(len(tr.Profiles))], Time: now, Arrival: now,
		})
	}
	return records
}

// Skip lets time pass until the next event.
func (tr *Traffic) Skip(d time.Duration) { tr.clock += d.Milliseconds() }

// ExpectAll demands that every event ever produced is on the keyed topic,
// once or more often. It returns how many are not.
func (tr *Traffic) ExpectAll(t testing.TB, s *stack.System) (lost int) {
	t.Helper()
	seen := make([]bool, tr.serial)
	s.EachLayout(func() {
		s.Read(s.Keyed, func(r *kgo.Record) {
			if len(r.Headers) > 0 && r.Headers[0].Key == directive.Header {
				return // Muster's own
			}
			var call struct {
				Serial int `json:"serial"`
			}
			if err := json.Unmarshal(r.Value, &call); err != nil {
				t.Errorf("record %d/%d of the keyed topic: %v", r.Partition, r.Offset, err)
				return
			}
			seen[call.Serial] = true
		})
	})
	for serial, found := range seen {
		if !found {
			lost++
			t.Errorf("event %d never came to the keyed topic", serial)
		}
	}
	return lost
}
