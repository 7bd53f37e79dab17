package stack

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// config writes a configuration file for one evaluator, with the address it
// serves HTTP on, and returns its path.
func (s *System) config(name, listen string) string {
	s.t.Helper()
	session := s.session()
	var b strings.Builder
	fmt.Fprintf(&b, "kafka:\n  brokers: [%s]\n  client_id: %s\n  keyed: %s\n  group: %s\n", quoted(s.brokers), s.clientID(name), s.Keyed, s.group())
	if s.Instance != "" {
		fmt.Fprintf(&b, "  instance: %s\n", s.Instance)
	}
	if s.Sources > 0 {
		fmt.Fprintf(&b, "  sources: [%s]\n", s.Source)
	}
	fmt.Fprintf(&b, "  session_timeout: %s\n  rebalance_timeout: %s\n  heartbeat_interval: %s\n  poll_wait: 100ms\n", session, session, min(session/10, time.Second))
	if s.secured != nil {
		b.WriteString(s.secured.kafkaLines())
	}
	fmt.Fprintf(&b, "redis:\n  addresses: [%s]\n  cluster: %t\n  buckets: 64\n  reach_full_days: 3660\n%s\n", quoted(s.addresses), s.Cluster, s.RedisSection)
	if s.secured != nil {
		b.WriteString(s.secured.redisLines())
	}
	fmt.Fprintf(&b, "pipeline:\n  commit_timeout: %s\n%s\n", min(session/2, 30*time.Second), s.Pipeline)
	from := "files"
	if s.Definitions {
		from = "redis"
	}
	fmt.Fprintf(&b, "segments:\n  from: %s\n  path: %s\n  reload: 200ms\ncubes:\n  days: 3660\nclock: %s\n", from, s.file(segmentFile), s.clock())
	if s.Archive != "" {
		fmt.Fprintf(&b, "archive:\n%s\n", s.Archive)
	}
	if s.Destinations != "" {
		fmt.Fprintf(&b, "destinations:\n  path: %s\n", s.file(destinationFile))
	}
	fmt.Fprintf(&b, "http:\n  listen: %q\nlog:\n  level: info\n  format: json\n", listen)
	s.write(name+".yaml", b.String())
	return s.file(name + ".yaml")
}

// clientID is the client id of an evaluator: its own name, unless all are to
// be taken for one.
func (s *System) clientID(name string) string {
	if s.Instance != "" {
		return "evaluator"
	}
	return name
}

// append adds lines to a file.
func (s *System) append(path, text string) {
	s.t.Helper()
	before, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(before, text...), 0o600)
	}
	if err != nil {
		s.t.Fatalf("adding to %s: %v", path, err)
	}
}

// clock is what moves the shards' time.
func (s *System) clock() string {
	if s.Wall {
		return "wall"
	}
	return "stream"
}

// group is the consumer group. The router's has "-router" behind it.
func (s *System) group() string { return s.Source + "-group" }

func quoted(list []string) string {
	return `"` + strings.Join(list, `", "`) + `"`
}
