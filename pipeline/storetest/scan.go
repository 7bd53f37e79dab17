package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"muster/pipeline"
)

// scanner returns a worker's store as a Scanner. Without one there is nothing
// to test.
func scanner(t *testing.T, w *worker) pipeline.Scanner {
	t.Helper()
	s, is := w.store.(pipeline.Scanner)
	if !is {
		t.Skip("the store is no Scanner")
	}
	return s
}

// fill stores some profiles by one commit.
func fill(t *testing.T, w *worker, form string, profiles int) (ids []string) {
	t.Helper()
	c := w.next(1)
	for i := range profiles {
		ids = append(ids, fmt.Sprintf(form, i))
		c.Profiles = append(c.Profiles, write(ids[i], "blob"))
	}
	w.commit(t, c)
	slices.Sort(ids)
	return ids
}

// page is what one Scan has returned.
type page struct {
	first, next int
	profiles    []string
}

// sweep scans a whole shard, and does something after each page.
func sweep(t *testing.T, w *worker, limit int, between func(page)) (pages []page) {
	t.Helper()
	s := scanner(t, w)
	_, buckets, err := s.Count(context.Background(), shard)
	if err != nil || buckets < 1 {
		t.Fatalf("%d buckets, %v", buckets, err)
	}
	for bucket := 0; bucket < buckets; {
		profiles, next, err := s.Scan(context.Background(), shard, bucket, limit)
		if err != nil {
			t.Fatalf("scanning from bucket %d: %v", bucket, err)
		}
		if next <= bucket || next > buckets {
			t.Fatalf("bucket %d follows %d, of %d", next, bucket, buckets)
		}
		pages = append(pages, page{bucket, next, profiles})
		bucket = next
		between(pages[len(pages)-1])
	}
	return pages
}

func all(pages []page) (profiles []string) {
	for _, p := range pages {
		profiles = append(profiles, p.profiles...)
	}
	slices.Sort(profiles)
	return profiles
}

func scansAll(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	other := open(t, w.store, shard+1)
	fill(t, other, "of another shard %d", 5)
	nothing := func(page) {}
	for _, p := range sweep(t, w, 10, nothing) {
		if len(p.profiles) != 0 {
			t.Fatalf("an empty shard has %q", p.profiles)
		}
	}
	want := fill(t, w, "}\r\n{s1} \xff %d", 1500)
	for _, limit := range []int{1, 100, 5000} {
		pages := sweep(t, w, limit, nothing)
		if got := all(pages); !slices.Equal(got, want) {
			t.Fatalf("limit %d: %d profiles, want each of %d once", limit, len(got), len(want))
		}
		if limit == 1 && len(pages) < 2 {
			t.Errorf("a limit of 1 has all %d profiles in one page", len(want))
		}
	}
}

// scansWhole wants that a page has its buckets whole, and no more of them than
// it needs: they are the same whatever the limit.
func scansWhole(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	fill(t, w, "p%d", 800)
	byBucket := map[int][]string{}
	for _, p := range sweep(t, w, 1, func(page) {}) {
		if len(p.profiles) > 0 {
			byBucket[p.next-1] = p.profiles // those before it are empty
		}
	}
	for _, limit := range []int{7, 200} {
		for _, p := range sweep(t, w, limit, func(page) {}) {
			var want []string
			for bucket := p.first; bucket < p.next; bucket++ {
				if len(want) >= limit {
					t.Errorf("limit %d: buckets %d to %d, bucket %d was not needed", limit, p.first, p.next, bucket)
				}
				want = append(want, byBucket[bucket]...)
			}
			slices.Sort(want)
			if slices.Sort(p.profiles); !slices.Equal(p.profiles, want) {
				t.Errorf("limit %d: buckets %d to %d have %q, want %q", limit, p.first, p.next, p.profiles, want)
			}
		}
	}
}

// scansWhileItGrows adds profiles, and rewrites others, between two pages.
func scansWhileItGrows(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	want := fill(t, w, "p%d", 600)
	added := 0
	pages := sweep(t, w, 50, func(p page) {
		if added < 10 {
			fill(t, w, fmt.Sprintf("new%d-%%d", added), 100)
			added++
		}
		c := w.next(1)
		for _, profile := range p.profiles {
			c.Profiles = append(c.Profiles, write(profile, "rewritten"))
		}
		w.commit(t, c)
	})
	if added < 2 {
		t.Fatalf("profiles were added %d times only", added)
	}
	got := all(pages)
	if len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Error("some profiles were seen twice")
	}
	for _, profile := range want {
		if _, found := slices.BinarySearch(got, profile); !found {
			t.Errorf("profile %s was there from the beginning and was not seen", profile)
		}
	}
}

func counts(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	s := scanner(t, w)
	last := 0
	for _, want := range []int64{0, 30, 1030} {
		if n := int(want) - last; n > 0 {
			fill(t, w, fmt.Sprintf("%d-%%d", want), n)
			last = int(want)
		}
		profiles, buckets, err := s.Count(context.Background(), shard)
		if err != nil || profiles != want || buckets < 1 {
			t.Fatalf("%d profiles in %d buckets, %v; want %d", profiles, buckets, err, want)
		}
	}
}

func scanBounds(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	s := scanner(t, w)
	fill(t, w, "p%d", 100)
	_, buckets, err := s.Count(context.Background(), shard)
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []int{buckets, buckets + 1, 1 << 30} {
		if profiles, next, err := s.Scan(context.Background(), shard, bucket, 10); err != nil || len(profiles) != 0 || next != buckets {
			t.Errorf("from bucket %d of %d: %q, %d, %v", bucket, buckets, profiles, next, err)
		}
	}
	if _, next, err := s.Scan(context.Background(), shard, 0, 0); err != nil || next < 1 {
		t.Errorf("without a limit: bucket %d, %v; it must get further", next, err)
	}
	if _, _, err := s.Scan(context.Background(), shard, -1, 10); err == nil {
		t.Error("a bucket of -1 can be scanned")
	}
}

func olderOwnerScan(t *testing.T, b Backend) {
	older := open(t, b.Open(t), shard)
	s := scanner(t, older)
	fill(t, older, "p%d", 10)
	_, buckets, err := s.Count(context.Background(), shard)
	if err != nil {
		t.Fatal(err)
	}
	newer := open(t, b.Open(t), shard)
	for _, bucket := range []int{0, buckets} {
		if _, _, err := s.Scan(context.Background(), shard, bucket, 10); !errors.Is(err, pipeline.ErrFenced) {
			t.Errorf("the older owner's scan from bucket %d returned %v, want ErrFenced", bucket, err)
		}
	}
	if _, _, err := s.Count(context.Background(), shard); !errors.Is(err, pipeline.ErrFenced) {
		t.Errorf("the older owner's count returned %v, want ErrFenced", err)
	}
	sweep(t, newer, 10, func(page) {})
}

func scanUnopened(t *testing.T, b Backend) {
	s := scanner(t, &worker{store: b.Open(t)})
	if _, _, err := s.Scan(context.Background(), shard, 0, 10); err == nil {
		t.Error("a shard that was never opened can be scanned")
	}
	if _, _, err := s.Count(context.Background(), shard); err == nil {
		t.Error("a shard that was never opened can be counted")
	}
}
