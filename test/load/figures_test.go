package load

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWaits(t *testing.T) {
	due := time.Now()
	after := func(ms int) time.Time { return due.Add(time.Duration(ms) * time.Millisecond) }
	seen := make([][]sighting, 2)
	seen[1] = []sighting{{at: after(0), next: 3}, {at: after(5), next: 4}, {at: after(9), next: 7}}
	got := waits([]sent{{due, due, 1, 5}, {due, due, 1, 3}, {after(-1), due, 1, 2}, {due, due, 1, 7}}, seen)
	if want := []float64{1, 5, 9}; !slices.Equal(got, want) {
		t.Errorf("waits are %v, want %v: offset 7 was never seen behind", got, want)
	}
}

// TestRatios: a ratio is of one round, and the median of them is told.
func TestRatios(t *testing.T) {
	speeds := func(values ...float64) (list []figures) {
		for _, v := range values {
			list = append(list, figures{EventsPerSecond: v})
		}
		return list
	}
	zero, many := contender{engine, 0}, contender{engine, 10_000}
	all := rounds{zero: speeds(100, 10, 1000), many: speeds(90, 8, 700)}
	lines := all.results(population{name: "hot"}, []contender{zero, many})
	if got := lines[1].VsZero; got != 0.8 {
		t.Errorf("vs_zero is %v, want 0.8, that of the second round", got)
	}
	if lines[1].VsNaive != 0 || lines[1].VsFloor != 0 {
		t.Errorf("there are ratios to cases that were not measured: %+v", lines[1])
	}
}

func TestGoals(t *testing.T) {
	r := result{Population: "hot", Case: engine, Segments: 10_000, VsZero: 0.84, VsNaive: 151, figures: figures{P99: 20.1, Allocations: 1, RSS: 700}, CacheMB: 100}
	got := missed(&r)
	if len(got) != 2 || !strings.Contains(got[0], "vs_zero is 0.84") || !strings.Contains(got[1], "p99_ms is 20.1") {
		t.Errorf("missed are %q, want those of vs_zero and p99_ms", got)
	}
	r.Case = naive
	if got := missed(&r); len(got) > 0 {
		t.Errorf("naive misses %q, it has no goals", got)
	}
}

func TestOptions(t *testing.T) {
	for name, value := range map[string]string{"POPULATION": "cold,hot", "HOT": "400", "COLD": "5000", "CASES": "floor,engine", "SEGMENTS": "10000,0", "REPEATS": "1", "EVENTS": "7", "LIVE": "3"} {
		t.Setenv("MUSTER_LOAD_"+name, value)
	}
	o := readOptions(t)
	if len(o.populations) != 2 || o.populations[0].profiles != 5000 || o.populations[1].profiles != 400 || o.repeats != 1 || o.events != 7 || o.live != 3*time.Second {
		t.Errorf("options are %+v", o)
	}
	want := []contender{{engine, 0}, {floor, 0}, {engine, 10_000}}
	if got := o.contenders(); !slices.Equal(got, want) {
		t.Errorf("contenders are %v, want %v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	for _, name := range []string{"POPULATION", "HOT", "COLD", "CASES", "SEGMENTS", "REPEATS", "EVENTS", "LIVE"} {
		t.Setenv("MUSTER_LOAD_"+name, "")
	}
	o := readOptions(t)
	want := []contender{
		{engine, 0}, {floor, 0}, {engine, 100}, {engine, 1000}, {naive, 1000}, {engine, 10_000}, {naive, 10_000}, {engine, 50_000},
	}
	if got := o.contenders(); !slices.Equal(got, want) {
		t.Errorf("contenders are %v, want %v", got, want)
	}
	if len(o.populations) != 2 || o.repeats != 3 {
		t.Errorf("options are %+v, want two populations and three rounds", o)
	}
	if n := o.records(contender{naive, 10_000}); n != 4000 {
		t.Errorf("naive with 10,000 segments gets %d records, want 4000", n)
	}
}
