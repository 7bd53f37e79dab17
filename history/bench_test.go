package history

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"muster/event"
	"muster/history/archive"
	"muster/test/kit/ruleset"
)

// cpu is the time that this process has had, of all processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	return cpuOf(b, syscall.RUSAGE_SELF)
}

// cpuOf is the time that this process, or its children that have ended, have
// had.
func cpuOf(b *testing.B, whose int) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(whose, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// atMost and atLeast fail a benchmark whose figure misses an aim, with a line of JSON
// that says by how much, as go test prints none of one that fails.
func atMost(b *testing.B, figure string, got, aim float64) {
	b.Helper()
	if got > aim {
		missed(b, fmt.Sprintf("%s is %.4g, the aim is at most %g", figure, got, aim))
	}
}

func atLeast(b *testing.B, figure string, got, aim float64) {
	b.Helper()
	if got < aim {
		missed(b, fmt.Sprintf("%s is %.4g, the aim is at least %g", figure, got, aim))
	}
}

func missed(b *testing.B, what string) {
	b.Helper()
	say(b, "missed", what)
	b.Error(what)
}

// BenchmarkIndex holds making sorted runs against unpacking and decoding alone, on
// one processor, object by object in turns. Aim: of_decode at least 0.8; it fails where
// it is less by more than rounds of the same code differ.
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
	w := localWork(b.TempDir())
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
			info, err := os.Stat(w.locate(runFile(runKey(l.items[i].key, x.wanted))))
			if err != nil {
				b.Fatal(err)
			}
			stored += info.Size()
		}
	}
	b.ReportMetric(float64(made.Nanoseconds())/float64(events), "cpu_ns/event")
	b.ReportMetric(float64(alone.Nanoseconds())/float64(events), "decode_cpu_ns/event")
	b.ReportMetric(float64(alone)/float64(made), "of_decode")
	atLeast(b, "of_decode", float64(alone)/float64(made), 0.8-0.02)
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

// BenchmarkEvaluate replays sorted runs with 1,000 segments on one processor, once
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
				p, err := bf.Plan(b.Context(), 0)
				if err != nil {
					b.Fatal(err)
				}
				if err := bf.stage(b.Context(), p, StageIndex); err != nil {
					b.Fatal(err)
				}
				began := cpu(b)
				if err := bf.stage(b.Context(), p, StageEvaluate); err != nil {
					b.Fatal(err)
				}
				took, rows = took+cpu(b)-began, rows+bf.report.Rows
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(rows), "cpu_ns/event")
			b.ReportMetric(float64(rows)/took.Seconds(), "events/s")
			if !eager {
				atLeast(b, "events/s", float64(rows)/took.Seconds(), 500_000)
			}
		})
	}
}

// replay runs a request up to its slices, without gathering, and returns what
// it did and the time of processors.
func replay(b *testing.B, r *Request, c Config) (*Report, time.Duration) {
	b.Helper()
	bf, err := New(r, c)
	if err != nil {
		b.Fatal(err)
	}
	began := cpu(b)
	p, err := bf.Plan(b.Context(), 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range []Stage{StageIndex, StageFold, StageEvaluate} {
		if err := bf.stage(b.Context(), p, s); err != nil {
			b.Fatal(err)
		}
	}
	if _, _, err := bf.complete(p); err != nil {
		b.Fatal(err)
	}
	return &bf.report, cpu(b) - began
}

// perform runs a request and returns what it did.
func perform(b *testing.B, r *Request, c Config) *Report {
	b.Helper()
	bf, err := New(r, c)
	if err != nil {
		b.Fatal(err)
	}
	report, err := bf.Run(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return report
}

// BenchmarkAgain backfills a year of days with 1,000 segments, then half of
// these segments, whose columns are there, and then the year and a day. Aims:
// source_B of the second is 0; of the day it is the day's, and its time is at
// most 3 % of the first. Times are without gathering members.
func BenchmarkAgain(b *testing.B) {
	const days = 365
	for b.Loop() {
		y := &yard{folder: b.TempDir(), days: days, perDay: 4000, customers: 30_000}
		y.lay(b, 0, days)
		c := config(b.TempDir(), runtime.GOMAXPROCS(0))
		c.SortBytes = DefaultConfig().SortBytes
		first, tookFirst := replay(b, y.request(b, 1000, days), c)
		second, tookSecond := replay(b, y.request(b, 500, days), c)
		y.lay(b, days, days+1)
		day, tookDay := replay(b, y.request(b, 1000, days+1), c)
		b.ReportMetric(float64(first.Read.Events), "events")
		b.ReportMetric(tookFirst.Seconds(), "cpu_s")
		b.ReportMetric(float64(first.Read.Bytes), "source_B")
		b.ReportMetric(float64(second.Read.Bytes), "second_source_B")
		b.ReportMetric(tookSecond.Seconds()/tookFirst.Seconds(), "second_of_first")
		b.ReportMetric(float64(day.Read.Bytes)/float64(first.Read.Bytes)*days, "day_source_days")
		b.ReportMetric(tookDay.Seconds()/tookFirst.Seconds(), "day_of_first")
		atMost(b, "second_source_B", float64(second.Read.Bytes), 0)
		atMost(b, "the objects read for a day more", float64(day.Read.Objects), 1)
		atMost(b, "day_of_first", tookDay.Seconds()/tookFirst.Seconds(), 0.03)
	}
}

// BenchmarkSkew holds a customer with a fifth of all events against the same
// number of events spread evenly, with two workers. Aim: of_even at most 1.5.
func BenchmarkSkew(b *testing.B) {
	for b.Loop() {
		var took [2]float64
		for i, heavy := range []float64{0, 0.2} {
			y := &yard{folder: b.TempDir(), days: 20, perDay: 25_000, customers: 10_000, heavy: heavy}
			y.lay(b, 0, y.days)
			c := config(b.TempDir(), 2)
			c.SortBytes = DefaultConfig().SortBytes
			report := perform(b, y.request(b, 1000, y.days), c)
			took[i] = float64(report.Index + report.Evaluate + report.Gather)
		}
		b.ReportMetric(took[0], "even_s")
		b.ReportMetric(took[1], "skewed_s")
		b.ReportMetric(took[1]/took[0], "of_even")
		atMost(b, "of_even", took[1]/took[0], 1.5)
	}
}

// BenchmarkMemory holds the largest memory of the process that backfills a
// million events against that of more, by default four million and with
// MUSTER_BACKFILL_EVENTS as many. Aims: of_million at most 1.3, and 1 GB.
func BenchmarkMemory(b *testing.B) {
	more := 4_000_000
	if text := os.Getenv("MUSTER_BACKFILL_EVENTS"); text != "" {
		if _, err := fmt.Sscan(text, &more); err != nil {
			b.Fatal(err)
		}
	}
	binary := filepath.Join(b.TempDir(), "evaluator")
	if out, err := exec.Command("go", "build", "-o", binary, "muster/cmd/evaluator").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	segments := filepath.Join(b.TempDir(), "segments.yaml")
	writeSegments(b, segments, 1000)
	for b.Loop() {
		var most [2]float64
		for i, events := range []int{1_000_000, more} {
			// Days grow and not their number, so that objects do too.
			y := &yard{folder: b.TempDir(), days: 25, perDay: events / 25, customers: events / 50}
			y.lay(b, 0, y.days)
			most[i] = memoryOf(b, binary, segments, y)
			if err := os.RemoveAll(y.folder); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(more), "events")
		b.ReportMetric(most[0], "million_MB")
		b.ReportMetric(most[1], "more_MB")
		b.ReportMetric(most[1]/most[0], "of_million")
		if most[1] > 1.3*most[0] || most[1] > 1024 {
			missed(b, fmt.Sprintf("%d events take %.0f MB, and a million %.0f MB: at most 1.3 times as much, and 1 GB, is the aim", more, most[1], most[0]))
		}
	}
}

// memoryOf backfills by a process of its own and returns the most memory that
// it had, in MB.
func memoryOf(b *testing.B, binary, segments string, y *yard) float64 {
	b.Helper()
	cmd := exec.Command(binary, "backfill", "start", "--dry-run", "-f", segments, "--archive", y.folder, "--match", "{yyyy}-{mm}-{dd}/*",
		"--work", b.TempDir(), "--as-of", yardBegan.AddDate(0, 0, y.days).Format(time.RFC3339), "--workers", "2", "--output", "json")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Skip("this system does not tell the memory of a process")
	}
	return float64(used.Maxrss) / 1024
}

// writeSegments writes the standard segments as a file.
func writeSegments(b *testing.B, path string, n int) {
	b.Helper()
	set, texts := standardSet(b, n), map[string]string{}
	for i := range n {
		texts[set.Segment(i).ID] = set.Segment(i).Rule
	}
	if err := os.WriteFile(path, []byte(ruleset.File(texts)), 0o600); err != nil {
		b.Fatal(err)
	}
}
