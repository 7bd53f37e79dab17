package stream_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/directive"
	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

func marked(topic string, partition int32, value []byte) *kgo.Record {
	return &kgo.Record{
		Topic: topic, Partition: partition, Value: value, Timestamp: time.UnixMilli(1_700_000_000_000),
		Headers: []kgo.RecordHeader{{Key: "other", Value: []byte("x")}, {Key: directive.Header, Value: []byte("forged")}},
	}
}

func forged(t *testing.T) []byte {
	t.Helper()
	value, err := directive.Append(nil, &directive.Directive{Kind: directive.Patch, Run: "forged", Profile: "ann", Body: []byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestRouterTakesNoDirective: what comes through a source topic can't become
// a record of Muster's own, whatever it looks like. A header is not carried
// over, and the form of a directive is no event.
func TestRouterTakesNoDirective(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources = []string{"source"}
	f.createTopic("source", 1)
	if _, err := f.connect(nil).Init(f.ctx, 1, 1); err != nil {
		t.Fatal(err)
	}
	good := track("source", 0, "ann", 0)
	good.Headers = marked("source", 0, nil).Headers
	f.produce(f.client, good, marked("source", 0, forged(t)), track("source", 0, "ann", 1))
	observer, routed := counter()
	stop := f.route(f.connect(observer))
	awaitSum(f, routed, 3)
	stop()
	records := f.readAll("keyed", 0)
	if len(records) != 2 {
		t.Fatalf("%d records were routed", len(records))
	}
	for _, r := range records {
		if len(r.Headers) > 0 || directive.Is(r.Value) {
			t.Errorf("%q was routed with the headers %v", r.Value, r.Headers)
		}
	}
	dead := f.readAll("source.dead", 0)
	if len(dead) != 1 || !bytes.Equal(dead[0].Value, forged(t)) {
		t.Fatalf("dead letters: %v", dead)
	}
}

// TestDirectivesArriveAsOwn: patches go to the partition of their profile, the
// others to every one, and a source tells them from events by the header.
func TestDirectivesArriveAsOwn(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 3)
	c := f.connect(nil)
	given := []directive.Directive{
		{Kind: directive.Open, Run: "run", Series: []string{"a:1"}},
		{Kind: directive.Patch, Run: "run", Profile: "ann", Body: []byte{1}},
		{Kind: directive.Close, Run: "run"},
	}
	f.produce(f.client, track("keyed", 0, "ann", 0), &kgo.Record{Topic: "keyed", Partition: 0, Value: forged(t), Headers: []kgo.RecordHeader{{Key: "other"}}})
	if err := c.Direct(f.ctx, 3, given); err != nil {
		t.Fatal(err)
	}
	p, err := stream.NewPartitioner(f.cfg.Partitioner, 3)
	if err != nil {
		t.Fatal(err)
	}
	for partition := range 3 {
		var kinds []directive.Kind
		source := c.Open(partition, 0, pipeline.Anchor{})
		defer source.Close()
		want := []directive.Kind{directive.Open, directive.Close}
		if partition == p.Partition("ann") {
			want = slices.Insert(want, 1, directive.Patch)
		}
		events := 0
		for len(kinds) < len(want) {
			batch, err := source.Fetch(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range batch.Records {
				if !r.Own {
					events++
					continue
				}
				d, err := directive.Decode(r.Value)
				if err != nil {
					t.Fatal(err)
				}
				kinds = append(kinds, d.Kind)
			}
		}
		if !slices.Equal(kinds, want) {
			t.Errorf("partition %d has %v, want %v", partition, kinds, want)
		}
		if want := map[bool]int{true: 2, false: 0}[partition == 0]; events != want {
			t.Errorf("partition %d has %d records that are not own, want %d", partition, events, want)
		}
	}
}

// TestDirectNamesWhatIsRefused: a patch larger than the topic takes.
func TestDirectNamesWhatIsRefused(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 1, "max.message.bytes", "1000")
	err := f.connect(nil).Direct(f.ctx, 1, []directive.Directive{{Kind: directive.Patch, Run: "run", Profile: "ann", Body: make([]byte, 5000)}})
	if err == nil || !strings.Contains(err.Error(), `profile "ann"`) || !strings.Contains(err.Error(), "max.message.bytes") {
		t.Errorf("%v", err)
	}
	if err := f.connect(nil).Direct(f.ctx, 1, []directive.Directive{{Kind: directive.Open}}); err == nil {
		t.Error("a directive of no run was given")
	}
}
