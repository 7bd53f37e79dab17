package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// An evaluator that stops for longer than its session, as a machine does that
// pauses, and then goes on in the middle of its batch, is fenced: it says so,
// drops what it had, and nothing of it lands. It stops when its transaction
// is on the way, and the transaction comes to Redis when it goes on. By then the
// time of a commit has passed too, so it may find that before the answer.
func TestZombieIsFenced(t *testing.T) {
	stack.Beside(t)
	const session = 2 * time.Second
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(9, 80, 12)
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster, Session: session, LinkedRedis: true,
		})
		s.Init()
		var armed atomic.Bool
		stopped, goesOn := make(chan struct{}), make(chan struct{})
		s.OnCommand(func(name string) {
			if name == "EXEC" && armed.CompareAndSwap(true, false) {
				close(stopped)
				<-goesOn
			}
		})
		zombie := s.Run()
		produceAndAwaitSome(s, tr)
		s.AwaitSettled(stack.Patience)
		armed.Store(true)
		s.Produce(tr.Records(s, 500)...)
		<-stopped
		zombie.Freeze()
		before := len(zombie.Log())
		s.Run()
		s.Produce(tr.Touch(s)...)
		s.AwaitSettled(stack.Patience) // by the other one
		close(goesOn)
		zombie.Thaw()
		// Until it has noticed, it holds itself ready, so this comes first.
		s.Await("the zombie to notice", stack.Patience, func() error {
			if fences(zombie) == 0 && !strings.Contains(zombie.Log()[before:], "context deadline exceeded") {
				return errors.New("muster_fenced_total of no shard has grown, and no commit has taken too long")
			}
			return nil
		})
		s.Await("the zombie to be at work again", stack.Patience, func() error { return ready(zombie) })
		s.Produce(tr.Touch(s)...)
		s.AwaitSettled(stack.Patience)
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
