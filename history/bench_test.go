package history

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"muster/event"
	"muster/history/archive"
)

// cpu is the time that this process has had, of all processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIndex holds making runs against unpacking and decoding alone, on
// one processor, object by object in turns. Aim: of_decode at least 0.8.
func BenchmarkIndex(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	y := &yard{folder: b.TempDir(), days: 6, perDay: 40_000, customers: 5000}
	y.lay(b, 0, y.days)
	r := y.request(b, 1000, y.days)
	l, err := r.list(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var made, alone time.Duration
	var events, bytes, stored int64
	w := work{dir: b.TempDir()}
	c := config(w.dir, 1)
	c.SortBytes = DefaultConfig().SortBytes
	x, err := newIndex(r, w, &c, &progress{})
	if err != nil {
		b.Fatal(err)
	}
	d, err := newDigester(r, w, x.wanted, c.SortBytes)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range l.items {
			began := cpu(b)
			decodeAlone(b, r, &l.items[i], contextFields(x.wanted))
			middle := cpu(b)
			n, err := d.digest(b.Context(), &l.items[i])
			if err != nil {
				b.Fatal(err)
			}
			alone, made = alone+middle-began, made+cpu(b)-middle
			events, bytes = events+n.Events, bytes+n.Bytes
			info, err := os.Stat(w.runFile(runKey(l.items[i].key, x.wanted)))
			if err != nil {
				b.Fatal(err)
			}
			stored += info.Size()
		}
	}
	b.ReportMetric(float64(made.Nanoseconds())/float64(events), "cpu_ns/event")
	b.ReportMetric(float64(alone.Nanoseconds())/float64(events), "decode_cpu_ns/event")
	b.ReportMetric(float64(alone)/float64(made), "of_decode")
	b.ReportMetric(float64(bytes)/float64(events), "source_B/event")
	b.ReportMetric(float64(stored)/float64(events), "run_B/event")
}

// decodeAlone is the least that indexing an object must do.
func decodeAlone(b *testing.B, r *Request, o *item, fields []string) {
	b.Helper()
	d, err := event.NewDecoder(r.Limits.Events)
	if err != nil {
		b.Fatal(err)
	}
	d.ReadContext(fields)
	in, err := r.Bucket.Open(b.Context(), o.Object)
	if err != nil {
		b.Fatal(err)
	}
	var events []event.Event
	err = archive.Read(in, o.Key, o.choice.Format, func(rec archive.Record) error {
		d.Reset()
		events, _ = d.Decode(events[:0], nil, rec.Value, rec.Arrival, 0)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	_ = in.(io.Closer).Close()
}

// BenchmarkEvaluate replays runs with 1,000 segments on one processor, once
// for each profile and event by event. Aim: at least 500,000 events a second.
func BenchmarkEvaluate(b *testing.B) {
	for _, eager := range []bool{false, true} {
		b.Run(fmt.Sprintf("eager=%t", eager), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			y := &yard{folder: b.TempDir(), days: 20, perDay: 20_000, customers: 5000}
			y.lay(b, 0, y.days)
			dir := b.TempDir()
			c := config(dir, 1)
			c.Eager, c.SortBytes = eager, DefaultConfig().SortBytes
			var took time.Duration
			var rows int64
			for b.Loop() {
				if err := os.RemoveAll(dir + "/slices"); err != nil {
					b.Fatal(err)
				}
				if err := os.RemoveAll(dir + "/bases"); err != nil {
					b.Fatal(err)
				}
				bf, err := New(y.request(b, 1000, y.days), c)
				if err != nil {
					b.Fatal(err)
				}
				l, err := bf.plan(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				found, err := bf.index(b.Context(), l)
				if err != nil {
					b.Fatal(err)
				}
				began := cpu(b)
				if _, err := bf.evaluate(b.Context(), l, found); err != nil {
					b.Fatal(err)
				}
				took, rows = took+cpu(b)-began, rows+bf.report.Rows
				if err := closeRuns(found); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(rows), "cpu_ns/event")
			b.ReportMetric(float64(rows)/took.Seconds(), "events/s")
		})
	}
}
