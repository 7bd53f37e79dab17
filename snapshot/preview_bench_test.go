package snapshot_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"muster/rules"
	"muster/snapshot"
	"muster/test/kit/crowd"
	"muster/test/kit/duckdb"
	"muster/test/kit/ruleset"
)

const (
	simpleRule = `traits.age > 30 and traits.plan == "pro"`
	simpleSQL  = `SELECT count(*) FROM read_parquet(%s) WHERE age > 30 AND plan = 'pro'`
	// oneShot is how many rules are asked together, of which so many are asked one
	// after the other to tell what all would take.
	oneShot, alone = 1000, 20
	// The aims: of the first estimate, of profiles in a second for one simple rule
	// on one processor, and of asking together.
	firstAim      = 50 * time.Millisecond
	throughputAim = 5e6
	togetherAim   = 20
	repeats       = 5
)

// BenchmarkPreview asks one simple rule, and 1,000 at once, of 1,000,000 profiles
// (MUSTER_INSIGHTS_PROFILES) that are held, on one processor.
//
// All but the first estimate is told by the processor's time, so that other work
// on the machine changes little.
//
//	first_ms           from the text of the rule to the first estimate, where no
//	                   question has read its traits before
//	cold_profiles/s    of that question, to its end, in a second of the processor
//	profiles/s         of the same question again, the best of five
//	together_x         how many times as long 1,000 rules take one after the
//	                   other, which is told from 20 of them
//	duckdb_profiles/s  of the same question in DuckDB over the same values as
//	                   Parquet, with one thread and without the start of its process
//	duckdb_x           how many times as long it takes
//
// Each but the last two has an aim, or stands beside one that has.
func BenchmarkPreview(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	of := people(b)
	s, err := snapshot.Fill(b.Context(), of, snapshot.Default(), func(int64) {})
	if err != nil {
		b.Fatal(err)
	}
	if s.Held() != s.All() {
		b.Fatalf("%d of %d profiles are held: all must fit the default of snapshot.memory", s.Held(), s.All())
	}
	perSecond := func(d time.Duration) float64 { return float64(s.Held()) / d.Seconds() }
	for b.Loop() {
		first, cold, found := firstEstimate(b, s)
		warm := fastest(b, s, onlyRule(b, simpleRule))
		ratio := asManyAlone(b, s)
		b.ReportMetric(float64(first.Microseconds())/1000, "first_ms")
		b.ReportMetric(perSecond(cold), "cold_profiles/s")
		b.ReportMetric(perSecond(warm), "profiles/s")
		b.ReportMetric(ratio, "together_x")
		compareDuckDB(b, of, found, warm)
		if first > firstAim || perSecond(warm) < throughputAim || ratio < togetherAim {
			b.Errorf("the first estimate takes %v, %.0f profiles are asked in a second, and asking together saves %.1f; the aims are %v, %.0f and %d",
				first, perSecond(warm), ratio, firstAim, throughputAim, togetherAim)
		}
	}
}

// people is a crowd whose traits are as those of customers.
func people(b *testing.B) *crowd.Crowd {
	b.Helper()
	n, err := 1_000_000, error(nil)
	if text := os.Getenv("MUSTER_INSIGHTS_PROFILES"); text != "" {
		if n, err = strconv.Atoi(text); err != nil || n < 1000 {
			b.Fatalf("MUSTER_INSIGHTS_PROFILES is %q; it must be a number from 1000 on", text)
		}
	}
	return &crowd.Crowd{Profiles: n, Traits: traitsOf}
}

func traitsOf(i int) map[string]any {
	r := rand.New(rand.NewPCG(19, uint64(i)))
	return map[string]any{
		"age": float64(18 + r.IntN(70)), "country": fmt.Sprint("C", r.IntN(200)),
		"plan": []string{"free", "pro", "team"}[r.IntN(3)], "email": fmt.Sprintf("customer-%d@example.com", i),
	}
}

func onlyRule(b *testing.B, rule string) *snapshot.Question {
	b.Helper()
	q, err := snapshot.OfRule(rule, nil)
	if err != nil {
		b.Fatal(err)
	}
	return q
}

// firstEstimate asks the simple rule for the first time.
func firstEstimate(b *testing.B, s *snapshot.Snapshot) (first, all time.Duration, found int64) {
	b.Helper()
	begun, had := time.Now(), processorTime(b, syscall.RUSAGE_SELF)
	end, err := s.Ask(b.Context(), onlyRule(b, simpleRule), 100*time.Millisecond, func(*snapshot.Answer) error {
		if first == 0 {
			first = time.Since(begun)
		}
		return nil
	})
	if err != nil || first == 0 {
		b.Fatalf("the first estimate came after %v, and then %v", first, err)
	}
	return first, processorTime(b, syscall.RUSAGE_SELF) - had, end.Segments[0].Found
}

// processorTime is what this process, or its children, have had of processors.
func processorTime(b *testing.B, whose int) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(whose, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// fastest asks a question some times, and tells the least time.
func fastest(b *testing.B, s *snapshot.Snapshot, q *snapshot.Question) time.Duration {
	b.Helper()
	least := time.Hour
	for range repeats {
		had := processorTime(b, syscall.RUSAGE_SELF)
		if _, err := s.Ask(b.Context(), q, 100*time.Millisecond, func(*snapshot.Answer) error { return nil }); err != nil {
			b.Fatal(err)
		}
		least = min(least, processorTime(b, syscall.RUSAGE_SELF)-had)
	}
	return least
}

// asManyAlone tells how many times as long many rules take one after the other as
// in one shot. All of them read what was read before.
func asManyAlone(b *testing.B, s *snapshot.Snapshot) float64 {
	b.Helper()
	texts := map[string]string{}
	ruleAt := func(i int) string {
		return fmt.Sprintf(`traits.age > %d and traits.plan == "%s" or traits.age == %d`, 18+i%70, []string{"free", "pro", "team"}[i/70%3], i%61)
	}
	for i := range oneShot {
		texts[fmt.Sprint("s", i)] = ruleAt(i)
	}
	together, one := fastest(b, s, snapshot.OfDraft(ruleset.Compile(b, texts), false)), time.Duration(0)
	for i := range alone {
		one += fastest(b, s, onlyRule(b, ruleAt(i*oneShot/alone)))
	}
	return one.Seconds() / alone * oneShot / together.Seconds()
}

// compareDuckDB asks DuckDB the same, which must find the same.
func compareDuckDB(b *testing.B, of *crowd.Crowd, found int64, took time.Duration) {
	b.Helper()
	command, err := duckdb.Install(b.Context())
	if err != nil {
		if _, err := fmt.Fprintf(os.Stdout, `{"bench":"insights/PreviewDuckDB","skipped":%q}`+"\n", err.Error()); err != nil {
			b.Fatal(err)
		}
		return
	}
	folder := b.TempDir()
	database, lines, file := filepath.Join(folder, "db"), filepath.Join(folder, "lines.json"), duckdb.Quote(filepath.Join(folder, "profiles.parquet"))
	writeLines(b, of, lines)
	run := func(sql string) ([][]string, time.Duration) {
		had := processorTime(b, syscall.RUSAGE_CHILDREN)
		rows, err := command.Run(b.Context(), database, 1, sql)
		if err != nil {
			b.Fatal(err)
		}
		return rows, processorTime(b, syscall.RUSAGE_CHILDREN) - had
	}
	run("COPY (SELECT * FROM read_json(" + duckdb.Quote(lines) + ", format = 'newline_delimited')) TO " + file + " (FORMAT parquet)")
	ask, least, start := fmt.Sprintf(simpleSQL, file), time.Hour, time.Hour
	for range repeats {
		_, empty := run("SELECT 1")
		rows, whole := run(ask)
		if rows[0][0] != fmt.Sprint(found) {
			b.Fatalf("DuckDB finds %s members, the snapshot %d", rows[0][0], found)
		}
		start, least = min(start, empty), min(least, whole)
	}
	least = max(least-start, time.Microsecond)
	b.ReportMetric(float64(of.Profiles)/least.Seconds(), "duckdb_profiles/s")
	b.ReportMetric(least.Seconds()/took.Seconds(), "duckdb_x")
}

func writeLines(b *testing.B, of *crowd.Crowd, path string) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	into := bufio.NewWriter(file)
	encoder := json.NewEncoder(into)
	for i := range of.Profiles {
		if err := encoder.Encode(of.Traits(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := into.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBand asks 1,000 rules of 20,000 profiles, each of a random sample of
// its own and with a share between 0.1 % and 99.9 %, and tells of how many in 100
// the band had the truth: least_% and most_% of all the prefixes.
func BenchmarkBand(b *testing.B) {
	c := &crowd.Crowd{Profiles: 20_000}
	s, err := snapshot.Fill(b.Context(), c, snapshot.Default(), func(int64) {})
	if err != nil {
		b.Fatal(err)
	}
	r, segments := rand.New(rand.NewPCG(19, 4)), []rules.Segment(nil)
	for i := range oneShot {
		odds := math.Exp((2*r.Float64() - 1) * math.Log(999))
		segments = append(segments, rules.NewSegment(fmt.Sprint("s", i), fmt.Sprintf(`bucket("salt-%d") < %.2f`, i, 100*odds/(1+odds))))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		b.Fatal(err)
	}
	prefixes := map[int64]bool{256: true, 512: true, 1024: true, 2048: true, 5120: true, 10_240: true, 15_360: true, 18_944: true}
	for b.Loop() {
		var told []*snapshot.Answer
		end, err := s.Ask(b.Context(), snapshot.OfDraft(set, false), 0, func(a *snapshot.Answer) error {
			if prefixes[a.Seen] {
				told = append(told, a)
			}
			return nil
		})
		if err != nil || len(told) != len(prefixes) {
			b.Fatalf("%d answers at prefixes, want %d: %v", len(told), len(prefixes), err)
		}
		least, most := covered(told, end)
		b.ReportMetric(least, "least_%")
		b.ReportMetric(most, "most_%")
		if least < 94 || most > 99 {
			b.Errorf("the band has the truth in %.1f to %.1f of 100 cases; the aim is 94 to 99 at every prefix", least, most)
		}
	}
}

// covered tells for how many in 100 segments a band has what the end has found:
// the least and the most of some answers.
func covered(told []*snapshot.Answer, end *snapshot.Answer) (least, most float64) {
	least = 100
	for _, a := range told {
		inside := 0
		for i, one := range a.Segments {
			if truth := end.Segments[i].Found; one.Low <= truth && truth <= one.High {
				inside++
			}
		}
		share := 100 * float64(inside) / float64(len(a.Segments))
		least, most = min(least, share), max(most, share)
	}
	return least, most
}
