package segments_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"muster/pipeline"
	"muster/rules"
	"muster/segments"
)

// editAim is the part of the CPU of compiling all twice that an edit may take.
const editAim = 0.5

// BenchmarkPutAmongTenThousand measures how long a change of one definition
// among 10,000 takes to be checked and stored, and from there to be in force in
// a process that looks every 100 ms, which is not counted, without workers. The
// CPU of it, of_twice, is held against that of compiling all definitions from
// nothing twice: by whoever checks the change and by whoever takes it over. Both
// are medians, in turns. Aim: of_twice at most 0.5.
func BenchmarkPutAmongTenThousand(b *testing.B) {
	store, _ := newStore(b)
	known := rules.NewChecks()
	d := segments.NewDefinitions(store, func() int64 { return time.Now().UnixMilli() }, known)
	all := map[string]string{}
	for i := range 10_000 {
		id := fmt.Sprint("s", i)
		all[id] = text(id, fmt.Sprintf(`traits.plan == "p%d" and count(events("Order Completed", "%dd")) >= %d`, i%100, i%80+1, i%20))
	}
	if _, err := d.Apply(b.Context(), segments.Edit{Write: all, If: segments.Any}, ann); err != nil {
		b.Fatal(err)
	}
	source, anew := segments.NewStored(store, known), segments.NewStored(store, nil)
	if c := source.Read(b.Context()); c.Err != nil {
		b.Fatal(c.Err)
	}
	d.Begin(source.Seen())
	live := pipeline.NewLive(nil)
	var storing, taking time.Duration
	var edits, twice []time.Duration
	n := 0
	for b.Loop() {
		began, used := time.Now(), cpu(b)
		if _, _, err := d.Put(b.Context(), "s7", text("s7", fmt.Sprint("traits.age > ", n)), segments.Any, ann); err != nil {
			b.Fatal(err)
		}
		n++
		stored := time.Now()
		c, news := source.Look(b.Context())
		if !news {
			b.Fatal("there is no news")
		}
		set := build(b, c)
		live.Publish(set)
		storing, taking = storing+stored.Sub(began), taking+time.Since(stored)
		edits = append(edits, cpu(b)-used)
		whole := anew.Read(b.Context())
		used = cpu(b)
		if build(b, whole); build(b, whole).Fingerprint() != set.Fingerprint() {
			b.Fatal("it is another set")
		}
		twice = append(twice, cpu(b)-used)
	}
	part := median(edits).Seconds() / median(twice).Seconds()
	b.ReportMetric(float64(storing.Milliseconds())/float64(n), "ms/put")
	b.ReportMetric(float64(taking.Milliseconds())/float64(n), "ms/take")
	b.ReportMetric(float64(median(edits).Milliseconds()), "cpu_ms")
	b.ReportMetric(part, "of_twice")
	if part > editAim {
		b.Errorf("an edit takes %.2f of the CPU of compiling all twice; the aim is %.2f", part, editAim)
	}
}

func build(b *testing.B, c segments.Content) *rules.Set {
	b.Helper()
	set, err := c.Build(rules.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return set
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

// cpu is the time that this process has had.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
