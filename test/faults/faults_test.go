package faults

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/kit/environment"
	"muster/test/kit/s3"
)

func TestMain(m *testing.M) { os.Exit(stack.Main(m)) }

// outcome is a line about one run, or all.
type outcome struct {
	Faults     int `json:"faults"`
	Runs       int `json:"runs"`
	Events     int `json:"events"`
	Changes    int `json:"changes"`
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
	Diverged   int `json:"diverged"`
	Published  int `json:"published"` // patches that were given while the storm lasted
	settledDeliveries
	Recovery float64        `json:"recovery_p99_s"`
	Seed     uint64         `json:"seed"`
	Cluster  bool           `json:"cluster"`
	Seconds  float64        `json:"seconds"`
	Kinds    map[string]int `json:"kinds"`
}

// slowestRecovery is the session timeout, by when the killed one is missed,
// and two seconds to take over. Only make faults, which has the machine for
// itself, demands it: how long it takes beside other suites says nothing.
const slowestRecovery = session + 2*time.Second

// TestFaults is what the package is for. Runs go in parallel, as many as
// go test -parallel says: they wait more than they work.
func TestFaults(t *testing.T) {
	runs, seed := environment.Number(t, "MUSTER_RUNS", 2), environment.Number(t, "MUSTER_SEED", 1)
	s3.SignIn(t, s3.Access, s3.Secret) // here, as runs in parallel may not
	var mu sync.Mutex
	total := outcome{Seed: seed, Kinds: map[string]int{}}
	var recoveries []time.Duration
	began := time.Now()
	t.Run("seed", func(t *testing.T) {
		for n := range runs {
			t.Run(strconv.FormatUint(seed+n, 10), func(t *testing.T) {
				t.Parallel()
				one, recovery := weather(t, draw(seed+n))
				mu.Lock()
				defer mu.Unlock()
				recoveries = append(recoveries, recovery)
				total.add(&one)
				one.print(t)
			})
		}
	})
	total.Seconds = time.Since(began).Seconds()
	total.Recovery = quantile(recoveries, 0.99).Seconds()
	total.print(t)
	if measured := os.Getenv("MUSTER_FAULTS") != ""; measured && total.Recovery > slowestRecovery.Seconds() {
		t.Errorf("the 99th percentile of recovery is %.1f s, want at most %s", total.Recovery, slowestRecovery)
	}
}

// weather is one run from start to end.
func weather(t *testing.T, p plan) (outcome, time.Duration) {
	began := time.Now()
	r := start(t, p)
	recovery := r.recover()
	r.storm()
	r.calm()
	tally := r.verify()
	told := r.verifyDeliveries()
	o := outcome{
		Faults: 1, Runs: 1, Events: tally.Events, Changes: tally.Changes, Lost: tally.Lost, Duplicated: tally.Duplicated, Diverged: tally.Diverged, settledDeliveries: told,
		Recovery: recovery.Seconds(), Seed: p.seed, Cluster: p.cluster, Seconds: time.Since(began).Seconds(), Kinds: r.hits,
	}
	if r.plan.publishes {
		o.Published = int(r.history.state.Sent)
	}
	for _, n := range r.hits {
		o.Faults += n // beside the kill that recovery is measured with
	}
	return o, recovery
}

func (o *outcome) add(one *outcome) {
	o.Faults += one.Faults
	o.Runs += one.Runs
	o.Events += one.Events
	o.Changes += one.Changes
	o.Lost += one.Lost
	o.Duplicated += one.Duplicated
	o.Diverged += one.Diverged
	o.Published += one.Published
	o.settledDeliveries.add(&one.settledDeliveries)
	for kind, n := range one.Kinds {
		o.Kinds[kind] += n
	}
}

func (o *outcome) print(t *testing.T) {
	t.Helper()
	line, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	write(t, line)
}

// write appends a line to the file that the environment names.
func write(t *testing.T, line []byte) {
	t.Helper()
	t.Logf("%s", line)
	name := os.Getenv("MUSTER_FAULTS")
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatalf("writing the outcome: %v", err)
	}
	defer file.Close()
	if _, err := file.Write(append(line, '\n')); err != nil {
		t.Fatalf("writing the outcome: %v", err)
	}
}

func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[int(q*float64(len(list)-1))]
}
