package load

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What stands between the broker and Redis.
const (
	engine = "engine"
	floor  = "floor"
	naive  = "naive"
)

// options say what is measured.
type options struct {
	populations []population
	cases       []string
	segments    []int // numbers of them, each a case of engine
	naive       []int // those of them that are a case of naive too
	repeats     int
	events      int           // of one full-speed run
	decisions   int           // bound on the programs that naive runs in one
	live        time.Duration // at half load
	profiles    string        // folder for CPU and allocation profiles; "" for none
	whole       bool          // whether a run is measured from before its start: one so small is over before meters are read
	verify      bool          // whether memberships are compared with the rules' own meaning
}

// naiveDecisions is ten to twenty seconds of work.
const naiveDecisions = 40_000_000

// readOptions reads the environment, see the package's documentation.
func readOptions(t testing.TB) options {
	t.Helper()
	o := options{
		cases:     list("CASES", "floor,engine,naive"),
		repeats:   number(t, "REPEATS", "3"),
		events:    number(t, "EVENTS", "600000"),
		decisions: naiveDecisions,
		live:      time.Duration(number(t, "LIVE", "8")) * time.Second,
		profiles:  os.Getenv("MUSTER_LOAD_PROFILE"),
	}
	for _, name := range list("POPULATION", "hot,cold") {
		p, known := populations(number(t, "HOT", "100000"), number(t, "COLD", "2000000"))[name]
		if !known {
			t.Fatalf("MUSTER_LOAD_POPULATION: %q is neither hot nor cold", name)
		}
		o.populations = append(o.populations, p)
	}
	for _, text := range list("SEGMENTS", "0,100,1000,10000,50000") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			t.Fatalf("MUSTER_LOAD_SEGMENTS: %q is not a number of segments", text)
		}
		o.segments = append(o.segments, n)
		if n == 1000 || n == 10_000 {
			o.naive = append(o.naive, n)
		}
	}
	for _, c := range o.cases {
		if !slices.Contains([]string{engine, floor, naive}, c) {
			t.Fatalf("MUSTER_LOAD_CASES: %q is none of floor, engine, naive", c)
		}
	}
	return o
}

// list reads names with commas between them.
func list(name, otherwise string) []string { return strings.Split(setting(name, otherwise), ",") }

// number reads a number of at least 1.
func number(t testing.TB, name, otherwise string) int {
	t.Helper()
	text := setting(name, otherwise)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("MUSTER_LOAD_%s: %q is not a number of at least 1", name, text)
	}
	return n
}

func setting(name, otherwise string) string {
	if text := os.Getenv("MUSTER_LOAD_" + name); text != "" {
		return text
	}
	return otherwise
}

// contender is one case, measured as often as the others, in turns.
type contender struct {
	name     string // engine, floor or naive
	segments int
}

func (c contender) String() string {
	if c.name == floor {
		return floor
	}
	return fmt.Sprintf("%s %d", c.name, c.segments)
}

// contenders returns the cases in the order in which they take turns. Floor
// writes as many bytes a profile as the engine without segments has just
// written, which is therefore always measured before it.
func (o *options) contenders() []contender {
	var all []contender
	numbers := slices.Sorted(slices.Values(o.segments))
	has := func(name string) bool { return slices.Contains(o.cases, name) }
	if has(floor) {
		all = append(all, contender{engine, 0}, contender{name: floor})
	}
	for _, n := range numbers {
		if one := (contender{engine, n}); has(engine) && !slices.Contains(all, one) {
			all = append(all, one)
		}
		if has(naive) && slices.Contains(o.naive, n) {
			all = append(all, contender{naive, n})
		}
	}
	return all
}

// records is how many records a case gets at full speed.
func (o *options) records(c contender) int {
	if c.name == naive {
		return min(o.events, o.decisions/c.segments)
	}
	return o.events
}
