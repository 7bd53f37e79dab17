package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/configs"
	"muster/demo"
	"muster/event"
	"muster/pipeline"
	"muster/pipeline/replica"
	"muster/rules"
	"muster/stream"
	"muster/test/kit/oracle"
)

// TestDemoEqualsOracle runs the demo as a user does. Its sizes must be the
// oracle's, and its changes those of the same engine without servers.
func TestDemoEqualsOracle(t *testing.T) {
	const events, seed = 20_000, 7
	var out, errs bytes.Buffer
	args := []string{"demo", "--events", strconv.Itoa(events), "--seed", strconv.Itoa(seed), "--output", "json"}
	if code := execute(args, console{nil, &out, &errs}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	var got demoResult
	decoder := json.NewDecoder(&out)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil || decoder.More() {
		t.Fatalf("not one object: %v, then %s", err, &out)
	}
	want := predictDemo(t, seed, events, exampleRules(t))
	if got.Events != events || got.Changes != want.Changes || got.DeadLetters != want.DeadLetters {
		t.Errorf("%d events, %d changes, %d dead letters, want %d, %d, %d",
			got.Events, got.Changes, got.DeadLetters, events, want.Changes, want.DeadLetters)
	}
	if d := got.Deliveries; d.Sent != want.Changes || d.Retried != 0 || d.Waiting != 0 || d.P99 <= 0 {
		t.Errorf("the receiver got %+v, want all %d changes at once", d, want.Changes)
	}
	if !slices.Equal(got.Segments, want.Segments) {
		t.Errorf("sizes  %v\noracle %v", got.Segments, want.Segments)
	}
	for _, s := range want.Segments {
		if s.Size == 0 {
			t.Errorf("segment %s is empty: the traffic does not show it", s.ID)
		}
	}
}

// TestDemoEdits runs the demo for somebody who watches. The audiences that are
// edited meanwhile end up as if they had always been what they are at the end.
func TestDemoEdits(t *testing.T) {
	const events, seed = editAfter + 1000, 3
	var out, errs bytes.Buffer
	args := []string{"demo", "--events", strconv.Itoa(events), "--seed", strconv.Itoa(seed)}
	if code := execute(args, console{nil, &out, &errs}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	texts := exampleRules(t)
	texts["newsletter-readers"], texts["young-adults"] = `"newsletter" in traits.tags`, `traits.age in 18..34`
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-2] // behind it is what the demo came to
	for _, s := range predictDemo(t, seed, events, texts).Segments {
		if size := fmt.Sprintf("  %s=%d", s.ID, s.Size); s.Size == 0 || !strings.Contains(last+" ", size+" ") {
			t.Errorf("there is no %q in the last line: %s", size, last)
		}
	}
	if !regexp.MustCompile(`(?m)^segments in force: added 1, changed 1; all [0-9,]+ profiles looked at$`).Match(out.Bytes()) {
		t.Errorf("the end of the sweep is not shown:\n%s", &out)
	}
}

// predictDemo routes the traffic as the service does, and asks one oracle
// and one engine a shard: stream time is each shard's own. The changes are
// those of the example segments.
func predictDemo(t *testing.T, seed uint64, events int, texts map[string]string) demoResult {
	t.Helper()
	oracles, engines, changes := make([]*oracle.Oracle, demoShards), make([]*replica.Replica, demoShards), 0
	for i := range oracles {
		oracles[i], engines[i] = newOracle(t, texts), newExampleEngine(t, &changes)
	}
	partitioner, err := stream.NewPartitioner(stream.Murmur2, demoShards)
	if err != nil {
		t.Fatal(err)
	}
	var result demoResult
	traffic, decoder := demo.NewTraffic(seed), newDecoder(t)
	for i := range events {
		routed, rejected := decoder.Split(nil, nil, traffic.Next().Value, strconv.Itoa(i))
		result.DeadLetters += len(rejected)
		for _, one := range routed {
			shard := partitioner.Partition(one.Profile)
			for _, ev := range decodeAll(t, decoder, one.Value) {
				oracles[shard].Apply(&ev)
			}
			if rejected, err := engines[shard].Feed(one.Value); err != nil || len(rejected) > 0 {
				t.Fatal(err, rejected)
			}
		}
		decoder.Reset()
	}
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		size := 0
		for _, o := range oracles {
			size += len(o.Members(id))
		}
		result.Segments = append(result.Segments, segmentSize{id, int64(size)})
	}
	result.Changes = changes
	return result
}

func newOracle(t *testing.T, texts map[string]string) *oracle.Oracle {
	t.Helper()
	o, err := oracle.New(texts)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func newExampleEngine(t *testing.T, changes *int) *replica.Replica {
	t.Helper()
	sources, err := exampleSegments()
	if err != nil {
		t.Fatal(err)
	}
	set, err := compile(sources)
	if err != nil {
		t.Fatal(err)
	}
	r, err := replica.New(set)
	if err != nil {
		t.Fatal(err)
	}
	r.Emit = func(pipeline.Change) error { *changes++; return nil }
	return r
}

func newDecoder(t *testing.T) *event.Decoder {
	t.Helper()
	d, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decodeAll returns events that are valid until the decoder's next Reset.
func decodeAll(t *testing.T, d *event.Decoder, record []byte) []event.Event {
	t.Helper()
	events, rejected := d.Decode(nil, nil, record, 0, 0)
	if len(rejected) > 0 {
		t.Fatalf("a routed record is rejected: %s", rejected[0].Reason)
	}
	return events
}

// exampleRules returns the rules of the examples by segment id.
func exampleRules(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := fs.WalkDir(configs.Segments(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(configs.Segments(), path)
		segments, wrong := rules.Read(rules.Source{Name: path, Data: data})
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		for _, s := range segments {
			texts[s.ID] = s.Rule
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
