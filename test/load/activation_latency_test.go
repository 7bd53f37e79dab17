package load

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

// measureLatency sends one change a message while events come at a steady
// rate.
func measureLatency(t testing.TB, sizes deliverySizes) deliveryFigures {
	s := newStage(t)
	return medianOf(sizes.repeats, func() deliveryFigures { return s.latency(sizes) })
}

func (s *stage) latency(sizes deliverySizes) deliveryFigures {
	s.t.Helper()
	e := startReceiver(s.t, "-keep")
	sc := s.open(e, 1)
	defer sc.end()
	sc.start(1, s.broker, 0)
	first := int(sizes.rate)
	sc.fill(first) // what is new everywhere is not measured
	sc.awaitTaken(first)
	messages := make([]message, int(sizes.rate*sizes.length.Seconds()))
	versions := make([]version, len(messages))
	for i := range messages {
		messages[i], versions[i] = sc.toggle()
	}
	ended := make(chan struct{})
	looked := make(chan [][]sighting, 1)
	go func() { looked <- sc.look(ended) }()
	before, profiled := sc.services.cpu(), sc.profile("latency")
	all := sc.produce(messages, sizes.rate)
	sc.awaitTaken(first + len(messages))
	sc.catchUp()
	close(ended)
	seen := <-looked
	<-profiled
	f := deliveryFigures{CPU: micros(sc.services.cpu()-before) / float64(len(all))}
	w := newDeliveryWaits(s.t, all, versions, seen, e.seen())
	f.P50, f.P99 = quantile(w.evaluated, 0.5), quantile(w.evaluated, 0.99)
	f.DueP99, f.LookP99 = quantile(w.due, 0.99), quantile(w.unseen, 0.99)
	s.say("latency: p50 %.1f ms, p99 %.1f ms from evaluated to received, of which nobody looked for p99 %.1f ms; p99 %.1f ms from when it was due",
		f.P50, f.P99, f.LookP99, f.DueP99)
	return f
}

// deliveryWaits are how long changes took until they were received, in ms,
// ascending.
type deliveryWaits struct {
	evaluated []float64 // from when its commit was not there yet for the last time
	due       []float64 // from when its event was due
	unseen    []float64 // from then until its commit was seen
}

func newDeliveryWaits(t testing.TB, all []sent, versions []version, seen [][]sighting, came map[version]time.Time) (w deliveryWaits) {
	t.Helper()
	for i, one := range all {
		s := seen[one.partition]
		at := slices.IndexFunc(s, func(s sighting) bool { return s.next > one.offset })
		received, ok := came[versions[i]]
		if at < 0 || !ok {
			t.Fatalf("change %+v was never seen", versions[i])
		}
		w.evaluated = append(w.evaluated, millis(received.Sub(s[at].before)))
		w.due = append(w.due, millis(received.Sub(one.due)))
		w.unseen = append(w.unseen, millis(s[at].at.Sub(s[at].before)))
	}
	for _, list := range [][]float64{w.evaluated, w.due, w.unseen} {
		slices.Sort(list)
	}
	return w
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func TestDeliveryWaits(t *testing.T) {
	due := time.Now()
	after := func(ms int) time.Time { return due.Add(time.Duration(ms) * time.Millisecond) }
	seen := [][]sighting{nil, {{at: after(3), next: 1, before: after(2)}, {at: after(9), next: 3, before: after(8)}}}
	all := []sent{{due, due, 1, 0}, {due, due, 1, 2}}
	came := map[version]time.Time{{"a", 1}: after(7), {"b", 1}: after(11)}
	got := newDeliveryWaits(t, all, []version{{"a", 1}, {"b", 1}}, seen, came)
	want := deliveryWaits{evaluated: []float64{3, 5}, due: []float64{7, 11}, unseen: []float64{1, 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("waits are %v, want %v", got, want)
	}
}
