package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/kafka"
	"muster/test/kit/redis"
)

// Over TLS with certificates, signed in, and with no other permissions than
// docs/operations.md lists, init and run do all they do elsewhere.
func TestExactWhenSecured(t *testing.T) {
	stack.Beside(t)
	eachRedisInTurn(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(5, 40, 12)
		s := stack.Start(t, stack.Options{Shards: 4, Sources: 2, Segments: tr.Segments(), Cluster: cluster, Secured: true, Destinations: noDestination})
		s.WriteDestinations(fmt.Sprintf("destinations:\n  - {name: lake, segments: all, kafka: {topic: %[1]s.memberships, members_topic: %[1]s.members}}\n", s.Source))
		s.Init()
		evaluator := s.Run()
		s.Produce(tr.Records(s, 1000)...)
		s.AwaitSettled(stack.Patience)
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
		awaitTopics(t, s, s.Source+".memberships", s.Source+".members")
		denied, err := s.Denied()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range denied {
			t.Errorf("redis denied %s: %s", d.Object, d.Reason)
		}
		_, metrics, err := evaluator.Get("/metrics")
		if err != nil {
			t.Fatal(err)
		}
		expectNoSecret(t, "the metrics", metrics)
		expectNoSecret(t, "the log", evaluator.Log())
	})
}

// Who is refused waits, alive and not ready, says why, and goes on when it
// is mended, without a restart.
func TestRefusedWaitsUntilMended(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Sources: 1, Segments: oneSegment, Secured: true})
	s.Init()
	s.SetPasswords("not-the-brokers-word", redis.Password)
	refused := s.Run()
	awaitReady(t, s, refused, http.StatusServiceUnavailable, "kafka: ", "check sasl.username")
	if code := refused.Terminate(); code != 0 {
		t.Errorf("it left with exit code %d while it waited", code)
	}

	s.SetPasswords(kafka.Password, "not-the-servers-word")
	e := s.Run()
	awaitReady(t, s, e, http.StatusServiceUnavailable, "redis: ", `redis refuses user "muster"`)
	s.SetPasswords(kafka.Password, redis.Password)
	awaitReady(t, s, e, http.StatusOK)

	s.SetRedisUser("the-next-word")
	s.SetPasswords(kafka.Password, "the-next-word")
	tr := traffic.New(6, 5, 1)
	s.Produce(tr.Records(s, 50)...)
	s.AwaitSettled(stack.Patience)
	for _, one := range []*stack.Evaluator{refused, e} {
		expectNoSecret(t, "the log", one.Log())
	}
}

// noDestination is a file of destinations to begin with.
const noDestination = "destinations: []\n"

func awaitReady(t *testing.T, s *stack.System, e *stack.Evaluator, status int, words ...string) {
	t.Helper()
	s.Await(fmt.Sprintf("readiness %d with %q", status, words), stack.Patience, func() error {
		got, text, err := e.Ready()
		if err != nil {
			return err
		}
		for _, word := range words {
			if !strings.Contains(text, word) {
				return fmt.Errorf("it says %d %s", got, text)
			}
		}
		if got != status {
			return fmt.Errorf("it says %d %s", got, text)
		}
		expectNoSecret(t, "the readiness", text)
		return nil
	})
}

func expectNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{kafka.Password, redis.Password, "not-the-brokers-word", "not-the-servers-word", "the-next-word"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows %s", where, secret)
		}
	}
}
