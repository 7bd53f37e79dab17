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

// swaps are rules that take turns. They read nothing of events that the
// rules of the start did not: what is kept of a profile begins with the rule
// that asks for it.
var swaps = []map[string]string{
	{"plan": `traits.plan == "pro"`, "gone": `traits.age != nil`, "seen": `count(events("*")) > 3`},
	{"plan": `traits.plan != "pro" and segment("seen")`, "seen": `count(events("*")) > 5`, "new": `bucket("x") < 50`},
}

func changeRules(r *run, _ *fault) bool {
	r.rules++
	r.useRules(r.rules % len(swaps))
	return true
}

func (r *run) useRules(number int) {
	for _, rules := range swaps {
		for id := range rules {
			delete(r.traffic.Rules, id)
		}
	}
	for id, rule := range swaps[number] {
		r.traffic.Rules[id] = rule
	}
	r.system.WriteSegments(r.traffic.Segments())
}

// settleRules has the last rules evaluated on every profile. A segment that
// everybody is in shows when they are.
func (r *run) settleRules() {
	const everybody = "everybody"
	r.traffic.Rules[everybody] = `traits.age == nil or traits.age != nil`
	r.system.WriteSegments(r.traffic.Segments())
	r.system.Await("the last rules to be in force", settling, func() error {
		r.producer.Send(r.traffic.Touch(r.system)...)
		members := 0
		for shard := range shards {
			members += len(r.system.Stored(shard, []string{everybody}).Members[everybody])
		}
		if members < profiles {
			return fmt.Errorf("%d of %d profiles are in segment %s", members, profiles, everybody)
		}
		return nil
	})
}
