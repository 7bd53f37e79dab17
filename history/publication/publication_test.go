package publication

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/directive"
	"muster/history"
	"muster/history/archive"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

const shards = 3

// ordered are the rules of these tests.
var ordered = []rules.Segment{
	rules.NewSegment("many", `count(events("Ordered", "90d")) >= 2`),
	rules.NewSegment("patient", `held(count(events("Ordered")) > 0, "2d")`),
	rules.NewSegment("pro", `traits.plan == "pro"`),
}

func compile(t *testing.T, segments ...rules.Segment) *rules.Set {
	t.Helper()
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// archived writes an archive of so many profiles, each of which has ordered
// twice before the tests take place, and once long after.
func archived(t *testing.T, profiles int) string {
	t.Helper()
	folder := t.TempDir()
	for day := 1; day <= 3; day++ {
		var lines bytes.Buffer
		for i := range profiles {
			when := at.AddDate(0, 0, -day).Format(time.RFC3339)
			if day == 3 {
				when = at.AddDate(1, 0, 0).Format(time.RFC3339)
			}
			fmt.Fprintf(&lines, `{"type":"track","event":"Ordered","userId":"u%d","messageId":"%d-%d","timestamp":%q}`+"\n", i, day, i, when)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("2026-11-%02d.json", day)), lines.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// source is what history is made of.
func source(t *testing.T, folder, work string) Source {
	t.Helper()
	cfg := archive.Default()
	cfg.Match = "{yyyy}-{mm}-{dd}.json"
	layout, err := archive.NewLayout(cfg)
	if err != nil {
		t.Fatal(err)
	}
	bucket, prefix, err := archive.OpenBucket(t.Context(), folder, cfg)
	if err != nil {
		t.Fatal(err)
	}
	set := compile(t, ordered...)
	chosen, err := Choose(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := Source{Rules: set, Segments: chosen, Config: history.DefaultConfig()}
	s.Request = history.Request{Bucket: bucket, Prefix: prefix, Layout: layout, Limits: pipeline.Default(), OnError: history.Fail}
	s.Config.Dir, s.Config.Workers = work, 2
	return s
}

func quick() Config {
	c := DefaultConfig()
	c.Settle, c.Batch, c.Share = 0, 3, 1
	return c
}

func run(t *testing.T, f *fake, s Source, c Config) (*Report, error) {
	t.Helper()
	p, err := New(f.target(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	return p.Run(context.Background())
}

// logOf describes what a run has put on a shard's log, without what came twice.
func logOf(f *fake, shard int, of string) []string {
	var list []string
	for _, d := range f.logs[shard] {
		if text := fmt.Sprint(d.Kind, " ", d.Profile); d.Run == of && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// TestKilledAtEachStep kills a publication at the n-th thing that it does with
// the service, for every n, and starts it again. Each time the shards get the
// same in the same order, by one run, and no more than a batch twice.
func TestKilledAtEachStep(t *testing.T) {
	folder, whole := archived(t, 60), newFake(shards)
	report, err := run(t, whole, source(t, folder, t.TempDir()), quick())
	if err != nil {
		t.Fatal(err)
	}
	if report.Profiles != 60 || report.DeadLetters != 0 || report.WholeSince != "2026-11-01T00:00:00Z" || !slices.Equal(report.Segments, []string{"many", "patient", "pro"}) {
		t.Errorf("the report is %+v", report)
	}
	if got := len(whole.given(0, report.Run)) + len(whole.given(1, report.Run)) + len(whole.given(2, report.Run)); got != 60 {
		t.Errorf("%d patches were given", got)
	}
	work := t.TempDir() // what is read and made does not depend on where it is killed
	for n := 1; n <= whole.step; n += 1 + n/40 {
		f := newFake(shards)
		killed := false
		f.at = func(step int, _ string) error {
			if step != n || killed {
				return nil
			}
			killed = true
			return errKilled
		}
		s := source(t, folder, work)
		if err := os.RemoveAll(filepath.Join(work, "requests")); err != nil {
			t.Fatal(err)
		}
		if _, err := run(t, f, s, quick()); !errors.Is(err, errKilled) {
			t.Fatalf("killed at step %d: %v", n, err)
		}
		again, err := run(t, f, s, quick())
		if err != nil {
			t.Fatalf("killed at step %d and started again: %v", n, err)
		}
		twice := 0
		for shard := range shards {
			if got, want := logOf(f, shard, again.Run), logOf(whole, shard, report.Run); !slices.Equal(got, want) {
				t.Errorf("killed at step %d, shard %d got\n%v, want\n%v", n, shard, got, want)
			}
			for _, d := range f.logs[shard] {
				if d.Run != again.Run {
					t.Errorf("killed at step %d: run %s began, and %s", n, d.Run, again.Run)
				}
			}
			twice += len(f.logs[shard]) - len(logOf(f, shard, again.Run))
		}
		if twice > shards*quick().Batch || f.dead != 0 || again.DeadLetters != 0 {
			t.Errorf("killed at step %d: %d directives came twice, and %d were refused", n, twice, f.dead)
		}
	}
}

// TestWritesLost has the store of a shard lose what it wrote, at the n-th thing
// that a publication does with the service, for every n. The shard reads its
// log again and has its seam again, which the publication waits for.
func TestWritesLost(t *testing.T) {
	folder, work, steps := archived(t, 30), t.TempDir(), 1
	for n := 0; n <= steps; n += 1 + n/20 {
		f := newFake(shards)
		f.turn = 1
		f.at = func(step int, _ string) error {
			if step == n {
				f.loseWrites(n % shards)
			}
			return nil
		}
		s := source(t, folder, work)
		if err := os.RemoveAll(filepath.Join(work, "requests")); err != nil {
			t.Fatal(err)
		}
		report, err := run(t, f, s, quick())
		if err != nil {
			t.Fatalf("writes lost at step %d: %v", n, err)
		}
		if report.Profiles != 30 || f.dead != 0 {
			t.Errorf("writes lost at step %d: %d profiles, %d directives were refused", n, report.Profiles, f.dead)
		}
		if n == 0 {
			steps = f.step
		}
	}
}

// TestOneBatchAtATime: the next batch comes when all shards have applied the
// last one, and in the order of the files.
func TestOneBatchAtATime(t *testing.T) {
	f := newFake(shards)
	f.turn = 1
	report, err := run(t, f, source(t, archived(t, 50), t.TempDir()), quick())
	if err != nil {
		t.Fatal(err)
	}
	if f.most != 0 {
		t.Errorf("a batch was given while %d records of the last were to be applied", f.most)
	}
	if report.Bytes == 0 || report.Seconds.Send < 0 {
		t.Errorf("the report is %+v", report)
	}
}

// TestShare: patches are on their way for a part of the time only, and the
// progress tells for how long they were.
func TestShare(t *testing.T) {
	var seconds []float64
	for _, share := range []float64{1, 0.25} {
		f, c := newFake(shards), quick()
		c.Share, f.turn = share, 1
		p, err := New(f.target(), source(t, archived(t, 200), t.TempDir()), c)
		if err != nil {
			t.Fatal(err)
		}
		report, err := p.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		took := float64(report.Seconds.Send)
		if part := p.Progress().OnTheWay.Seconds() / took; part < 0.9*share || part > 1.1*share {
			t.Errorf("with a share of %v patches were on their way for %v of the time", share, part)
		}
		seconds = append(seconds, took)
	}
	if ratio := seconds[1] / seconds[0]; ratio < 3.5 || ratio > 4.1 {
		t.Errorf("with a share of a quarter patches take %v, else %v", seconds[1], seconds[0])
	}
}

// TestAShardThatIsBehind is not given patches until it has caught up, whatever
// it is that it is behind with.
func TestAShardThatIsBehind(t *testing.T) {
	f := newFake(shards)
	c := quick()
	c.MaxLag = 10
	busy := 0
	f.at = func(_ int, what string) error { // 40 events come after each batch, and 30 times some more
		if what != "given" && (busy >= 30 || what != "offsets") {
			return nil
		}
		n := 40
		if what == "offsets" {
			busy++
			n = 4
		}
		for range n {
			f.logs[0] = append(f.logs[0], directive.Directive{})
		}
		return nil
	}
	if _, err := run(t, f, source(t, archived(t, 30), t.TempDir()), c); err != nil {
		t.Fatal(err)
	}
	if f.most > c.MaxLag {
		t.Errorf("patches were given to a shard with %d records before it", f.most)
	}
}

// TestSettle waits behind the seams, and not again when it is started again.
func TestSettle(t *testing.T) {
	f, c := newFake(shards), quick()
	c.Settle = time.Hour
	s := source(t, archived(t, 5), t.TempDir())
	var waited time.Duration
	f.at = func(_ int, what string) error {
		if strings.HasPrefix(what, "wait ") {
			d, err := time.ParseDuration(what[5:])
			if err != nil {
				return err
			}
			if waited += d; d > mostPause {
				return errKilled
			}
		}
		return nil
	}
	if _, err := run(t, f, s, c); !errors.Is(err, errKilled) || waited < time.Hour {
		t.Fatalf("it waited %s, %v", waited, err)
	}
	if _, err := run(t, f, s, c); err != nil {
		t.Fatal(err)
	}
	if left := f.now.Sub(at); left > 61*time.Minute {
		t.Errorf("it took %s", left)
	}
}

// TestAgain: what has ended is not done again unless it is asked for.
func TestAgain(t *testing.T) {
	f, c := newFake(shards), quick()
	s := source(t, archived(t, 5), t.TempDir())
	first, err := run(t, f, s, c)
	if err != nil {
		t.Fatal(err)
	}
	n := len(f.logs[0])
	if second, err := run(t, f, s, c); err != nil || !second.Before || second.Run != first.Run || len(f.logs[0]) != n {
		t.Errorf("the same request once more: %+v, %v", second, err)
	}
	c.Again = true
	if third, err := run(t, f, s, c); err != nil || third.Before || third.Run == first.Run || third.History.Listed != true {
		t.Errorf("the same request again: %+v, %v", third, err)
	}
}

// TestWhatCantGoOn: each reason for which a run is lost is told, and another
// run is begun only when that is asked for.
func TestWhatCantGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(f *fake, run string)
		want string
	}{
		"a reshard": {func(f *fake, _ string) {
			*f = *newFake(shards + 1)
		}, "has opened seams in 3 shards, and now there are 4"},
		"a lost store": {func(f *fake, _ string) { f.seams[1] = map[string]pipeline.Seam{} }, "is gone from shard 1"},
		"30 days":      {func(f *fake, _ string) { f.now = f.now.Add(profile.SeamLife*time.Millisecond + time.Hour) }, "is gone from shard 0"},
		"an edit": {func(f *fake, run string) {
			seam := f.seams[2][run]
			seam.Series = nil
			f.seams[2][run] = seam
		}, "shard 2 takes 0 of 3"},
		"another seam": {func(f *fake, run string) {
			seam := f.seams[0][run]
			seam.At++
			f.seams[0][run] = seam
		}, "is gone from shard 0"},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := newFake(shards), source(t, archived(t, 30), t.TempDir())
			given := 0
			f.at = func(_ int, what string) error {
				if what == "given" {
					if given++; given == 3 {
						return errKilled
					}
				}
				return nil
			}
			if _, err := run(t, f, s, quick()); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			f.at = nil
			c.do(f, f.logs[0][0].Run)
			for range 2 {
				if _, err := run(t, f, s, quick()); !errors.Is(err, ErrAnew) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("it went on with %v", err)
				}
			}
			again := quick()
			again.Again = true
			if report, err := run(t, f, s, again); err != nil || report.Profiles != 30 {
				t.Errorf("begun anew: %+v, %v", report, err)
			}
		})
	}
}

// TestNobodyAtHome: a shard without an owner, one that refuses and one with
// other rules are named.
func TestNobodyAtHome(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(f *fake)
		want string
	}{
		"no owner": {func(f *fake) { f.turn = 0 }, "shard 0 stands still at offset 0 for 5m0s: is there an evaluator that owns it?"},
		"refused": {func(f *fake) {
			f.at = func(int, string) error {
				delete(f.seams[1], f.runOf())
				return nil
			}
			f.seams[1]["other"] = pipeline.Seam{Run: "other"}
		}, "shard 1 has refused what run"},
		"other rules": {func(f *fake) { f.rules[2] = "another" }, "shard 2 goes by rules with the fingerprint another"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(shards)
			c.do(f)
			if _, err := run(t, f, source(t, archived(t, 3), t.TempDir()), quick()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// runOf is the run of the first directive, "" before it.
func (f *fake) runOf() string {
	if len(f.logs[0]) == 0 {
		return ""
	}
	return f.logs[0][0].Run
}

// TestNothingToRead: no seam is opened for an archive without an object.
func TestNothingToRead(t *testing.T) {
	f := newFake(shards)
	if _, err := run(t, f, source(t, t.TempDir(), t.TempDir()), quick()); !errors.Is(err, history.ErrNothing) || len(f.logs[0]) > 0 {
		t.Errorf("%v, and %d directives", err, len(f.logs[0]))
	}
}

func TestChoose(t *testing.T) {
	set := compile(t, ordered...)
	for _, test := range []struct{ named, want []string }{
		{nil, []string{"many", "patient", "pro"}}, {[]string{"pro", "patient"}, []string{"patient", "pro"}},
	} {
		if chosen, err := Choose(set, test.named); err != nil || !slices.Equal(chosen, test.want) {
			t.Errorf("of %v are chosen %v, %v", test.named, chosen, err)
		}
	}
	if _, err := Choose(set, []string{"pro", "mani"}); err == nil || !strings.Contains(err.Error(), `there is no segment "mani"; did you mean many?`) {
		t.Errorf("choosing one that is not there: %v", err)
	}
	if _, err := Choose(compile(t), nil); err == nil || !strings.Contains(err.Error(), "no segment to bring history for") {
		t.Errorf("choosing of none: %v", err)
	}
}

func TestConfigIsBounded(t *testing.T) {
	good := DefaultConfig()
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	bad := Config{Settle: -1, Whole: -1, Batch: 0, BatchBytes: 1, Share: 2, MaxLag: -1, Patience: time.Millisecond}
	err := bad.Validate()
	for _, field := range []string{"settle", "whole since", "batch is", "bytes of a batch", "share", "max lag", "patience"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
}
