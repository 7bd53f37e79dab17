package e2e

import (
	"net/http"
	"strings"
	"testing"

	"muster/test/e2e/stack"
)

// A second deployment whose configuration differs only in redis.prefix gets
// neither a shard nor a key, and the first does not notice.
func TestRefusesAnotherDeploymentsGroup(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Segments: earlyAndLate, Cluster: cluster})
		s.Init()
		e := s.Run()
		users := oneOfEach(s)
		visit(s, "Early", users)
		s.AwaitSettled(stack.Patience)
		id := s.Redis.HGet(t.Context(), "m:cluster", "id").Val()

		s.RedisSection = "  prefix: b\n"
		out, err := s.InitWith(2)
		if err == nil {
			t.Errorf("a second deployment was made:\n%s", out)
		}
		help := []string{"kafka.group", "another deployment", id, "redis.prefix m", "--take-over"}
		expectHelp(t, out, help...)
		if keys := s.Keys("b:*"); len(keys) > 0 {
			t.Errorf("it has left %q", keys)
		}
		// One of a version that did not ask is refused at its next start.
		if err := s.Redis.HSet(t.Context(), "b:cluster", "shards", 2, "buckets", 64, "schema", 1).Err(); err != nil {
			t.Fatal(err)
		}
		expectHelp(t, s.Refused(), help...)
		s.RedisSection = ""
		visit(s, "Late", users)
		s.AwaitSettled(stack.Patience)
		awaitReady(t, s, e, http.StatusOK)
		expectMetric(t, e, `muster_assigned_partitions{group="`+s.Source+`-group"}`, 2)
	})
}

// A deployment of a version before 0.2.0 gets an id when it is started, and
// what was taken over stays with who took it.
func TestADeploymentWithoutAnIDGetsOne(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: earlyAndLate})
	s.CreateTopic(s.Keyed, 2)
	s.CreateTopic(s.Keyed+stack.DeadSuffix, 1)
	if err := s.Redis.HSet(t.Context(), "m:cluster", "shards", 2, "buckets", 64, "schema", 1).Err(); err != nil {
		t.Fatal(err)
	}
	e := s.Run()
	awaitReady(t, s, e, http.StatusOK)
	id := s.Redis.HGet(t.Context(), "m:cluster", "id").Val()
	if id == "" {
		t.Error("it has no id")
	}
	s.RedisSection = "  prefix: b\n"
	if out, err := s.InitWith(2, "--take-over"); err != nil {
		t.Fatalf("taking over: %v\n%s", err, out)
	}
	s.RedisSection = ""
	s.Await("the first to end", stack.Patience, e.EndedRefused)
	expectHelp(t, s.Refused(), "kafka.group", "redis.prefix b")
	if got := s.Redis.HGet(t.Context(), "m:cluster", "id").Val(); got != id {
		t.Errorf("its id was %s and is %s", id, got)
	}
}

// Partitions that the keyed topic gets while the service runs belong to no
// shard: the service says so as a restart would, and its shards go on.
func TestPartitionsAddedToTheKeyedTopicAreTold(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: earlyAndLate})
	s.Init()
	e := s.Run()
	users := oneOfEach(s)
	visit(s, "Early", users)
	s.AwaitSettled(stack.Patience)
	awaitReady(t, s, e, http.StatusOK)
	s.AddPartitions(s.Keyed, 4)
	const words = "made for 2 shards, the keyed topic has 4 partitions"
	awaitReady(t, s, e, http.StatusServiceUnavailable, words)
	expectLine(t, e, `"level":"error"`, words)
	expectMetric(t, e, "muster_deployment_unfit", 1)
	expectMetric(t, e, "muster_keyed_partitions", 4)
	visit(s, "Late", users)
	for shard, user := range users {
		awaitMember(s, shard, "late", user)
	}
	expectHelp(t, s.Refused(), words)
	if e.Terminate(); len(s.Keys("m:{s2}:*")) > 0 {
		t.Error("a shard was begun that nobody has asked for")
	}
	// The way on is another number of shards, on a topic of its own.
	out, err := s.Reshard("--shards", "4")
	if err != nil || !strings.Contains(out, s.Keyed+"-4") {
		t.Fatalf("resharding: %v\n%s", err, out)
	}
	s.Resharded(s.Keyed+"-4", 4)
	awaitReady(t, s, s.Run(), http.StatusOK)
}
