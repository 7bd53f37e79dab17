package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/kit/kafka"
	"muster/test/kit/redis"
)

// DeadSuffix is the documented default of what the name of a topic of dead
// letters ends with.
const DeadSuffix = ".dead"

// Options say what a System is made of.
type Options struct {
	// Shards is the number of partitions of the keyed topic.
	Shards int
	// Sources is the number of partitions of the source topic; 0 for none,
	// and then the keyed topic is fed directly.
	Sources int
	// Segments is the text of the segment file.
	Segments string
	// Definitions has the evaluators go by definitions in Redis, which
	// ApplySegments makes those of the segment file.
	Definitions bool
	// Cluster asks for a Redis Cluster of three nodes.
	Cluster bool
	// Directives are lines of redis.conf.
	Directives []string
	// Session is the consumer group's session timeout: how soon a killed
	// evaluator is missed. 0 means 2 s.
	Session time.Duration
	// Instance is the instance name that all evaluators have, against what
	// they ask for; "" gives each the one of its address.
	Instance string
	// Wall has the wall clock move shards that have nothing to read. Without
	// it only arrival times do, and any are believed.
	Wall bool
	// Steppable lets StepClock change the evaluators' wall clock.
	Steppable bool
	// Secured asks for a broker and a Redis of its own that want TLS with a
	// certificate and a user; what the user may do is what docs/operations.md
	// lists.
	Secured bool
	// Linked asks for a Link in front of every server, for servers of its own
	// that write what they are told to disk, and for replicas in a Cluster.
	// LinkedRedis asks for that of Redis alone: of real brokers of their own
	// tests have one at a time.
	Linked, LinkedRedis bool
	// Pipeline holds lines of the configuration's pipeline section, each
	// indented by two spaces.
	Pipeline string
	// RedisSection holds lines of its redis section.
	RedisSection string
	// API has every evaluator serve the API, to this machine without a token,
	// or to those that the text Tokens names.
	API    bool
	Tokens string
	// Backfills is the work directory of backfills that the API tells of, ""
	// for none.
	Backfills string
	// Archive holds lines of the configuration's archive section, each indented
	// by two spaces.
	Archive string
	// Destinations is the text of the file of destinations, "" for none.
	Destinations string
}

// System is a broker and a Redis, and the evaluators that run on them.
type System struct {
	Options
	Redis goredis.UniversalClient
	// Source and Keyed are the topics, of this System alone.
	Source, Keyed string
	// Servers are at hand where Options.Linked or LinkedRedis asks for it.
	Servers *Servers
	// Layout is the number of the shards' layout; 0 is 1, and each reshard
	// makes it one more.
	Layout int

	t          testing.TB
	kafka      []kgo.Opt // how the tests' own clients connect
	secured    *secured  // nil for none
	folder     string
	brokers    []string
	addresses  []string // of Redis
	admin      *kafkago.Client
	evaluators []*Evaluator
	expired    time.Time            // when members were last expired
	seen       map[string]time.Time // by member id: when it was first seen in its group
	earlier    []layout             // before reshards
	forgotten  map[string]bool      // profiles that were erased
}

// Start starts a broker and a Redis and creates the source topic. The keyed
// topic is created by Init.
func Start(t testing.TB, o Options) *System {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers and evaluators; runs without -short (make test, make e2e)")
	}
	name := fmt.Sprintf("shop-%d", started.Add(1))
	s := &System{Options: o, Source: name, Keyed: name + ".keyed", t: t, folder: t.TempDir(), seen: map[string]time.Time{}, forgotten: map[string]bool{}}
	switch {
	case o.Secured:
		s.startSecured()
	case o.Linked, o.LinkedRedis:
		s.startLinked()
	default:
		s.start()
	}
	s.WriteSegments(o.Segments)
	if o.Destinations != "" {
		s.write(destinationFile, o.Destinations)
	}
	if o.Steppable {
		s.StepClock(0)
	}
	if o.Sources > 0 {
		s.CreateTopic(s.Source, o.Sources)
	}
	return s
}

func (s *System) start() {
	s.t.Helper()
	s.useBroker(broker(s.t))
	s.startRedis(redis.Start, redis.StartCluster)
}

func (s *System) startRedis(
	single func(testing.TB, ...string) *redis.Server, cluster func(t testing.TB, masters, replicas int, directives ...string) *redis.Cluster,
) {
	s.t.Helper()
	if s.Cluster {
		c := cluster(s.t, 3, 0, s.Directives...)
		s.Redis, s.addresses = c.Client(s.t), c.Addresses
		return
	}
	one := single(s.t, s.Directives...)
	s.Redis, s.addresses = one.Client(s.t), []string{one.Address}
}

func (s *System) useBroker(b kafka.Broker) {
	s.brokers = b.Addresses()
	s.kafka = []kgo.Opt{kgo.SeedBrokers(s.brokers...)}
	s.admin = &kafkago.Client{Addr: kafkago.TCP(s.brokers...), Transport: patient{&kafkago.Transport{MetadataTTL: 200 * time.Millisecond}}}
}

// session is the session timeout of the evaluators' groups.
func (s *System) session() time.Duration {
	if s.Session == 0 {
		return 2 * time.Second
	}
	return s.Session
}

// started counts the Systems, which may share a broker.
var started atomic.Int64

func (s *System) file(name string) string { return filepath.Join(s.folder, name) }

func (s *System) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.file(name), []byte(text), 0o600); err != nil {
		s.t.Fatalf("writing %s: %v", name, err)
	}
}

// tokenFile is the name of the evaluators' file of tokens.
const tokenFile = "tokens"

// apiLines are the section of a configuration about the API at an address.
func (s *System) apiLines(address string) string {
	s.t.Helper()
	lines := fmt.Sprintf("api:\n  listen: %q\n  backfills: %q\n", address, s.Backfills)
	if s.Tokens == "" {
		return lines + "  insecure: true\n"
	}
	s.write(tokenFile, s.Tokens+"\n")
	return lines + fmt.Sprintf("  tokens_file: %s\n  rate: 100000\n  burst: 100000\n", s.file(tokenFile))
}

// clockFile is the name of the file that says how far the clock is off.
const clockFile = "clock"

// StepClock sets how far the evaluators' wall clock is off the real one.
func (s *System) StepClock(by time.Duration) {
	s.t.Helper()
	s.replace(clockFile, fmt.Sprint(by.Milliseconds()))
}

// destinationFile is the name of the evaluators' file of destinations.
const destinationFile = "destinations.yaml"

// segmentFile is the name of the evaluators' segment file.
const segmentFile = "segments.yaml"

// WriteSegments gives all evaluators another segment file. It is replaced in
// one step, as an editor or a deployment does.
func (s *System) WriteSegments(text string) {
	s.t.Helper()
	s.replace(segmentFile, text)
}

// ApplySegments makes the definitions those of a text.
func (s *System) ApplySegments(text string) {
	s.t.Helper()
	if out, err := s.TryApply(text); err != nil {
		s.t.Fatalf("evaluator segments apply: %v\n%s", err, out)
	}
}

// TryApply is ApplySegments, which may be refused, and returns what it printed.
func (s *System) TryApply(text string) (string, error) {
	s.t.Helper()
	s.WriteSegments(text)
	return s.Command("segments", "apply", "-c", s.config("apply", ""), "-f", s.file(segmentFile), "--yes", "--force")
}

// WriteDestinations replaces the evaluators' file of destinations.
func (s *System) WriteDestinations(text string) {
	s.t.Helper()
	s.replace(destinationFile, text)
}

func (s *System) replace(name, text string) {
	s.t.Helper()
	s.write(name+".new", text)
	if err := os.Rename(s.file(name+".new"), s.file(name)); err != nil {
		s.t.Fatalf("replacing %s: %v", name, err)
	}
}

// CreateTopic creates a topic that takes records up to 16 MB.
func (s *System) CreateTopic(topic string, partitions int) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	res, err := s.admin.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: topic, NumPartitions: partitions, ReplicationFactor: 1,
		ConfigEntries: []kafkago.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "16777216"}},
	}}})
	if err == nil {
		err = res.Errors[topic]
	}
	if err != nil {
		s.t.Fatalf("creating topic %s: %v", topic, err)
	}
}

// Patience is how long a test waits for what must come by itself. It only
// keeps a test from hanging: how soon something comes is the machine's.
const Patience = 5 * time.Minute

// patience bounds every single question to a broker or a Redis.
const patience = 2 * time.Minute

func (s *System) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}
