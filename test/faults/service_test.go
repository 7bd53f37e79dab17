package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

const (
	customers = 5000
	burst     = 60_000 // records to find out what the machine can do
	faultGap  = time.Minute
	warmUp    = 1   // rounds of faults, before which nothing has to be flat
	flat      = 0.1 // growth over the run, as a part of the mean
	lagging   = 0.5 // seconds of traffic that may be uncommitted a minute after a fault
)

// service is a Muster at half load for a long time.
type service struct {
	run
	witness *stack.Evaluator // the one that nothing hits
	rand    *rand.Rand
	kinds   []*kind // of a round of faults, in order
	rate    float64 // records a second
	counts  []int   // of visits of every customer
	sent    int
	began   time.Time // of traffic at rate
	base    int       // sent before
	samples []sample
}

// TestService runs for as long as MUSTER_SERVICE says, at half of what the
// machine can do, with a fault each minute, and demands that what the service
// holds does not grow: memory, goroutines, Redis' memory and lag. What it holds
// after a fault depends on the fault, so all kinds take turns in the same order
// and only means of whole rounds are compared. In the end every customer is where
// the number of visits says.
func TestService(t *testing.T) {
	text := os.Getenv("MUSTER_SERVICE")
	if text == "" {
		t.Skip("takes an hour; runs with MUSTER_SERVICE=1h (make soak-service)")
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("MUSTER_SERVICE is %q: %v", text, err)
	}
	s := newService(t)
	s.measureRate()
	s.began, s.base = time.Now(), s.sent
	for minute := 0; time.Since(s.began) < length; minute++ {
		k := s.kinds[minute%len(s.kinds)]
		f := &fault{kind: k, lasts: between(s.rand, k.least, k.most), pick: s.rand.IntN(1 << 16)}
		s.live(faultGap, f)
		s.sample()
		last := s.samples[len(s.samples)-1]
		t.Logf("minute %d, %s: %.0f MB, %.0f goroutines, Redis %.0f MB, %.0f records of lag", minute+1, k.name, last.rss/1e6, last.goroutines, last.redis/1e6, last.lag)
	}
	s.settle()
	s.report(s.verifyCounts())
}

// thresholds are the numbers of visits that have a segment each.
func thresholds() []int {
	var list []int
	for n := 10; n < 100_000; n = n*5/4 + 1 {
		list = append(list, n)
	}
	return list
}

func newService(t *testing.T) *service {
	t.Helper()
	var rules strings.Builder
	rules.WriteString("segments:\n  - {id: recent, rule: 'count(events(\"Visited\", \"1m\")) > 0'}\n  - {id: keen, rule: 'count(events(\"Visited\", \"30s\")) > 20'}\n")
	for _, n := range thresholds() {
		fmt.Fprintf(&rules, "  - {id: v%d, rule: 'count(events(\"Visited\")) >= %d'}\n", n, n)
	}
	s := &service{rand: rand.New(rand.NewPCG(1, 5)), kinds: serviceKinds(), counts: make([]int, customers)}
	s.run = run{t: t, busy: map[string]bool{}, hits: map[string]int{}, plan: plan{sources: 3}}
	s.system = stack.Start(t, stack.Options{
		Shards: shards, Sources: 3, Segments: rules.String(), Linked: true, Wall: true,
		// What fills up within the hour is bounded lower than usual.
		Pipeline: "  profiles:\n    message_ids: 64", RedisSection: "  outbox_max: 10000",
		Directives: []string{"auto-aof-rewrite-percentage 100", "auto-aof-rewrite-min-size 64mb"},
	})
	s.connect()
	s.system.Init()
	s.producer = s.system.Producer()
	s.witness = s.system.Run()
	s.join()
	return s
}

// serviceKinds are the faults that leave servers usable within a minute.
func serviceKinds() []*kind {
	var list []*kind
	for _, k := range kinds() {
		if k.fits == nil {
			list = append(list, k)
		}
	}
	return list
}

// visits sends so many.
func (s *service) visits(n int) {
	records := make([]*kgo.Record, n)
	for i := range records {
		c := s.rand.IntN(customers)
		s.counts[c]++
		s.sent++
		records[i] = &kgo.Record{Topic: s.system.Source, Partition: int32(s.rand.IntN(s.plan.sources)), Value: fmt.Appendf(nil,
			`{"type":"track","event":"Visited","userId":"c%d","messageId":"m%d","timestamp":%q,"properties":{"page":"/shop/%d"}}`,
			c, s.sent, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), c%97)}
	}
	s.producer.Send(records...)
}

// measureRate finds out half of what the machine can do.
func (s *service) measureRate() {
	s.visits(customers)
	s.settle()
	began := time.Now()
	s.visits(burst)
	s.settle()
	s.rate = burst / time.Since(began).Seconds() / 2
	s.t.Logf("half load is %.0f records a second", s.rate)
}

// live has traffic go on for d, and a fault hit at its beginning.
func (s *service) live(d time.Duration, f *fault) {
	s.t.Helper()
	until, hit := time.Now().Add(d), false
	s.system.Await("a minute to pass", d+stormy, func() error {
		if n := s.base + int(time.Since(s.began).Seconds()*s.rate) - s.sent; n > 0 {
			s.visits(n)
		}
		s.act()
		hit = hit || s.hit(f)
		if left := time.Until(until); left > 0 || len(s.pending) > 0 {
			return fmt.Errorf("%s and %d ends of faults are to come", left, len(s.pending))
		}
		return nil
	})
	s.leaving = nil
}

// verifyCounts compares the members of every threshold with the visits.
func (s *service) verifyCounts() (diverged int) {
	s.t.Helper()
	for _, n := range thresholds() {
		want, got, id := 0, 0, fmt.Sprint("v", n)
		for _, count := range s.counts {
			if count >= n {
				want++
			}
		}
		for shard := range shards {
			got += len(s.system.Stored(shard, []string{id}).Members[id])
		}
		if got != want {
			diverged++
			s.t.Errorf("%d customers have %d visits or more, segment %s has %d members", want, n, id, got)
		}
	}
	return diverged
}

// report prints one JSON line and demands that everything was flat.
func (s *service) report(diverged int) {
	s.t.Helper()
	faults, hits := 0, s.hits
	for _, n := range hits {
		faults += n
	}
	line := map[string]any{
		"bench": "soak-service", "seconds": time.Since(s.began).Seconds(), "faults": faults, "kinds": hits,
		"events": s.sent, "events_s": s.rate, "diverged": diverged,
	}
	rounds := means(s.samples, len(s.kinds))
	if len(rounds) < warmUp+2 {
		s.t.Logf("%d rounds of %d faults are too few to tell whether anything grows", len(rounds), len(s.kinds))
	}
	line["rounds"] = len(rounds)
	steady := rounds[min(warmUp, len(rounds)):]
	for _, m := range []struct {
		name string
		of   func(*sample) float64
	}{
		{"rss", func(s *sample) float64 { return s.rss }},
		{"goroutines", func(s *sample) float64 { return s.goroutines }},
		{"redis", func(s *sample) float64 { return s.redis }},
	} {
		mean, growth := trend(steady, m.of)
		line[m.name], line[m.name+"_growth"] = mean, growth
		if growth > flat {
			s.t.Errorf("%s grew by %.0f %% over the run", m.name, 100*growth)
		}
	}
	lag, _ := trend(steady, func(s *sample) float64 { return s.lag })
	line["lag"] = lag
	if lag > lagging*s.rate {
		s.t.Errorf("a minute after a fault %.0f records are not committed, more than %.1f s of traffic", lag, lagging)
	}
	text, err := json.Marshal(line)
	if err != nil {
		s.t.Fatal(err)
	}
	write(s.t, text)
}
