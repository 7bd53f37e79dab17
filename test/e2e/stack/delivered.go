package stack

import (
	"errors"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/kit/delivered"
	"muster/test/kit/kafka"
	"muster/test/kit/oracle"
)

// Outbox returns the changes of all shards.
func (s *System) Outbox() []oracle.Change {
	s.t.Helper()
	var all []oracle.Change
	for shard := range s.Shards {
		all = append(all, s.Stored(shard, nil).Outbox...)
	}
	return all
}

// ToldOnTopic returns what a topic of a destination tells a consumer that reads
// committed records. Each record has to be what docs/activation.md says.
func (s *System) ToldOnTopic(topic string) *delivered.Log {
	s.t.Helper()
	log := delivered.New()
	s.committed(topic, func(r *kgo.Record, partitions int) {
		items, err := delivered.Parse(r.Value)
		if err != nil {
			s.t.Fatal(err)
		}
		h := headers(r)
		if r.Key == nil { // where a snapshot run begins or ends, on every partition
			if len(items) != 1 || items[0].Part == nil || h["ce_subject"] != items[0].Run || h["ce_id"] == "" || !strings.HasPrefix(h["ce_type"], "audience.snapshot_") {
				s.t.Errorf("on partition %d of %s there is the record %q with %q", r.Partition, topic, r.Value, h)
			}
			log.Tell(int(r.Partition), h["ce_id"], string(r.Value), items)
			return
		}
		c := &items[0].Change
		kind := "audience.exited"
		if c.Entered {
			kind = "audience.entered"
		}
		if string(r.Key) != c.Profile || partitionOf(c.Profile, partitions) != int(r.Partition) || len(items) != 1 || h["ce_id"] == "" || h["ce_source"] == "" ||
			h["ce_specversion"] != "1.0" || h["ce_type"] != kind || h["ce_subject"] != c.Segment || h["content-type"] != "application/json" {
			s.t.Errorf("on partition %d of %s there is the record %q with %q", r.Partition, topic, r.Key, h)
		}
		log.Tell(int(r.Partition), h["ce_id"], string(r.Value), items)
	})
	return log
}

// MembersOnTopic returns the memberships, with their versions, that a compacted
// topic is left with.
func (s *System) MembersOnTopic(topic string) map[delivered.Membership]uint64 {
	s.t.Helper()
	members := map[delivered.Membership]uint64{}
	s.committed(topic, func(r *kgo.Record, partitions int) {
		at := strings.LastIndexByte(string(r.Key), '/')
		member := delivered.Membership{Profile: string(r.Key[:max(at, 0)]), Segment: string(r.Key[at+1:])}
		if r.Value == nil {
			delete(members, member)
			return
		}
		version, err := strconv.ParseUint(headers(r)["muster_version"], 10, 64)
		if err != nil || partitionOf(member.Profile, partitions) != int(r.Partition) {
			s.t.Errorf("on partition %d of %s there is the record %q with %q", r.Partition, topic, r.Key, headers(r))
		}
		members[member] = version
	})
	return members
}

// committed visits what is committed on a topic, which may not be there yet.
func (s *System) committed(topic string, visit func(r *kgo.Record, partitions int)) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	partitions, err := s.partitions(ctx, topic)
	if errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return
	}
	if err == nil {
		err = kafka.ReadCommitted(ctx, topic, func(r *kgo.Record) { visit(r, partitions) }, s.kafka...)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func headers(r *kgo.Record) map[string]string {
	all := map[string]string{}
	for _, h := range r.Headers {
		all[h.Key] = string(h.Value)
	}
	return all
}
