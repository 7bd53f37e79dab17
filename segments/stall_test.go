package segments

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

// pipe is a Source that is handed its batches, and hears of their commits.
type pipe struct {
	batches   chan pipeline.Batch
	committed chan pipeline.BatchStats
	next      int64
}

func newPipe() *pipe {
	return &pipe{batches: make(chan pipeline.Batch), committed: make(chan pipeline.BatchStats)}
}

// worker returns the worker that reads the pipe under the rules of a desk.
func (p *pipe) worker(d *desk, store pipeline.Store) *pipeline.Worker {
	return &pipeline.Worker{
		Config: pipeline.Default(), Rules: d.live, Sample: d.sample, Store: store, Topic: "events",
		Owner: func(string) int { return 0 }, Wall: func() int64 { return 0 },
		Open: func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return p, nil },
		Observer: pipeline.Observer{Committed: func(_ int, b pipeline.BatchStats) {
			if b.Records > 0 { // and not a sweep's
				p.committed <- b
			}
		}},
	}
}

func (p *pipe) Fetch(ctx context.Context) (pipeline.Batch, error) {
	select {
	case b := <-p.batches:
		return b, nil
	case <-ctx.Done():
		return pipeline.Batch{}, ctx.Err()
	}
}

func (p *pipe) Close() error { return nil }

// send hands over one identify call and waits until it is committed.
func (p *pipe) send(profile string, age int) pipeline.BatchStats {
	value := fmt.Appendf(nil, `{"type":"identify","userId":%q,"traits":{"age":%d},"timestamp":"2026-11-01T00:00:00Z"}`, profile, age)
	records := []pipeline.Record{{Offset: p.next, Value: value, Time: 1_793_500_000_000 + p.next}}
	p.next++
	p.batches <- pipeline.Batch{Records: records, Next: p.next, High: p.next}
	return <-p.committed
}

// many is a file of n segments.
func many(n int) string {
	text := "segments:\n"
	for i := range n {
		text += fmt.Sprintf("  - {id: s%d, rule: traits.age == %d}\n", i, i)
	}
	return text
}

// A worker commits batch after batch while a compilation goes on, and takes
// the outcome over with the first batch after it.
func TestCompilingStallsNoWorker(t *testing.T) {
	d := newDesk(t, nil)
	begun, held := make(chan struct{}), make(chan struct{})
	d.files.build = func(o rules.Options, sources ...rules.Source) (*rules.Set, error) {
		close(begun)
		<-held
		return Compile(o, sources...)
	}
	store, source := memory.New(), newPipe()
	worker := source.worker(d, store)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- worker.Run(ctx, 0) }()
	go func() { d.Run(ctx, d.ask); ended <- nil }()

	source.send("ann", 70)
	d.write("shop.yaml", many(2000))
	d.ask <- syscall.SIGHUP
	<-begun
	for i := range 50 {
		if b := source.send("bob", 61+i); b.Edition != 1 {
			t.Errorf("a batch was applied with edition %d", b.Edition)
		}
	}
	if got := store.Members("old"); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("the members of old are %q", got)
	}
	published := make(chan struct{})
	d.observer.Published = func(p Published) { close(published) }
	close(held)
	<-published
	if b := source.send("bob", 7); b.Edition != 2 {
		t.Errorf("the batch after it was applied with edition %d", b.Edition)
	}
	for segment, want := range map[string][]string{"s7": {"bob"}, "old": nil, "s70": {"ann"}} {
		for began := time.Now(); !slices.Equal(store.Members(segment), want); time.Sleep(time.Millisecond) { // until the sweep is done
			if time.Since(began) > time.Minute {
				t.Fatalf("the members of %s are %q, want %q", segment, store.Members(segment), want)
			}
		}
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A compilation learns from what the workers have stored.
func TestCompilingLearnsFromLiveProfiles(t *testing.T) {
	d := newDesk(t, nil)
	source := newPipe()
	worker := source.worker(d, memory.New())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- worker.Run(ctx, 0) }()
	for i := range 5 {
		source.send(fmt.Sprint("p", i), 20+i)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	d.write("shop.yaml", many(10))
	d.judge(t.Context(), d.files.Read(t.Context()))
	if p := d.heard().published; len(p) != 1 || p[0].Sample != 5 {
		t.Errorf("told %+v", p)
	}
}
