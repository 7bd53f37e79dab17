package stack

import (
	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kit/kafka"
	"muster/test/kit/network"
	"muster/test/kit/redis"
)

// Servers are what a System runs on, for tests that harm it.
type Servers struct {
	Kafka     kafka.Broker // with its link, nil without Options.Linked
	KafkaLink *network.Link
	// Redis is one server, or the masters and then the replicas of a Cluster.
	Redis      []*redis.Server
	RedisLinks []*network.Link // in front of each
}

// durable are lines of redis.conf for servers that keep what they are told,
// in one file that only grows.
var durable = []string{"appendonly yes", "appendfsync everysec", "auto-aof-rewrite-percentage 0"}

func (s *System) startLinked() {
	s.t.Helper()
	s.Servers = &Servers{}
	if s.Linked {
		own := linkedBroker(s.t)
		s.Servers.Kafka, s.Servers.KafkaLink = own.Broker, own.link
		s.useBroker(own)
	} else {
		s.useBroker(broker(s.t))
	}
	s.t.Cleanup(s.deleteTopics)
	s.startLinkedRedis()
}

func (s *System) startLinkedRedis() {
	s.t.Helper()
	directives := append(durable, s.Directives...)
	if s.Cluster {
		c := redis.StartLinkedCluster(s.t, 3, 1, directives...)
		s.Redis, s.Servers.Redis, s.Servers.RedisLinks = c.Client(s.t), c.Nodes, c.Links
	} else {
		one, link := redis.Start(s.t, directives...), network.Open(s.t)
		link.To(one.Address)
		s.Redis, s.Servers.Redis, s.Servers.RedisLinks = one.Client(s.t), []*redis.Server{one}, []*network.Link{link}
	}
	for _, link := range s.Servers.RedisLinks {
		s.addresses = append(s.addresses, link.Address)
	}
}

// deleteTopics leaves a broker that is used again as it was: each topic makes
// its restarts slower.
func (s *System) deleteTopics() {
	ctx, cancel := s.bounded()
	defer cancel()
	topics := []string{s.Source, s.Source + DeadSuffix, s.Keyed, s.Keyed + DeadSuffix}
	if _, err := s.admin.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: topics}); err != nil {
		s.t.Logf("deleting topics: %v", err)
	}
}
