package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/stream"
	"muster/test/kit/kafka"
)

// ownership records who owns which partition and every breach of "one owner
// at a time".
type ownership struct {
	mu       sync.Mutex
	owner    map[int]string
	breaches []string
	moved    chan struct{} // gets a value after a change, capacity 1
}

func newOwnership() *ownership {
	return &ownership{owner: map[int]string{}, moved: make(chan struct{}, 1)}
}

func (o *ownership) set(partition int, from, to string) {
	o.mu.Lock()
	if o.owner[partition] != from {
		o.breaches = append(o.breaches, fmt.Sprintf("partition %d goes from %q to %q but is owned by %q",
			partition, from, to, o.owner[partition]))
	}
	o.owner[partition] = to
	o.mu.Unlock()
	select {
	case o.moved <- struct{}{}:
	default:
	}
}

// own owns partitions for a member until they are withdrawn.
func (o *ownership) own(name string) func(context.Context, int) error {
	return func(ctx context.Context, partition int) error {
		o.set(partition, "", name)
		<-ctx.Done()
		o.set(partition, name, "")
		return ctx.Err()
	}
}

// await waits until every member owns exactly so many partitions.
func (o *ownership) await(f *fixture, want map[string]int) {
	f.t.Helper()
	for {
		counts := map[string]int{}
		o.mu.Lock()
		for _, name := range o.owner {
			if name != "" {
				counts[name]++
			}
		}
		o.mu.Unlock()
		if fmt.Sprint(counts) == fmt.Sprint(want) {
			return
		}
		await(f, o.moved, fmt.Sprintf("%v, it is %v", want, counts))
	}
}

// join runs a member until the returned func is called, which waits for its end.
func (f *fixture) join(c *stream.Cluster, own func(context.Context, int) error) (leave func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.Group().Run(ctx, own) }()
	var once sync.Once
	leave = func() {
		once.Do(func() {
			cancel()
			if err := await(f, ended, "the member to leave"); err != nil {
				f.t.Errorf("running member: %v", err)
			}
		})
	}
	f.t.Cleanup(leave)
	return leave
}

func TestPartitionsHaveOneOwner(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 12)
	o := newOwnership()
	leaveFirst := f.join(f.connect(nil), o.own("first"))
	o.await(f, map[string]int{"first": 12})
	leaveSecond := f.join(f.connect(nil), o.own("second"))
	o.await(f, map[string]int{"first": 6, "second": 6})
	leaveThird := f.join(f.connect(nil), o.own("third"))
	o.await(f, map[string]int{"first": 4, "second": 4, "third": 4})
	leaveFirst()
	o.await(f, map[string]int{"second": 6, "third": 6})
	leaveThird()
	o.await(f, map[string]int{"second": 12})
	leaveSecond()
	o.await(f, map[string]int{})
	for _, breach := range o.breaches {
		t.Error(breach)
	}
}

// A new member must wait for the old owner's flush, and the flush is seen.
func TestRebalanceWaitsForFlush(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 2)
	took := make(chan time.Duration, 100)
	o := newOwnership()
	const flush = 300 * time.Millisecond
	slow := func(ctx context.Context, partition int) error {
		o.set(partition, "", "slow")
		<-ctx.Done()
		ended := time.Now()
		for time.Since(ended) < flush { // stands for the work of a flush
			time.Sleep(time.Millisecond)
		}
		o.set(partition, "slow", "")
		return nil
	}
	f.join(f.connect(&stream.Observer{
		Released: func(_ string, _ int, d time.Duration) { took <- d },
	}), slow)
	o.await(f, map[string]int{"slow": 2})
	f.join(f.connect(nil), o.own("quick"))
	o.await(f, map[string]int{"slow": 1, "quick": 1})
	if d := await(f, took, "Released"); d < flush {
		t.Errorf("released after %v, before the flush was over", d)
	}
	for _, breach := range o.breaches {
		t.Error(breach)
	}
}

func TestPoisonedPartitionDoesNotStopOthers(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 3)
	type failure struct {
		partition int
		err       error
	}
	poisoned, failed := make(chan failure, 100), make(chan failure, 100)
	assigned, resumed, unassigned := make(chan int32, 100), make(chan int, 100), make(chan string, 100)
	calls := [3]chan struct{}{make(chan struct{}, 100), make(chan struct{}, 100), make(chan struct{}, 100)}
	passing := errors.New("a passing error")
	c := f.connect(&stream.Observer{
		Poisoned:   func(_ string, p int, err error) { poisoned <- failure{p, err} },
		WorkError:  func(_ string, p int, err error, _ time.Duration) { failed <- failure{p, err} },
		Resumed:    func(_ string, p int) { resumed <- p },
		Assigned:   func(_ string, generation int32, _ map[string][]int) { assigned <- generation },
		Unassigned: func(group string) { unassigned <- group },
	})
	leave := f.join(c, func(ctx context.Context, partition int) error {
		calls[partition] <- struct{}{}
		switch {
		case partition == 0:
			return fmt.Errorf("opening: %w", &stream.GapError{Topic: "keyed", Asked: 1, First: 5, Last: 9})
		case partition == 1 && len(calls[1]) < 3:
			return passing
		case partition == 1:
			calls[1] <- struct{}{} // the third call, so that the test need not guess
		}
		<-ctx.Done()
		return nil
	})
	if p := await(f, poisoned, "the poisoned partition"); p.partition != 0 || !stream.IsFatal(p.err) {
		t.Errorf("poisoned is %v", p)
	}
	for range 2 {
		if p := await(f, failed, "the passing error"); p.partition != 1 || !errors.Is(p.err, passing) {
			t.Errorf("failed is %v", p)
		}
	}
	for range 2 {
		await(f, calls[1], "partition 1 to be owned again")
	}
	for range 2 {
		if p := await(f, resumed, "the work to be resumed"); p != 1 {
			t.Errorf("partition %d is resumed", p)
		}
	}
	if len(unassigned) > 0 {
		t.Error("the generation is said to be over")
	}
	leave()
	if len(resumed) > 0 || await(f, unassigned, "the end of the generation") != "workers" || len(unassigned) > 0 {
		t.Errorf("resumed %d times too often, or the generation ended %d times too often", len(resumed), len(unassigned))
	}
	if len(calls[0]) != 1 || len(calls[2]) != 1 || len(assigned) != 1 {
		t.Errorf("partition 0 was owned %d times, partition 2 %d times, in %d generations; want 1 each",
			len(calls[0]), len(calls[2]), len(assigned))
	}
}

func TestCommitHintReachesLagTools(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 2)
	f.produce(f.client, numbered("keyed", 1, 0, 10)...)
	g := f.connect(nil).Group()
	ctx, cancel := context.WithCancel(f.ctx)
	ended := make(chan error, 1)
	owned := make(chan struct{}, 2)
	go func() {
		ended <- g.Run(ctx, func(ctx context.Context, partition int) error {
			if partition == 1 {
				g.CommitHint(1, 4)
				g.CommitHint(1, 7)
			}
			owned <- struct{}{}
			<-ctx.Done()
			return nil
		})
	}()
	await(f, owned, "a partition")
	await(f, owned, "the other partition")
	cancel() // the last hints are committed before the member leaves
	if err := await(f, ended, "the member to leave"); err != nil {
		t.Fatal(err)
	}
	if got := f.committed("workers", "keyed", 1); got != 7 {
		t.Errorf("the group's offset is %d", got)
	}
	if got := f.committed("workers", "keyed", 0); got != -1 {
		t.Errorf("the group's offset of a partition without a hint is %d", got)
	}
}

// committed returns a group's offset of a partition, -1 for none.
func (f *fixture) committed(group, topic string, partition int32) int64 {
	f.t.Helper()
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{partition}}}
	res, err := req.RequestWith(f.ctx, f.client)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, g := range res.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				return p.Offset
			}
		}
	}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			return p.Offset
		}
	}
	f.t.Fatalf("no answer for group %s topic %s: %+v", group, topic, res)
	return 0
}

// A missing topic is an error, and asking must not make the broker create it.
func TestGroupNeedsItsTopic(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.StartFakeFor(t, allowAutoCreation()...))
	c := f.connect(nil)
	for range 2 {
		err := c.Group().Run(f.ctx, func(context.Context, int) error { return nil })
		if err == nil {
			t.Fatal("the group runs without its topic")
		}
	}
}

func TestGroupTimings(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	f.cfg.SessionTimeout, f.cfg.RebalanceTimeout = 7*time.Second, 5*time.Second
	joins := make(chan [2]int32, 100)
	broker.Fault(observeJoins(joins))
	o := newOwnership()
	f.join(f.connect(nil), o.own("only"))
	o.await(f, map[string]int{"only": 1})
	if got := await(f, joins, "a join request"); got != [2]int32{7000, 5000} {
		t.Errorf("session and rebalance timeouts are %v ms", got)
	}
}
