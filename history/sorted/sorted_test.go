package sorted_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/history/files"
	"muster/history/projection"
	"muster/history/sorted"
	"muster/stream"
)

// randomRows are rows of a few hundred profiles with many equal times and ids.
func randomRows(r *rand.Rand, n int) []sorted.Row {
	rows := make([]sorted.Row, n)
	for i := range rows {
		arrival := 1_700_000_000_000 + r.Int64N(50)
		rows[i] = sorted.Row{
			Profile: fmt.Sprint("user-", r.IntN(1+n/20)), MessageID: []string{"", "a", "b", strings.Repeat("m", r.IntN(60))}[r.IntN(4)],
			Arrival: arrival, Time: arrival - r.Int64N(1000), Kind: int32(r.IntN(3)),
			Body: fmt.Appendf(nil, "%x", r.Uint64())[:r.IntN(8)],
		}
	}
	return rows
}

func write(t *testing.T, path string, rows []sorted.Row, most int) {
	t.Helper()
	var out bytes.Buffer
	w := sorted.NewWriter(&out, most)
	for i := range rows {
		if err := w.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(projection.Texts{Keys: []string{filepath.Base(path)}}, map[string]int{"rows": len(rows)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// inOrder is what a merge of sorted runs must give.
func inOrder(runs [][]sorted.Row, first, end int) []sorted.Row {
	var all []sorted.Row
	for _, rows := range runs {
		for _, r := range rows {
			if shard := sorted.ShardOf(r.Profile); shard >= first && shard < end {
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sorted.Row) int {
		return cmp.Or(sorted.ShardOf(a.Profile)-sorted.ShardOf(b.Profile), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Arrival, b.Arrival))
	})
	return all
}

func merged(t *testing.T, runs []*sorted.Run, first, end int) []sorted.Row {
	t.Helper()
	m, err := sorted.NewMerge(runs, first, end)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var all []sorted.Row
	for m.Next() {
		r := *m.Row()
		r.Profile, r.MessageID, r.Body = strings.Clone(r.Profile), strings.Clone(r.MessageID), bytes.Clone(r.Body)
		if m.Shard() != sorted.ShardOf(r.Profile) || len(m.Texts().Keys) != 1 {
			t.Fatalf("shard %d, texts %v", m.Shard(), m.Texts())
		}
		all = append(all, r)
	}
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	return all
}

// byProfile sorts profiles of one virtual shard by name: within a shard a sorted run
// has them in the order of their hashes.
func byProfile(rows []sorted.Row) []sorted.Row {
	slices.SortStableFunc(rows, func(a, b sorted.Row) int {
		return cmp.Or(sorted.ShardOf(a.Profile)-sorted.ShardOf(b.Profile), cmp.Compare(a.Profile, b.Profile))
	})
	return rows
}

// open opens a sorted run of this machine.
func open(path string) (*sorted.Run, error) {
	in, err := files.Folder{Dir: filepath.Dir(path)}.Open(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	return sorted.Open(path, in)
}

func TestMergeIsTheSortOfAllRows(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 3))
		var runs []*sorted.Run
		var rows [][]sorted.Row
		for i := range 1 + r.IntN(5) {
			path := filepath.Join(t.TempDir(), fmt.Sprint(i))
			rows = append(rows, randomRows(r, r.IntN(20_000)))
			write(t, path, rows[i], sorted.MinMemory)
			one, err := open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer one.Close()
			if one.Rows() != int64(len(rows[i])) || len(rows[i]) > 0 && string(one.Note) != fmt.Sprintf(`{"rows":%d}`, len(rows[i])) {
				t.Fatalf("%d rows, note %s", one.Rows(), one.Note)
			}
			runs = append(runs, one)
		}
		first := r.IntN(sorted.VirtualShards)
		for _, bounds := range [][2]int{{0, sorted.VirtualShards}, {first, first + r.IntN(sorted.VirtualShards-first)}, {0, 0}} {
			got, want := merged(t, runs, bounds[0], bounds[1]), inOrder(rows, bounds[0], bounds[1])
			if !slices.IsSortedFunc(got, func(a, b sorted.Row) int { return sorted.ShardOf(a.Profile) - sorted.ShardOf(b.Profile) }) {
				t.Fatal("virtual shards are out of order")
			}
			if !slices.EqualFunc(byProfile(got), want, equal) {
				t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(want))
			}
		}
	}
}

func equal(a, b sorted.Row) bool {
	return a.Profile == b.Profile && a.MessageID == b.MessageID && a.Arrival == b.Arrival && a.Time == b.Time && a.Kind == b.Kind && bytes.Equal(a.Body, b.Body)
}

// Profiles come one behind the other, whatever the names: never twice.
func TestEachProfileComesOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 3))
	path := filepath.Join(t.TempDir(), "run")
	write(t, path, randomRows(r, 30_000), sorted.MinMemory)
	one, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if len(one.Parts) < 2 {
		t.Fatalf("%d parts: nothing was merged", len(one.Parts))
	}
	seen, last := map[string]bool{}, ""
	for _, row := range merged(t, []*sorted.Run{one}, 0, sorted.VirtualShards) {
		if row.Profile != last && seen[row.Profile] {
			t.Fatalf("%s comes twice", row.Profile)
		}
		last, seen[row.Profile] = row.Profile, true
	}
}

func TestEqualRowsGiveEqualBytes(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(1, 3)), 5000)
	var texts [3]bytes.Buffer
	w := sorted.NewWriter(&texts[0], sorted.MinMemory)
	for i := range texts {
		if i > 0 {
			w.Reset(&texts[i])
		}
		for j := range rows[i%2*1000:] { // the second is another
			if err := w.Add(&rows[i%2*1000+j]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(projection.Texts{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0].Bytes(), texts[2].Bytes()) || bytes.Equal(texts[0].Bytes(), texts[1].Bytes()) {
		t.Error("the bytes differ")
	}
}

// A virtual shard lies within one partition of a keyed topic of 2, 4 ... 1,024
// partitions.
func TestVirtualShardsAreKafkas(t *testing.T) {
	for partitions := 1; partitions <= sorted.VirtualShards; partitions *= 2 {
		p, err := stream.NewPartitioner(stream.Murmur2, partitions)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2000 {
			profile := strings.Repeat("é", i%5) + fmt.Sprint("user-", i)
			if got, want := sorted.ShardOf(profile)%partitions, p.Partition(profile); got != want {
				t.Fatalf("%s of %d: %d, want %d", profile, partitions, got, want)
			}
		}
	}
}

// Damage is an error that names the file, and never a panic.
func TestDamagedRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	path := filepath.Join(t.TempDir(), "damaged-run")
	write(t, path, randomRows(r, 5000), sorted.MinMemory)
	whole, _ := os.ReadFile(path)
	for range 40 {
		damaged := whole[:1+r.IntN(len(whole)-1)]
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("%d of %d bytes: %v", len(damaged), len(whole), err)
		}
	}
	if _, err := open(path + "-none"); err == nil {
		t.Error("a run that does not exist was opened")
	}
}
