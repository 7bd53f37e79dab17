package stream_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

// anchors keeps those of source partitions in memory.
type anchors struct {
	mu   sync.Mutex
	kept map[string]pipeline.Anchor
	gaps map[string]pipeline.Gap
	fail error // of keeping a gap
}

func (a *anchors) SourceAnchor(_ context.Context, topic string, partition int) (pipeline.Anchor, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.kept[fmt.Sprint(topic, partition)], nil
}

func (a *anchors) KeepSourceAnchor(_ context.Context, topic string, partition int, anchor pipeline.Anchor, gap *pipeline.Gap) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if gap != nil {
		if a.fail != nil {
			return a.fail
		}
		a.gaps[fmt.Sprint(topic, partition)] = *gap
	}
	a.kept[fmt.Sprint(topic, partition)] = anchor
	return nil
}

// A source topic that is not the one it was stops its partitions, the others
// go on, and an operator may accept the gap: then it is on record before
// anything behind it is routed, and all of the new topic is.
func TestRouterTellsSourcesApart(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources = []string{"web", "app"}
	f.createTopic("keyed", 2)
	f.createTopic("web", 1)
	f.createTopic("app", 1)
	kept := &anchors{kept: map[string]pipeline.Anchor{}, gaps: map[string]pipeline.Gap{}}
	for number := range 5 {
		f.produce(f.client, track("web", 0, "a", number), track("app", 0, "b", number))
	}
	observer, routed := counter()
	stop := f.routeBy(f.connect(observer), kept)
	awaitSum(f, routed, 10)
	stop()
	before := maps.Clone(kept.kept)

	f.remake("web", 1)
	producer := f.newClient()
	for number := 5; number < 12; number++ {
		f.produce(producer, track("web", 0, "a", number))
	}
	f.produce(f.client, track("app", 0, "b", 5))
	poisoned := make(chan error, 10)
	observer.Poisoned = func(_ string, _ int, err error) { poisoned <- err }
	stop = f.routeBy(f.connect(observer), kept)
	var gap *stream.GapError
	want := stream.GapError{Topic: "web", Asked: 5, Last: 7, Anew: true}
	if err := await(f, poisoned, "the partition to stop"); !errors.As(err, &gap) || *gap != want {
		t.Errorf("it stopped with %v; want %+v", err, want)
	}
	awaitSum(f, routed, 1)
	stop()
	if kept.kept["web0"] != before["web0"] || f.keyedOf(2) != 11 {
		t.Errorf("%d events, and the anchor of web is %+v", f.keyedOf(2), kept.kept["web0"])
	}

	f.cfg.AcceptGaps = true
	kept.fail = errors.New("away")
	failed := make(chan error, 10)
	observer.WorkError = func(_ string, _ int, err error, _ time.Duration) {
		select {
		case failed <- err:
		default: // it fails until the test lets it, however slow the test is
		}
	}
	passed := make(chan pipeline.Gap, 10)
	observer.Passed = func(_ string, _ int, gap pipeline.Gap) { passed <- gap }
	stop = f.routeBy(f.connect(observer), kept)
	if err := await(f, failed, "the gap not to be kept"); !errors.Is(err, kept.fail) || f.keyedOf(2) != 11 {
		t.Errorf("%v, and %d events", err, f.keyedOf(2))
	}
	kept.mu.Lock()
	kept.fail = nil
	kept.mu.Unlock()
	awaitSum(f, routed, 7)
	stop()
	accepted := pipeline.Gap{From: 5}
	if got := await(f, passed, "the gap to be told"); got != accepted || kept.gaps["web0"] != accepted || len(kept.gaps) != 1 {
		t.Errorf("told %+v, on record %+v; want %+v", got, kept.gaps, accepted)
	}
	if web := kept.kept["web0"]; web.Topic == before["web0"].Topic || web.Offset != 6 || f.keyedOf(2) != 18 {
		t.Errorf("%d events, and the anchor of web is %+v", f.keyedOf(2), web)
	}
}
