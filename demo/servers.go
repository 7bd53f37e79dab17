package demo

import (
	"fmt"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Topic is the shop's topic. It has one partition, so that the order of
// records, and with it every number of a run, depends on the seed alone.
const Topic = "shop-events"

// Servers are a broker and a Redis within this process.
type Servers struct {
	Broker string // host:port
	Redis  string // host:port

	folder string
	broker *kfake.Cluster
	redis  *miniredis.Miniredis
}

// brokerConfig keeps the disk from filling: a partition keeps the last 64 MB,
// which is far more than what may be waiting in it.
func brokerConfig() map[string]string {
	return map[string]string{
		"log.retention.bytes": "67108864", "log.segment.bytes": "16777216", "log.cleaner.backoff.ms": "10000",
	}
}

// StartServers starts both on free ports of this machine, with the shop's
// topic. The broker keeps its data in a temporary folder until Close.
func StartServers() (*Servers, error) {
	folder, err := os.MkdirTemp("", "muster-demo-")
	if err != nil {
		return nil, fmt.Errorf("making folder for the broker: %w", err)
	}
	s := &Servers{folder: folder}
	if s.broker, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(folder), kfake.SeedTopics(1, Topic),
		kfake.GroupMinSessionTimeout(time.Second), kfake.BrokerConfigs(brokerConfig())); err != nil {
		s.Close()
		return nil, fmt.Errorf("starting broker: %w", err)
	}
	s.Broker = s.broker.ListenAddrs()[0]
	if s.redis, err = miniredis.Run(); err != nil {
		s.Close()
		return nil, fmt.Errorf("starting redis: %w", err)
	}
	s.redis.ClockTTL(true)
	s.redis.SetTime(opening)
	s.Redis = s.redis.Addr()
	return s, nil
}

// SetTime moves the clock by which Redis expires keys.
func (s *Servers) SetTime(now time.Time) { s.redis.SetTime(now) }

// Close ends both servers and removes their data.
func (s *Servers) Close() {
	if s.broker != nil {
		s.broker.Close()
	}
	if s.redis != nil {
		s.redis.Close()
	}
	_ = os.RemoveAll(s.folder) // a temporary folder that can't be removed is the system's to clean
}
