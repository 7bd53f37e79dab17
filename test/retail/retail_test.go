package retail

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/rules"
	"muster/test/e2e/stack"
	"muster/test/kit/oracle"
)

const (
	shards     = 8
	partitions = 4 // of the source topic
	chunk      = 20_000
	few        = 100_000
	// pipeline raises the bound of events kept one by one over the 7,983
	// lines of the heaviest customer: the comparison is with exact answers.
	pipeline = "  profiles:\n    entries: 16384\n"
)

// result is the line that make retail prints.
type result struct {
	Bench      string  `json:"bench"`
	Events     int     `json:"events"`
	Seconds    float64 `json:"seconds"`
	PerSecond  int     `json:"events_s"`
	Segments   int     `json:"segments"`
	Mismatches int     `json:"mismatches"`
}

// TestRetail produces every order line under its invoice to a source topic,
// runs the service on it and compares members and sizes with the oracle.
// The time is that of routing and applying everything, from the start of the
// process to the last commit.
//
// With MUSTER_RETAIL=FILE the result goes to that file as a line of JSON.
// Without it only the first lines are taken, as many as a test run has time
// for.
func TestRetail(t *testing.T) {
	data := Open(t)
	whole, limit := os.Getenv("MUSTER_RETAIL") != "", few
	if whole {
		limit = math.MaxInt
	}
	text, texts := segments(t, "segments")
	s := stack.Start(t, stack.Options{
		Shards: shards, Sources: partitions, Segments: text, Session: 10 * time.Second, Pipeline: pipeline,
	})
	s.Init()
	r := result{Bench: "retail", Segments: len(texts)}
	r.Events = produce(t, s, data, limit)
	began := time.Now()
	s.Run()
	s.AwaitSettled(20 * time.Minute)
	r.Seconds = time.Since(began).Seconds()
	r.PerSecond = int(float64(r.Events) / r.Seconds)
	if r.Mismatches = compare(t, s, texts, whole); r.Mismatches > 0 {
		t.Errorf("%d mismatches", r.Mismatches)
	}
	write(t, r)
}

// segments returns the segment files of a folder as one, and the rules by id.
func segments(t *testing.T, folder string) (text string, texts map[string]string) {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts = map[string]string{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list, mistakes := rules.Read(rules.Source{Name: name, Data: data})
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		for i := range list {
			texts[list[i].ID] = list[i].Rule
		}
		text += "---\n" + string(data)
	}
	return text, texts
}

// errEnough ends a reading that has come to its limit.
var errEnough = errors.New("enough")

// produce returns the number of events, at most limit.
func produce(t *testing.T, s *stack.System, csv io.Reader, limit int) int {
	t.Helper()
	events, records := 0, []*kgo.Record{}
	err := Each(csv, func(r Record) error {
		if events == limit {
			return errEnough
		}
		partition := fnv.New32a()
		_, _ = io.WriteString(partition, r.Invoice) // can't fail
		records = append(records, &kgo.Record{
			Topic: s.Source, Partition: int32(partition.Sum32() % partitions),
			Key: []byte(r.Invoice), Value: r.Value,
		})
		if events++; len(records) == chunk {
			s.Produce(records...)
			records = records[:0]
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	s.Produce(records...)
	return events
}

// compare returns the number of memberships and sizes that are not the
// oracle's, which is asked once for every profile, at the shard's last
// stream time. At the end of the whole data no segment may be empty.
func compare(t *testing.T, s *stack.System, texts map[string]string, whole bool) int {
	t.Helper()
	oracles := make([]*oracle.Oracle, shards)
	for shard := range oracles {
		var err error
		if oracles[shard], err = oracle.New(texts); err != nil {
			t.Fatal(err)
		}
	}
	s.Events(func(shard int, e *event.Event) { oracles[shard].Apply(e) })
	mismatches, totals := 0, map[string]int{}
	for shard, o := range oracles {
		got := s.Stored(shard, slices.Sorted(maps.Keys(texts)))
		if got.Clock != o.Clock() {
			t.Errorf("shard %d: stream time is %d, the oracle's %d", shard, got.Clock, o.Clock())
		}
		mismatches += differences(t, shard, &got, wanted(o), texts)
		for id, members := range got.Members {
			totals[id] += len(members)
		}
	}
	for id := range texts {
		if whole && totals[id] == 0 {
			t.Errorf("segment %s is empty, so nothing was compared", id)
		}
	}
	t.Logf("sizes: %v", totals)
	return mismatches
}

// wanted is the oracle's members of every segment.
func wanted(o *oracle.Oracle) map[string]map[string]bool {
	members := map[string]map[string]bool{}
	for _, profile := range o.Profiles() {
		for _, id := range o.Memberships(profile, o.Clock()) {
			if members[id] == nil {
				members[id] = map[string]bool{}
			}
			members[id][profile] = true
		}
	}
	return members
}

// differences counts, and reports some of, what one shard holds too much or
// too little. The outbox must lead to the same members, without a gap in the
// versions of a profile.
func differences(t *testing.T, shard int, got *stack.Stored, want map[string]map[string]bool, texts map[string]string) int {
	t.Helper()
	replayed, broken := replay(got.Outbox)
	count := broken
	for id := range texts {
		members := map[string]bool{}
		for _, profile := range got.Members[id] {
			members[profile] = true
		}
		count += unequal(t, fmt.Sprintf("shard %d: members of %s", shard, id), members, want[id])
		count += unequal(t, fmt.Sprintf("shard %d: outbox of %s", shard, id), replayed[id], want[id])
		if got.Sizes[id] != len(want[id]) {
			t.Errorf("shard %d: the size of %s is %d, the oracle's %d", shard, id, got.Sizes[id], len(want[id]))
			count++
		}
	}
	return count
}

// replay follows the outbox from the beginning and returns the members it
// leads to, and how many entries don't follow from the ones before.
func replay(outbox []oracle.Change) (members map[string]map[string]bool, broken int) {
	members, versions := map[string]map[string]bool{}, map[string]uint64{}
	for _, c := range outbox {
		if members[c.Segment] == nil {
			members[c.Segment] = map[string]bool{}
		}
		versions[c.Profile]++
		if c.Version != versions[c.Profile] || c.Entered == members[c.Segment][c.Profile] {
			broken++
		}
		if c.Entered {
			members[c.Segment][c.Profile] = true
		} else {
			delete(members[c.Segment], c.Profile)
		}
	}
	return members, broken
}

func unequal(t *testing.T, what string, got, want map[string]bool) int {
	t.Helper()
	var wrong []string
	for profile := range got {
		if !want[profile] {
			wrong = append(wrong, "+"+profile)
		}
	}
	for profile := range want {
		if !got[profile] {
			wrong = append(wrong, "-"+profile)
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		t.Errorf("%s: %d differ from the oracle's, first %q", what, len(wrong), wrong[:min(5, len(wrong))])
	}
	return len(wrong)
}

// write appends a result, as a line of JSON, to the file that MUSTER_RETAIL
// names.
func write(t *testing.T, result any) {
	t.Helper()
	line, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", line)
	name := os.Getenv("MUSTER_RETAIL")
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}
