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
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/history/publication"
	"muster/test/e2e/stack"
	"muster/test/kit/days"
	"muster/test/kit/oracle"
)

// publishedResult is the fourth line that make retail prints. The time is that
// of evaluator backfill start.
type publishedResult struct {
	Bench       string  `json:"bench"`
	Segments    int     `json:"segments"`
	Events      int     `json:"events"`
	Archived    int     `json:"archived"` // of them
	Live        int     `json:"live"`     // of them, some of which are archived too
	Objects     int     `json:"objects"`
	Patches     int64   `json:"patches"`
	Differences int     `json:"differences"`
	Seconds     float64 `json:"seconds"`
}

const (
	closedFor = 36 * time.Hour      // of the shop, around the seam
	heardFor  = 30 * 24 * time.Hour // before the seam, of which the service has seen the events itself
	openFor   = 20 * 24 * time.Hour // behind it: what arrives while patches come, shorter than a seam is open
	constant  = "2011-10-01"        // the one date that a rule names
)

// TestRetailPublished has a service see one month of the year, brings into it
// all that an archive has up to there by evaluator backfill start while the
// days behind it come in, and then has it see the rest of the year. The members
// have to be those that TestRetail demands of a service that saw everything.
//
// A seam is at the present. So the year is moved by so many whole days that the
// shop is closed around it, and the one date that a rule names with it.
//
// With MUSTER_RETAIL=FILE the result goes to that file as a line of JSON.
// Without it only the first lines are taken.
func TestRetailPublished(t *testing.T) {
	if testing.Short() {
		t.Skip("backfills many events into a service; runs without -short (make test)")
	}
	data := Open(t)
	limit := handful
	if os.Getenv("MUSTER_RETAIL") != "" {
		limit = math.MaxInt
	}
	y := readYear(t, data, limit)
	text, texts := segments(t, "segments")
	s := stack.Start(t, stack.Options{
		Shards: shards, Sources: partitions, Segments: strings.ReplaceAll(text, constant, y.moved(t, constant)), Session: 10 * time.Second, Pipeline: pipeline,
	})
	s.Init()
	r := publishedResult{Bench: "retail-published", Segments: len(texts), Events: len(y.events), Archived: y.seam}
	r.Live = len(y.events) - y.from
	y.produce(t, s, y.from, y.seam)
	s.Run()
	s.AwaitSettled(20 * time.Minute)
	folder := t.TempDir()
	r.Objects = y.layOut(t, filepath.Join(folder, "archive"))
	began := time.Now()
	work := filepath.Join(folder, "work")
	b := s.Backfill(work, "--archive", filepath.Join(folder, "archive"), "--layout", "segment", "--settle", "0s", "--share", "1")
	state := awaitPublication(t, s, b, work, "the seams", func(p *publication.State) bool { return p.Opened != 0 })
	y.checkSeams(t, state.Seams)
	y.produce(t, s, y.seam, y.until)
	state = awaitPublication(t, s, b, work, "the end of the publication", func(p *publication.State) bool { return p.Ended != 0 })
	r.Patches, r.Seconds = state.Sent, math.Round(time.Since(began).Seconds()*10)/10
	y.produce(t, s, y.until, len(y.events))
	s.AwaitSettled(20 * time.Minute)
	if r.Differences = y.compare(t, s, texts); r.Differences > 0 || r.Patches == 0 {
		t.Errorf("%d differences, %d patches", r.Differences, r.Patches)
	}
	write(t, r)
}

// year is the data, moved so that the present lies in it.
type year struct {
	events []Record // as they were
	at     []int64  // their arrivals, as they were
	by     int64    // ms that they are moved by, whole days
	// The service sees the events from from on; those below seam are archived,
	// and those below until come while patches do.
	from, seam, until int
}

func readYear(t *testing.T, csv io.Reader, limit int) *year {
	t.Helper()
	y := &year{}
	err := Each(csv, func(r Record) error {
		if len(y.events) == limit {
			return errEnough
		}
		y.events, y.at = append(y.events, r), append(y.at, arrival(t, r.Value))
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	y.seam = y.closed(2 * len(y.at) / 3)
	last := y.at[y.seam-1]
	y.by = time.Now().Add(-time.Minute).UnixMilli() - last
	y.by -= y.by % days.Day.Milliseconds()
	y.from, _ = slices.BinarySearch(y.at, last-heardFor.Milliseconds())
	y.from = max(y.from, y.seam/2) // where there are few events
	y.until, _ = slices.BinarySearch(y.at, last+openFor.Milliseconds())
	return y
}

// closed returns the first event behind a time in which the shop was closed,
// the one that is nearest to a place.
func (y *year) closed(to int) (found int) {
	for i := 1; i < len(y.at); i++ {
		if y.at[i]-y.at[i-1] >= closedFor.Milliseconds() && (found == 0 || max(i-to, to-i) < max(found-to, to-found)) {
			found = i
		}
	}
	return found
}

// moved is a date of the data as it is when everything is moved.
func (y *year) moved(t *testing.T, date string) string {
	t.Helper()
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return at.Add(time.Duration(y.by) * time.Millisecond).Format(time.DateOnly)
}

// record is an event as it is when everything is moved.
func (y *year) record(t *testing.T, i int) []byte {
	t.Helper()
	var c call
	err := json.Unmarshal(y.events[i].Value, &c)
	c.ReceivedAt = time.UnixMilli(y.at[i] + y.by).UTC().Format(time.RFC3339)
	c.Timestamp = c.ReceivedAt
	value, failed := json.Marshal(c)
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	return value
}

// produce puts some of the events on the source topic, each under its invoice.
func (y *year) produce(t *testing.T, s *stack.System, from, to int) {
	t.Helper()
	var records []*kgo.Record
	for i := from; i < to; i++ {
		invoice := y.events[i].Invoice
		partition := fnv.New32a()
		_, _ = io.WriteString(partition, invoice) // can't fail
		records = append(records, &kgo.Record{
			Topic: s.Source, Partition: int32(partition.Sum32() % partitions), Key: []byte(invoice), Value: y.record(t, i),
		})
		if len(records) == chunk || i+1 == to {
			s.Produce(records...)
			records = records[:0]
		}
	}
}

// layOut writes what is archived as Segment does, an object a day.
func (y *year) layOut(t *testing.T, folder string) int {
	t.Helper()
	var a days.Archive
	for i := range y.seam {
		a.Add(y.at[i]+y.by, y.record(t, i))
	}
	written, err := a.Write(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// checkSeams makes sure that the shop is closed around the seams.
func (y *year) checkSeams(t *testing.T, seams []int64) {
	t.Helper()
	if before, behind := y.at[y.seam-1]+y.by, y.at[y.seam]+y.by; slices.Min(seams) < before || slices.Max(seams) >= behind {
		t.Fatalf("the seams are %v, and should be from %d on and before %d", seams, before, behind)
	}
}

// compare returns the number of memberships and sizes that are not the
// oracle's, which is told all events as they were.
func (y *year) compare(t *testing.T, s *stack.System, texts map[string]string) (differing int) {
	t.Helper()
	oracles := make([]*oracle.Oracle, shards)
	for shard := range oracles {
		var err error
		if oracles[shard], err = oracle.New(texts); err != nil {
			t.Fatal(err)
		}
	}
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	for i := range y.events {
		decoder.Reset()
		events, _ := decoder.Decode(nil, nil, y.events[i].Value, 0, 0)
		oracles[s.Owner(events[0].Profile)].Apply(&events[0])
	}
	for shard, o := range oracles {
		got := s.Stored(shard, slices.Sorted(maps.Keys(texts)))
		if got.Clock-y.by != o.Clock() {
			t.Errorf("shard %d: stream time is %d, the oracle's %d", shard, got.Clock-y.by, o.Clock())
		}
		differing += differences(t, shard, &got, wanted(o), texts)
	}
	return differing
}

// awaitPublication waits until a publication has come so far. One that has
// failed ends the test.
func awaitPublication(t *testing.T, s *stack.System, b *stack.Backfill, work, what string, there func(*publication.State) bool) (state publication.State) {
	t.Helper()
	s.Await(what, 20*time.Minute, func() (err error) {
		out, running := b.Ended()
		if state, err = stack.PublicationState(work); err == nil && there(&state) {
			return nil
		}
		if running == nil {
			t.Fatalf("the backfill has ended with exit code %d: %s", b.ExitCode(), out)
		}
		return errors.Join(err, fmt.Errorf("the publication stands at %+v", state))
	})
	return state
}
