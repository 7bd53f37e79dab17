package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"muster/history/archive"
)

// meter is a Bucket that counts the bytes that are read of it, and fails as
// soon as there are more than some.
type meter struct {
	archive.Bucket
	read, most *atomic.Int64
}

func (m meter) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	in, err := m.Bucket.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &metered{in, m}, nil
}

// metered reads little at a time, so that it ends in the middle of objects.
type metered struct {
	io.ReadCloser
	meter meter
}

func (r *metered) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p[:min(len(p), 512)])
	if r.meter.read.Add(int64(n)) > r.meter.most.Load() {
		return 0, errKilled
	}
	return n, err
}

// evenShop has objects and profiles of about the same size.
func evenShop(t testing.TB) *shop {
	t.Helper()
	s := few(t)
	r := rand.New(rand.NewPCG(20, 26))
	for i := range 60 {
		var lines []string
		for range 150 {
			user, hour := fmt.Sprint("-", r.IntN(1500)), r.IntN(47)
			lines = append(lines, strings.Replace(order(user, hour), `"m`, fmt.Sprintf(`"%x`, r.Uint64()), 1))
		}
		putObject(t, s.folder, fmt.Sprintf("2026-11-01/even-%02d.json.gz", i), lines)
	}
	return s
}

// moment is when a backfill is killed: behind so many bytes of objects, or so
// many rows.
type moment struct{ bytes, rows int64 }

const never = int64(1) << 60

// done is what a call did, in units that don't depend on the machine.
type done struct{ bytes, rows int64 }

// runUntil runs the request of a shop up to a moment. That of rows is seen
// only by looking, so it may be later, or too late.
func runUntil(t testing.TB, s *shop, dir string, m moment) (d done, report *Report, err error) {
	t.Helper()
	var read, most atomic.Int64
	most.Store(m.bytes)
	r := s.request(t, s.end)
	r.Bucket = meter{r.Bucket, &read, &most}
	b, err := New(r, config(dir, 2))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for b.Progress().Rows <= m.rows && ctx.Err() == nil {
			runtime.Gosched()
		}
		cancel(errKilled)
	})
	report, err = b.Run(ctx)
	cancel(nil)
	looking.Wait()
	return done{read.Load(), b.Progress().Rows}, report, err
}

// allOf is the work of a request that nothing interrupts.
func allOf(t testing.TB, s *shop) (done, *Report) {
	t.Helper()
	whole, report, err := runUntil(t, s, t.TempDir(), moment{never, never})
	if err != nil || whole.bytes < report.Archive.Chosen.Bytes || whole.rows != report.Rows {
		t.Fatalf("%+v, %+v, %v", whole, report, err)
	}
	return whole, report
}

// killedAndResumed kills the request of a shop at a moment and calls it again. It
// returns what was done twice, and whether rows were left at the kill; what comes out
// must be the same.
func killedAndResumed(t testing.TB, s *shop, whole done, report *Report, at moment) (twice done, left bool) {
	t.Helper()
	dir := t.TempDir()
	first, _, err := runUntil(t, s, dir, at)
	if err == nil && at.bytes < never || err != nil && !errors.Is(err, errKilled) && !errors.Is(err, context.Canceled) {
		t.Fatalf("killed at %+v, it returned %v", at, err)
	}
	second, again, err := runUntil(t, s, dir, moment{never, never})
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, report.Folder, again.Folder)
	return done{first.bytes + second.bytes - whole.bytes, first.rows + second.rows - whole.rows}, at.rows < never && first.rows < whole.rows
}

// A backfill that is killed at a random moment, in the middle of an object or
// of a slice, and called again repeats at most 5 % of its work, the bytes of
// objects that it reads and the rows that it replays, and comes to the same.
func TestLittleWorkIsRepeated(t *testing.T) {
	s := evenShop(t)
	whole, report := allOf(t, s)
	r, reread, unfinished := rand.New(rand.NewPCG(5, 100)), int64(0), 0
	for i := range 8 {
		at := moment{never, never}
		if i%2 == 0 {
			at.bytes = r.Int64N(whole.bytes)
		} else {
			at.rows = r.Int64N(whole.rows)
		}
		twice, left := killedAndResumed(t, s, whole, report, at)
		t.Logf("killed at %+v: %d of %d bytes and %d of %d rows are repeated", at, twice.bytes, whole.bytes, twice.rows, whole.rows)
		if twice.bytes*20 > whole.bytes || twice.rows*20 > whole.rows || twice.bytes < 0 || twice.rows < 0 {
			t.Errorf("killed at %+v: %d of %d bytes and %d of %d rows are repeated", at, twice.bytes, whole.bytes, twice.rows, whole.rows)
		}
		reread += twice.bytes
		if left {
			unfinished++
		}
	}
	if reread == 0 || unfinished == 0 {
		t.Errorf("%d bytes were read again, and %d calls were killed while they replayed", reread, unfinished)
	}
}

// BenchmarkKilled kills a backfill of 60 objects at 20 moments by chance, other ones
// each time, and goes on with it. Aims: of_bytes and of_rows, the most that was read
// or replayed twice, at most 5 %, and the same bytes come out.
func BenchmarkKilled(b *testing.B) {
	const moments = 20
	s := evenShop(b)
	whole, report := allOf(b, s)
	for b.Loop() {
		bytes, rows := 0.0, 0.0
		for i := range moments {
			at := moment{never, never}
			if i%2 == 0 {
				at.bytes = rand.Int64N(whole.bytes)
			} else {
				at.rows = rand.Int64N(whole.rows)
			}
			twice, _ := killedAndResumed(b, s, whole, report, at)
			bytes = max(bytes, float64(twice.bytes)/float64(whole.bytes))
			rows = max(rows, float64(twice.rows)/float64(whole.rows))
		}
		b.ReportMetric(moments, "kills")
		b.ReportMetric(bytes, "of_bytes")
		b.ReportMetric(rows, "of_rows")
		atMost(b, "of_bytes", bytes, 0.05)
		atMost(b, "of_rows", rows, 0.05)
	}
}

// Objects that were delivered a second time under other keys change neither
// members nor what is applied.
func TestObjectsThatAreDeliveredTwice(t *testing.T) {
	s := randomShop(t, 21, 400, 12).honest(t)
	once := backfill(t, s.request(t, s.end), config(t.TempDir(), 2))
	err := filepath.WalkDir(s.folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return copyFile(path, strings.TrimSuffix(path, ".json.gz")+"-again.json.gz")
	})
	if err != nil {
		t.Fatal(err)
	}
	twice := backfill(t, s.request(t, s.end), config(t.TempDir(), 2))
	compareMembers(t, "delivered twice", membersOf(t, twice), s.foretold(t, s.end))
	compareMembers(t, "delivered once", membersOf(t, once), membersOf(t, twice))
	if twice.Applied != once.Applied || twice.Repeats != 2*once.Repeats+once.Applied || twice.Summary.Objects != 2*once.Summary.Objects {
		t.Errorf("delivered once: %+v; twice: %+v", once, twice)
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}
