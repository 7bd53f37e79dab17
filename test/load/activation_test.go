package load

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// deliveryLine is one line of output about deliveries. OfAim is the figure
// that there is an aim for as a share of it.
type deliveryLine struct {
	Bench string `json:"bench"`
	deliveryFigures
	Aim   float64 `json:"aim"`
	OfAim float64 `json:"of_aim"`
	Met   bool    `json:"met"`
}

// deliveryFigures are what a case measures; those that it does not are left
// out.
type deliveryFigures struct {
	P50         float64 `json:"p50_ms,omitzero"`      // from evaluated to received; evaluated is when the commit was not there yet for the last time
	P99         float64 `json:"p99_ms,omitzero"`      // the same
	DueP99      float64 `json:"due_p99_ms,omitzero"`  // from when the event was due to be produced
	LookP99     float64 `json:"look_p99_ms,omitzero"` // of the first, that nobody looked: what the machine itself made them wait
	CPU         float64 `json:"cpu_us_change,omitzero"`
	ChangesCore float64 `json:"changes_core,omitzero"` // changes a second of the service's CPU time
	Changes     float64 `json:"changes_s,omitzero"`
	RedisCPU    float64 `json:"redis_cpu_us_change,omitzero"`
	Pending     float64 `json:"pending,omitzero"`  // messages that wait
	GrownMB     float64 `json:"grown_mb,omitzero"` // by which the process grew at most, beside one with few that wait
	Retries     float64 `json:"retries_s,omitzero"`
	With        float64 `json:"events_s,omitzero"` // with a destination
	Without     float64 `json:"events_s_without,omitzero"`
	Ratio       float64 `json:"ratio,omitzero"`
	CPURatio    float64 `json:"cpu_ratio,omitzero"`       // CPU time an event of service and Redis without a destination, to that with it
	KeptUp      float64 `json:"delivered_share,omitzero"` // of the changes meanwhile
}

// deliveryCase is one measurement of deliveries, with its aim.
type deliveryCase struct {
	name    string
	measure func(t testing.TB, s deliverySizes) deliveryFigures
	figure  func(f *deliveryFigures) float64
	aim     float64
	most    bool // whether the aim is the most that the figure may be, or the least
}

// deliverySizes say how much is measured.
type deliverySizes struct {
	repeats int
	rate    float64       // changes a second whose delays are measured
	length  time.Duration // of that, and of what is watched while messages wait
	single  int           // changes that are sent one by one
	batched int           // and by the hundred
	seeds   int           // changes, about half of which wait in the beginning
	pending int           // messages that wait
	beside  options       // of the service with and without a destination
}

// deliveryCases are what deliveries must reach. A core is a second of CPU
// time of the service; what Redis and the receiver use does not count.
var deliveryCases = []deliveryCase{
	{"latency", measureLatency, func(f *deliveryFigures) float64 { return f.P99 }, 50, true},
	{"single", measureSingle, func(f *deliveryFigures) float64 { return f.ChangesCore }, 5000, false},
	{"batched", measureBatched, func(f *deliveryFigures) float64 { return f.ChangesCore }, 50_000, false},
	{"pending", measurePending, func(f *deliveryFigures) float64 { return f.GrownMB }, 100, true},
	{"beside", measureBeside, func(f *deliveryFigures) float64 { return f.Ratio }, 0.9, false},
}

// line returns what is printed of a case.
func (c *deliveryCase) line(f deliveryFigures) deliveryLine {
	l := deliveryLine{Bench: "activation/" + c.name, deliveryFigures: f, Aim: c.aim}
	value := c.figure(&f)
	l.OfAim, l.Met = rounded(value/c.aim), value >= c.aim
	if c.most {
		l.Met = value <= c.aim
	}
	return l
}

// measure measures a case, tells progress and prints its line.
func (c *deliveryCase) run(t testing.TB, s deliverySizes, out io.Writer) {
	t.Helper()
	l := c.line(c.measure(t, s))
	if err := json.NewEncoder(out).Encode(l); err != nil {
		t.Fatal(err)
	}
	if !l.Met {
		t.Errorf("%s is %.3g of its aim, %g", l.Bench, l.OfAim, l.Aim)
	}
}

// TestActivation measures deliveries and fails where they miss an aim.
func TestActivation(t *testing.T) {
	file := os.Getenv("MUSTER_ACTIVATION")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_ACTIVATION=FILE (make bench PART=activation)")
	}
	out := appendTo(t, file)
	chosen := list("DELIVERIES", strings.Join(deliveryNames(), ","))
	for _, name := range chosen {
		if !slices.Contains(deliveryNames(), name) {
			t.Fatalf("MUSTER_LOAD_DELIVERIES: %q is none of %s", name, strings.Join(deliveryNames(), ", "))
		}
	}
	p, _ := populations(number(t, "HOT", "100000"), 1)["hot"]
	s := deliverySizes{
		repeats: number(t, "REPEATS", "3"), rate: 2000, length: 10 * time.Second, single: 60_000, batched: 400_000,
		seeds: 1000, pending: number(t, "PENDING", "1000000"),
		beside: options{profiles: os.Getenv("MUSTER_LOAD_PROFILE"), populations: []population{p}, segments: []int{1000}, events: number(t, "EVENTS", "600000")},
	}
	for _, c := range deliveryCases {
		if slices.Contains(chosen, c.name) {
			t.Run(c.name, func(t *testing.T) { c.run(t, s, out) })
		}
	}
}

func deliveryNames() []string {
	var names []string
	for _, c := range deliveryCases {
		names = append(names, c.name)
	}
	return names
}

// TestSmallActivation measures all of it in small, so that it can't rot. What
// it finds may miss the aims.
func TestSmallActivation(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and services; runs without -short (make test)")
	}
	s := deliverySizes{
		repeats: 1, rate: 200, length: time.Second, single: 200, batched: 2000, seeds: 200, pending: 400,
		beside: options{populations: []population{{name: "hot", profiles: 400, cache: 1 << 20, fits: true}}, segments: []int{few}, events: 20_000, whole: true},
	}
	for _, c := range deliveryCases {
		t.Run(c.name, func(t *testing.T) {
			l := c.line(c.measure(t, s))
			if c.figure(&l.deliveryFigures) == 0 && l.Retries == 0 { // so small a process may well not grow
				t.Errorf("the line is %+v, want a figure", l)
			}
		})
	}
}

func TestDeliveryAims(t *testing.T) {
	least := deliveryCase{figure: func(f *deliveryFigures) float64 { return f.Ratio }, aim: 0.9}
	most := least
	most.most = true
	for ratio, met := range map[float64][2]bool{0.8: {false, true}, 0.9: {true, true}, 1: {true, false}} {
		f := deliveryFigures{Ratio: ratio}
		if got := [2]bool{least.line(f).Met, most.line(f).Met}; got != met {
			t.Errorf("%v reaches an aim of 0.9, as the least and the most: %v, want %v", ratio, got, met)
		}
	}
}

// medianOf measures some times and returns the medians of what was found.
func medianOf(repeats int, measure func() deliveryFigures) deliveryFigures {
	all := make([]deliveryFigures, repeats)
	for i := range all {
		all[i] = measure()
	}
	var m deliveryFigures
	for i, number := range m.numbers() {
		values := make([]float64, len(all))
		for k := range all {
			values[k] = *all[k].numbers()[i]
		}
		*number = rounded(median(values))
	}
	return m
}

// numbers are all figures, for what is done to each.
func (f *deliveryFigures) numbers() []*float64 {
	return []*float64{
		&f.P50, &f.P99, &f.DueP99, &f.LookP99, &f.CPU, &f.ChangesCore, &f.Changes, &f.RedisCPU,
		&f.Pending, &f.GrownMB, &f.Retries, &f.With, &f.Without, &f.Ratio, &f.CPURatio, &f.KeptUp,
	}
}
