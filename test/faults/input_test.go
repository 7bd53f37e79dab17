package faults

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// poison is what no decoder takes.
const poison = "not an event"

func sendPoison(r *run, f *fault) bool {
	topic, partitions := r.input()
	for i := range 1 + f.pick%3 {
		r.producer.Send(&kgo.Record{
			Topic: topic, Partition: int32((f.pick + i) % partitions), Key: []byte("k"), Value: fmt.Appendf(nil, "%s %d", poison, f.pick),
		})
	}
	return true
}

// input is the topic that is produced to.
func (r *run) input() (topic string, partitions int) {
	if r.plan.sources == 0 {
		return r.system.Keyed, shards
	}
	return r.system.Source, r.plan.sources
}

// verifyLetters demands a dead letter for every poison, and none else.
func (r *run) verifyLetters(tally *stack.Tally) {
	topic, _ := r.input()
	poisoned := map[string]bool{}
	r.system.Read(topic, func(record *kgo.Record) {
		if len(record.Value) > len(poison) && string(record.Value[:len(poison)]) == poison {
			poisoned[stack.Place(int(record.Partition), record.Offset)] = true
		}
	})
	if len(poisoned) == 0 {
		return // and perhaps no topic of dead letters
	}
	letters := r.system.Letters(topic)
	for place := range poisoned {
		if len(letters[place]) == 0 {
			tally.Lost++
			r.t.Errorf("the poison at %s of %s has no dead letter", place, topic)
		}
	}
	for place := range letters {
		if !poisoned[place] {
			tally.Diverged++
			r.t.Errorf("the record at %s of %s is no poison and has dead letters: %+v", place, topic, letters[place])
		}
	}
}
