package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/event"
	"muster/stream"
	"muster/test/kit/kafka"
)

func (f *fixture) appender(c *stream.Cluster, topic string, shards int) *stream.Appender {
	f.t.Helper()
	a, err := c.Appender(topic, shards)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(a.Close)
	return a
}

// routed returns events of one profile with numbers as their values.
func routed(profile string, from, to int) []event.Routed {
	var events []event.Routed
	for i := from; i < to; i++ {
		events = append(events, event.Routed{Profile: profile, Value: fmt.Appendf(nil, "%d", i)})
	}
	return events
}

// values returns what a partition holds of each key.
func values(records []*kgo.Record) map[string][]string {
	found := map[string][]string{}
	for _, r := range records {
		found[string(r.Key)] = append(found[string(r.Key)], string(r.Value))
	}
	return found
}

// TestAppendKeepsTheOrderOfAProfile: many senders append at a time, and what
// each of them has sent is there once, in order, where its profile belongs.
func TestAppendKeepsTheOrderOfAProfile(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 3)
	a := f.appender(f.connect(nil), "keyed", 3)
	const senders, calls, each = 20, 15, 4
	var work sync.WaitGroup
	for s := range senders {
		work.Go(func() {
			for i := range calls {
				if err := a.Append(f.ctx, routed(fmt.Sprint("p", s), i*each, (i+1)*each)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	p, err := stream.NewPartitioner(stream.Murmur2, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := values(nil)
	for i := range calls * each {
		want["any"] = append(want["any"], fmt.Sprint(i))
	}
	profiles := 0
	for partition := range int32(3) {
		for key, got := range values(f.readAll("keyed", partition)) {
			profiles++
			if p.Partition(key) != int(partition) || strings.Join(got, " ") != strings.Join(want["any"], " ") {
				t.Errorf("partition %d has of %s: %v", partition, key, got)
			}
		}
	}
	if profiles != senders {
		t.Errorf("%d profiles are there", profiles)
	}
}

// TestAppendGathers: what waits while a produce call is under way goes together
// in the next.
func TestAppendGathers(t *testing.T) {
	fake := kafka.StartFakeFor(t)
	f := newFixture(t, fake)
	f.createTopic("keyed", 1)
	const senders = 50
	var mu sync.Mutex
	calls := 0
	first, waiting := make(chan struct{}), make(chan struct{})
	fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		mu.Lock()
		calls++
		begun := calls == 1
		mu.Unlock()
		if begun {
			close(first)
			<-waiting
		}
		return nil, nil, false
	})
	a := f.appender(f.connect(nil), "keyed", 1)
	var work sync.WaitGroup
	send := func(s int) {
		work.Go(func() {
			if err := a.Append(f.ctx, routed(fmt.Sprint("p", s), 0, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	send(0)
	await(f, first, "the first produce call")
	for s := 1; s < senders; s++ {
		send(s)
	}
	for a.Waiting() < senders && f.ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	close(waiting)
	work.Wait()
	if calls != 2 {
		t.Errorf("%d produce calls for %d events", calls, senders)
	}
}

// TestAppendGoesOnWhenTheBrokerIsBack, and whoever has left meanwhile leaves
// nothing behind that is sent.
func TestAppendGoesOnWhenTheBrokerIsBack(t *testing.T) {
	broker := kafka.Start(t)
	f := newFixture(t, broker)
	f.cfg.Sources = []string{"source"}
	f.createTopic("source", 2)
	failed := make(chan error, 1000)
	settled := make(chan struct{}, 1000)
	c := f.connect(&stream.Observer{
		ProduceError:   func(_ string, _ int, err error, _ time.Duration) { failed <- err },
		ProduceSettled: func(string, int) { settled <- struct{}{} },
	})
	a := f.appender(c, "source", 0)
	if err := a.Append(f.ctx, routed("ann", 0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := broker.Stop(); err != nil {
		t.Fatal(err)
	}
	left, leave := context.WithCancel(f.ctx)
	done, gone := make(chan error, 1), make(chan error, 1)
	go func() { done <- a.Append(f.ctx, routed("ann", 3, 6)) }()
	_ = await(f, failed, "an attempt that fails")
	go func() { gone <- a.Append(left, routed("ann", 100, 103)) }()
	for a.Waiting() < 6 && f.ctx.Err() == nil && len(gone) == 0 {
		_ = await(f, failed, "another attempt")
	}
	leave()
	if err := await(f, gone, "the one who leaves"); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "appending 3 events to topic source") {
		t.Errorf("got %v", err)
	}
	if err := broker.Restart(f.ctx); err != nil {
		t.Fatal(err)
	}
	if err := await(f, done, "the one who stays"); err != nil {
		t.Error(err)
	}
	await(f, settled, "the trouble to be over")
	all := append(f.readAll("source", 0), f.readAll("source", 1)...)
	if got := strings.Join(values(all)["ann"], " "); got != "0 1 2 3 4 5" {
		t.Errorf("the topic has %s", got)
	}
	if a.Waiting() != 0 {
		t.Errorf("%d events still wait", a.Waiting())
	}
}

// TestAppendNamesWhatIsRefused: an event that the topic never takes is an error
// for whoever sent it and for nobody else.
func TestAppendNamesWhatIsRefused(t *testing.T) {
	fake := kafka.StartFakeFor(t)
	f := newFixture(t, fake)
	f.createTopic("keyed", 1, "max.message.bytes", "2000")
	a := f.appender(f.connect(nil), "keyed", 1)
	var work sync.WaitGroup
	errs := make([]error, 20)
	for s := range errs {
		work.Go(func() {
			e := routed(fmt.Sprint("p", s), 0, 1)
			if s == 7 {
				e[0].Value = []byte(strings.Repeat("x", 3000))
			}
			errs[s] = a.Append(f.ctx, e)
		})
	}
	work.Wait()
	for s, err := range errs {
		switch {
		case s != 7 && err != nil:
			t.Errorf("sender %d: %v", s, err)
		case s == 7 && (err == nil || !strings.Contains(err.Error(), "topic keyed refuses an event of 3000 bytes; raise its max.message.bytes")):
			t.Errorf("the large one: %v", err)
		}
	}
	if n := len(f.readAll("keyed", 0)); n != len(errs)-1 {
		t.Errorf("the topic has %d records", n)
	}
}

// TestAppendIsNoDirective: a record that is appended has no header, so whoever
// sends events can't have one be a record of Muster's own, and one without a
// profile has no key.
func TestAppendIsNoDirective(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 2)
	a := f.appender(f.connect(nil), "keyed", 2)
	if err := a.Append(f.ctx, []event.Routed{{Value: forged(t)}, {Profile: "ann", Value: forged(t)}}); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(f.ctx, nil); err != nil {
		t.Error(err)
	}
	all := append(f.readAll("keyed", 0), f.readAll("keyed", 1)...)
	if len(all) != 2 {
		t.Fatalf("%d records", len(all))
	}
	for _, r := range all {
		if len(r.Headers) > 0 || r.Key != nil && string(r.Key) != "ann" {
			t.Errorf("key %q, headers %v", r.Key, r.Headers)
		}
	}
}

// TestAppendToATopicMadeAnew: it has fewer partitions now.
func TestAppendToATopicMadeAnew(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources = []string{"source"}
	f.createTopic("source", 8)
	a := f.appender(f.connect(nil), "source", 0)
	var all []event.Routed
	for i := range 40 {
		all = append(all, routed(fmt.Sprint("p", i), i, i+1)...)
	}
	if err := a.Append(f.ctx, all); err != nil {
		t.Fatal(err)
	}
	f.deleteTopic("source")
	f.createTopic("source", 1)
	for {
		ctx, cancel := context.WithTimeout(f.ctx, 2*time.Second)
		err := a.Append(ctx, all)
		cancel()
		if err == nil {
			break
		}
		if f.ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if n := len(values(f.readAll("source", 0))); n != len(all) {
		t.Errorf("%d profiles are there", n)
	}
}

// TestAppendEnds: with its context where there is no such topic, and with Close.
func TestAppendEnds(t *testing.T) {
	f := newFixture(t, kafka.StartFakeFor(t, kfake.NumBrokers(1)))
	f.cfg.Sources = []string{"nowhere"}
	c := f.connect(nil)
	for topic, want := range map[string]string{"keyed": "0 shards are impossible", "mine": "neither the keyed topic nor one of the sources"} {
		if _, err := c.Appender(topic, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", topic, err)
		}
	}
	a := f.appender(c, "nowhere", 0)
	ctx, cancel := context.WithCancel(f.ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := a.Append(ctx, routed("ann", 0, 1)); err == nil || !strings.Contains(err.Error(), "counting its partitions") {
		t.Errorf("got %v", err)
	}
	keyed := f.appender(c, "keyed", 1) // which is not there either
	done := make(chan error, 1)
	go func() { done <- keyed.Append(f.ctx, routed("ann", 0, 1)) }()
	for keyed.Waiting() == 0 && f.ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	keyed.Close()
	for range 2 {
		if err := await(f, done, "the one that waits"); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("got %v", err)
		}
		go func() { done <- keyed.Append(f.ctx, routed("ann", 0, 1)) }()
	}
}
