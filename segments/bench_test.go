package segments_test

import (
	"fmt"
	"testing"
	"time"

	"muster/pipeline"
	"muster/rules"
	"muster/segments"
)

// BenchmarkPutAmongTenThousand measures how long a change of one definition
// among 10,000 takes to be checked and stored, and from there to be in force in
// a process that looks every 500 ms, which is not counted, without workers.
func BenchmarkPutAmongTenThousand(b *testing.B) {
	store, _ := newStore(b)
	d := newDefinitions(store)
	all := map[string]string{}
	for i := range 10_000 {
		id := fmt.Sprint("s", i)
		all[id] = text(id, fmt.Sprintf(`traits.plan == "p%d" and count(events("Order Completed", "%dd")) >= %d`, i%100, i%80+1, i%20))
	}
	if _, err := d.Apply(b.Context(), segments.Edit{Write: all, If: segments.Any}, ann); err != nil {
		b.Fatal(err)
	}
	source := segments.NewStored(store, nil)
	if c := source.Read(b.Context()); c.Err != nil {
		b.Fatal(c.Err)
	}
	live := pipeline.NewLive(nil)
	var storing, taking time.Duration
	n := 0
	for b.Loop() {
		began := time.Now()
		if _, _, err := d.Put(b.Context(), "s7", text("s7", fmt.Sprint("traits.age > ", n)), segments.Any, ann); err != nil {
			b.Fatal(err)
		}
		n++
		stored := time.Now()
		c, news := source.Look(b.Context())
		set, err := c.Build(rules.Options{})
		if !news || err != nil {
			b.Fatal(news, err)
		}
		live.Publish(set)
		storing, taking = storing+stored.Sub(began), taking+time.Since(stored)
	}
	b.ReportMetric(float64(storing.Milliseconds())/float64(n), "ms/put")
	b.ReportMetric(float64(taking.Milliseconds())/float64(n), "ms/take")
}
