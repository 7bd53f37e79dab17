package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// An evaluator that stops for longer than its session, as a machine does that
// pauses, and then goes on in the middle of its batch, is fenced: it says so,
// drops what it had, and nothing of it lands. What it was about to commit may
// have been nothing, so it takes some tries.
func TestZombieIsFenced(t *testing.T) {
	const session, tries = 2 * time.Second, 10
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(9, 80, 12)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster, Session: session})
		s.Init()
		running := []*stack.Evaluator{s.Run()}
		produceAndAwaitSome(s, tr)
		running = append(running, s.Run())
		fenced := 0.0
		for try := 0; fenced == 0; try++ {
			if try == tries {
				t.Fatalf("nobody was fenced in %d tries", tries)
			}
			zombie := running[try%2]
			produceAndAwaitSome(s, tr)
			zombie.Freeze()
			s.Produce(tr.Touch(s)...)
			s.AwaitSettled(time.Minute) // by the other one
			zombie.Thaw()
			s.Await("the zombie to be at work again", time.Minute, func() error { return ready(zombie) })
			fenced = fences(zombie)
		}
		s.Produce(tr.Touch(s)...)
		s.AwaitSettled(time.Minute)
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
	})
}

// fences is how often an evaluator was fenced. Of shards that it never had
// there is no such metric.
func fences(e *stack.Evaluator) (sum float64) {
	for shard := range shards {
		if n, err := e.Metric(fmt.Sprintf(`muster_fenced_total{shard="%d"}`, shard)); err == nil {
			sum += n
		}
	}
	return sum
}

func ready(e *stack.Evaluator) error {
	status, text, err := e.Ready()
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("it is ready with %d %q", status, text)
	}
	return nil
}
