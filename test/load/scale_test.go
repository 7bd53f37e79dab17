package load

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"
)

// scalePartitions are shared out among one process and then two.
const scalePartitions = 8

// leastScale is how much of what the model predicts two evaluators must do.
const leastScale = 0.8

// scaled is one line of output. The model of docs/scaling.md says that an
// event costs the same CPU however many evaluators share the shards. So so
// many evaluators are predicted to do, with the CPU that they had, what one
// would do with as much; ratio is what they did to that.
type scaled struct {
	Bench      string  `json:"bench"`
	Evaluators int     `json:"evaluators"`
	Events     float64 `json:"events_s"`
	Predicted  float64 `json:"predicted_events_s"`
	Ratio      float64 `json:"ratio"`
	CPU        float64 `json:"cpu_us_event"` // of all evaluators
	RedisCPU   float64 `json:"redis_cpu_us_event"`
	Cores      float64 `json:"evaluator_cores"` // that all evaluators had
	Partitions int     `json:"partitions"`
	Segments   int     `json:"segments"`
	Repeats    int     `json:"repeats"`
}

// TestScale measures one and two evaluators, in turns, and fails when two
// cost more than the model says.
func TestScale(t *testing.T) {
	file := os.Getenv("MUSTER_SCALE")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_SCALE=FILE (make bench-scale)")
	}
	out := appendTo(t, file)
	o := &options{repeats: number(t, "REPEATS", "3"), events: number(t, "EVENTS", "400000")}
	hot := population{name: "hot", profiles: 20_000, cache: 1 << 28, fits: true}
	for _, line := range measureScale(t, o, hot, 1000, os.Stderr) {
		if err := json.NewEncoder(out).Encode(line); err != nil {
			t.Fatal(err)
		}
		if line.Ratio < leastScale {
			t.Errorf("%d evaluators do %.2f of what is predicted, at least %.2f is demanded", line.Evaluators, line.Ratio, leastScale)
		}
	}
}

// measureScale measures one evaluator and two, in turns.
func measureScale(t testing.TB, o *options, p population, segments int, progress io.Writer) []scaled {
	t.Helper()
	c := contender{engine, segments}
	b := &bench{
		t: t, options: o, order: []contender{c}, segments: segmentations(t, t.TempDir(), []int{segments}),
		redis: startRedis(t, scalePartitions), broker: startBroker(t), progress: progress,
	}
	b.begin(p)
	var all [2][]figures // of one evaluator, of two
	for round := range o.repeats {
		for i := range all {
			r := &run{t: t, options: o, population: p, contender: c, segments: b.segments[segments], redis: b.redis}
			f := r.measureShared(i+1, b.broker, fmt.Sprintf("scale-%d-%d", round, i+1))
			all[i] = append(all[i], f)
			b.say("round %d of %d, evaluators %d: %.0f events/s, CPU %.1f us, Redis %.1f us", round+1, o.repeats, i+1, f.EventsPerSecond, f.CPU, f.RedisCPU)
		}
	}
	return []scaled{scaleOf(1, c, all[0], all[0]), scaleOf(2, c, all[0], all[1])}
}

// measureShared measures full speed of some processes, each with its share of
// the shards. They are started first, so that none has a beginning without
// the others.
func (r *run) measureShared(processes int, broker, name string) figures {
	r.t.Helper()
	defer r.end()
	r.begin(broker, name)
	r.start(processes, broker, 0)
	shares := slices.Repeat([]int{r.redis.shards / processes}, processes)
	for deadline := time.Now().Add(patience); !slices.Equal(r.services.owned(), shares); time.Sleep(100 * time.Millisecond) {
		r.services.check()
		if time.Now().After(deadline) {
			r.t.Fatalf("shards are shared out as %v, want %v:\n%s", r.services.owned(), shares, r.services.tail())
		}
	}
	r.fill()
	f := r.fullSpeed()
	if owned := r.services.owned(); !slices.Equal(owned, shares) {
		r.t.Fatalf("shards were shared out anew meanwhile, as %v", owned)
	}
	return f
}

// scaleOf makes the line of so many evaluators; one are the figures of one in
// the same rounds. Ratios are of one round, and the median of them is told.
func scaleOf(evaluators int, c contender, one, these []figures) scaled {
	ratios := make([]float64, len(these))
	for i := range these {
		ratios[i] = one[i].CPU / these[i].CPU
	}
	m := medians(these)
	s := scaled{
		Bench: "scale", Evaluators: evaluators, Partitions: scalePartitions, Segments: c.segments, Repeats: len(these),
		Events: rounded(m.EventsPerSecond), CPU: rounded(m.CPU), RedisCPU: rounded(m.RedisCPU),
		Cores: rounded(m.EventsPerSecond * m.CPU / 1e6), Ratio: rounded(median(ratios)),
	}
	s.Predicted = rounded(s.Events / s.Ratio)
	return s
}

// TestScaleOf: what two do is held to what one did in the same round.
func TestScaleOf(t *testing.T) {
	at := func(speed, cpu float64) figures { return figures{EventsPerSecond: speed, CPU: cpu} }
	one := []figures{at(100_000, 10), at(50_000, 20), at(100_000, 12)}
	two := []figures{at(150_000, 12.5), at(150_000, 20), at(150_000, 16)}
	got := scaleOf(2, contender{engine, 1000}, one, two)
	want := scaled{
		Bench: "scale", Evaluators: 2, Events: 150_000, Predicted: 187_500, Ratio: 0.8, CPU: 16, Cores: 2.4,
		Partitions: scalePartitions, Segments: 1000, Repeats: 3,
	}
	if got != want {
		t.Errorf("the line is %+v, want %+v", got, want)
	}
}

// TestSmallScale runs it in small, so that it can't rot.
func TestSmallScale(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and services; runs without -short (make test)")
	}
	o := &options{repeats: 1, events: 40_000, whole: true}
	lines := measureScale(t, o, population{name: "hot", profiles: 400, cache: 1 << 20, fits: true}, few, t.Output())
	for i, line := range lines {
		if line.Evaluators != i+1 || line.Events <= 0 || line.CPU <= 0 || line.RedisCPU <= 0 || line.Predicted <= 0 || line.Cores <= 0 {
			t.Errorf("the line is %+v, want %d evaluators and figures above 0", line, i+1)
		}
	}
}
