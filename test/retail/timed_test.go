package retail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"muster/event"
)

const (
	asked     = 50     // instants at which all members are compared
	handful   = 20_000 // events of a usual test run
	afterward = 200 * 24 * time.Hour
)

// timedResult is the second line that make retail prints. The time is that
// of the replay.
type timedResult struct {
	Bench       string  `json:"bench"`
	Instants    int     `json:"instants"`
	Segments    int     `json:"segments"`
	Events      int     `json:"events"`
	Differences int     `json:"differences"`
	Seconds     float64 `json:"seconds"`
}

// members is who is in which segment at which instant, in milliseconds.
type members map[int64]map[string][]string

// TestRetailTime asks evaluator replay who is in ten segments of recency and
// frequency at random instants of the data's year and of the half year after
// it, when only time moves anybody, and compares with the oracle.
//
// With MUSTER_RETAIL=FILE the result goes to that file as a line of JSON.
// Without it only the first lines are taken.
func TestRetailTime(t *testing.T) {
	if testing.Short() {
		t.Skip("replays many events with the evaluator; runs without -short (make test)")
	}
	data := Open(t)
	whole, limit := os.Getenv("MUSTER_RETAIL") != "", handful
	if whole {
		limit = math.MaxInt
	}
	_, texts := segments(t, "timed")
	file := filepath.Join(t.TempDir(), "events.ndjson")
	events, first, last := spool(t, data, limit, file)
	instants := pick(first, last)
	began := time.Now()
	got := replayed(t, file, instants)
	r := timedResult{
		Bench: "retail-time", Instants: asked, Segments: len(texts), Events: events,
		Seconds: math.Round(time.Since(began).Seconds()*10) / 10,
	}
	want := foretold(t, file, texts, instants)
	for _, at := range instants {
		for id := range texts {
			r.Differences += apart(t, at, id, got[at][id], want[at][id])
		}
	}
	checkMoves(t, want, texts, whole)
	if r.Differences > 0 {
		t.Errorf("%d differences", r.Differences)
	}
	write(t, r)
}

// spool writes the events to a file, a line each, and returns how many there
// are and when the first and the last arrive.
func spool(t *testing.T, csv io.Reader, limit int, name string) (events int, first, last int64) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	var ends [2][]byte
	err = Each(csv, func(r Record) error {
		if events == limit {
			return errEnough
		}
		if events == 0 {
			ends[0] = r.Value
		}
		ends[1] = r.Value
		events++
		_, err := out.Write(append(r.Value, '\n'))
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err := errors.Join(err, out.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return events, arrival(t, ends[0]), arrival(t, ends[1])
}

func arrival(t *testing.T, record []byte) int64 {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	events, _ := decoder.Decode(nil, nil, record, 0, 0)
	return events[0].Arrival
}

// pick draws the instants, ascending. Every other one is a whole minute, as
// all times of the data are, so that events lie on the edges of windows.
func pick(first, last int64) []int64 {
	const minute = 60_000
	r := rand.New(rand.NewPCG(1, 8))
	instants := make([]int64, asked)
	for i := range instants {
		instants[i] = first + r.Int64N(last+afterward.Milliseconds()-first)
		if i%2 == 0 {
			instants[i] -= instants[i] % minute
		}
	}
	slices.Sort(instants)
	return instants
}

func (m members) add(at int64, segment string, profiles ...string) {
	if m[at] == nil {
		m[at] = map[string][]string{}
	}
	m[at][segment] = append(m[at][segment], profiles...)
}

// apart returns how many profiles are in only one of the two lists.
func apart(t *testing.T, at int64, segment string, got, want []string) int {
	t.Helper()
	sets := [2]map[string]bool{{}, {}}
	for i, list := range [][]string{got, want} {
		for _, profile := range list {
			sets[i][profile] = true
		}
	}
	return unequal(t, fmt.Sprintf("members of %s at %s", segment, spell(at)), sets[0], sets[1])
}

// checkMoves makes sure that there was something to compare: that no segment
// of the whole data keeps its size.
func checkMoves(t *testing.T, want members, texts map[string]string, whole bool) {
	t.Helper()
	for id := range texts {
		sizes := map[int]bool{}
		for _, segments := range want {
			sizes[len(segments[id])] = true
		}
		if whole && len(sizes) < 10 {
			t.Errorf("segment %s has only the sizes %v", id, sizes)
		}
	}
}
