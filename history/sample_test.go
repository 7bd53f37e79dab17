package history

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/history/archive"
)

// A sample is some objects, in their order, spread over the bytes: always the
// same ones of the same listing, and a large object has the better chance.
func TestPick(t *testing.T) {
	var items []item
	for i := range 100 {
		size := int64(1000)
		if i >= 90 {
			size = 91_000
		}
		items = append(items, item{Object: archive.Object{Key: fmt.Sprint(i), Size: size}})
	}
	for n := 1; n <= 200; n++ {
		picked, large := pick(items, n), 0
		var at []int
		for i := range picked {
			at = append(at, slices.IndexFunc(items, func(o item) bool { return o.Key == picked[i].Key }))
			if at[i] >= 90 {
				large++
			}
		}
		if len(picked) == 0 || len(picked) > n || !slices.IsSorted(at) || len(slices.Compact(at)) != len(picked) {
			t.Fatalf("of %d objects %v are picked", n, at)
		}
		if n <= 10 && large < n-1 {
			t.Errorf("of %d objects %v are picked, which are small", n, at)
		}
	}
	if all := pick(items, 100); len(all) != 100 {
		t.Errorf("of 100 objects %d are picked", len(all))
	}
	if none := pick(nil, 5); len(none) != 0 {
		t.Errorf("%v is picked of nothing", none)
	}
}

// sampled takes a sample, and demands that it leaves nothing but sorted runs.
func sampled(t *testing.T, r *Request, dir string, n int) *Outline {
	t.Helper()
	b, err := New(r, config(dir, 2))
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.Outline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Sample(t.Context(), o, n); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != "runs" && e.Name() != "projections" {
			t.Errorf("a sample leaves %s", e.Name())
		}
	}
	if err != nil || len(entries) != 2 {
		t.Errorf("a sample leaves %v, %v", entries, err)
	}
	return o
}

// treeBytes are the bytes of the files of a kind below a folder.
func treeBytes(t *testing.T, folder, pattern string) (n int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

// A sample of all objects tells what is so, and the backfill behind it reads
// nothing again.
func TestASampleOfAll(t *testing.T) {
	s, dir := evenShop(t), t.TempDir()
	r := s.request(t, s.end)
	o := sampled(t, r, dir, MaxSample)
	report := backfill(t, r, config(dir, 2))
	sameFiles(t, backfill(t, r, config(t.TempDir(), 1)).Folder, report.Folder)
	e, summary := o.Sample.Estimate, report.Summary
	if report.Read.Bytes != 0 || o.Sample.Bytes != o.Archive.Chosen.Bytes || o.Sample.Objects != summary.Objects {
		t.Errorf("%+v, and then %+v was read", o.Sample, report.Read)
	}
	if e.Events != summary.Events || e.FewProfiles != summary.Profiles || e.ManyProfiles != summary.Profiles || o.Sample.Profiles != summary.Profiles {
		t.Errorf("%+v, of %+v", o.Sample, summary)
	}
	if want := treeBytes(t, dir, "runs/*/*.parquet"); e.RunBytes != want {
		t.Errorf("%d bytes of runs, want %d", e.RunBytes, want)
	}
	if want := treeBytes(t, dir, "slices/*/*.parquet"); e.SliceBytes != want {
		t.Errorf("%d bytes of slices, want %d", e.SliceBytes, want)
	}
	if e.IndexSeconds != 0 || e.EvaluateSeconds <= 0 {
		t.Errorf("%+v", e)
	}
}

func near(got, want int64, within float64) bool {
	return math.Abs(float64(got)/float64(want)-1) <= within
}

// A few objects tell about what all are: events, profiles, sorted runs, and who has a
// fifth of the events.
func TestASampleOfFew(t *testing.T) {
	s := few(t)
	r := rand.New(rand.NewPCG(9, 9))
	for i := range 60 {
		var lines []string
		for range 150 {
			user, hour := fmt.Sprint("-", r.IntN(1500)), r.IntN(47)
			if r.IntN(5) == 0 {
				user = "-heavy"
			}
			lines = append(lines, strings.Replace(order(user, hour), `"m`, fmt.Sprintf(`"%x`, r.Uint64()), 1))
		}
		putObject(t, s.folder, fmt.Sprintf("2026-11-01/even-%02d.json.gz", i), lines)
	}
	dir := t.TempDir()
	o := sampled(t, s.request(t, s.end), dir, 8)
	report := backfill(t, s.request(t, s.end), config(dir, 2))
	e, summary := o.Sample.Estimate, report.Summary
	if o.Sample.Objects != 8 || report.Saved.Objects != 8 || o.Sample.Bytes != report.Saved.Bytes || o.Sample.Events != report.Saved.Events {
		t.Errorf("%+v, of which %+v was saved", o.Sample, report.Saved)
	}
	if !near(e.Events, summary.Events, 0.1) || !near(e.FewProfiles, summary.Profiles, 0.15) || e.ManyProfiles < summary.Profiles || e.ManyProfiles > 4*summary.Profiles {
		t.Errorf("%+v, of %d events and %d profiles", e, summary.Events, summary.Profiles)
	}
	if want := treeBytes(t, dir, "runs/*/*.parquet"); !near(e.RunBytes, want, 0.1) {
		t.Errorf("%d bytes of runs, want about %d", e.RunBytes, want)
	}
	if want := treeBytes(t, dir, "slices/*/*.parquet"); e.SliceBytes < want {
		t.Errorf("at most %d bytes of slices, and there are %d", e.SliceBytes, want)
	}
	if e.Heaviest != "u-heavy" || math.Abs(e.HeaviestShare-0.2) > 0.05 {
		t.Errorf("%s has %.3f of the events", e.Heaviest, e.HeaviestShare)
	}
	if e.IndexSeconds <= 0 || e.EvaluateSeconds <= 0 {
		t.Errorf("%+v", e)
	}
}

// Profiles lie between the estimates where all are equally active, where each
// half of the sample has its own, and of a single object.
func TestEstimatesOfProfiles(t *testing.T) {
	if few := recaptured(500, 500, 500, 10); few != 500 {
		t.Errorf("all are known, and %f are told", few)
	}
	if few := recaptured(500, 500, 1000, 10); few < 5000 || few > 10_000 {
		t.Errorf("nobody comes twice in 1000, and %f are told", few)
	}
	if all := heaps(500, census{profiles: 500, rows: 9}, census{profiles: 500, rows: 7}); all != 0 {
		t.Errorf("nobody is new, and the exponent is %f", all)
	}
	if none := heaps(1000, census{profiles: 500, rows: 800}, census{profiles: 500, rows: 800}); math.Abs(none-1) > 1e-9 {
		t.Errorf("everybody is new, and the exponent is %f", none)
	}
	one := &sampling{results: make([]indexed, 1)}
	if few, many, err := one.profiles(7, 10); few != 7 || many != 70 || err != nil {
		t.Errorf("of one object %f to %f, %v", few, many, err)
	}
}

// A sample has bounds, and names what it can't read.
func TestSamplesThatCantBeTaken(t *testing.T) {
	s := few(t)
	putBytes(t, s.folder, "2026-11-02/z.json.gz", []byte("this is no gzip"))
	b, err := New(s.request(t, s.end), config(t.TempDir(), 2))
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.Outline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, -1, MaxSample + 1} {
		if err := b.Sample(t.Context(), o, n); err == nil || !strings.Contains(err.Error(), "1 to 100") {
			t.Errorf("%d: %v", n, err)
		}
	}
	if err := b.Sample(t.Context(), o, 8); err == nil || !strings.Contains(err.Error(), "2026-11-02/z.json.gz") || o.Sample != nil {
		t.Errorf("%v", err)
	}
}
