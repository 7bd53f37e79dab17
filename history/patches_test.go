package history

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
)

// shardOfUser spreads the users of a shop over two shards.
func shardOfUser(id string) int { return int(id[len(id)-1]) % 2 }

// patches makes the patches of a shop for the seams of two shards.
func (s *shop) patches(t *testing.T, c Config, seams []int64, segments ...string) *Patches {
	t.Helper()
	b, err := New(s.request(t, slices.Max(seams)), c)
	if err != nil {
		t.Fatal(err)
	}
	patches, err := b.Patches(t.Context(), s.patching(t, seams, segments...))
	if err != nil {
		t.Fatal(err)
	}
	return patches
}

// patching is of the segments named, or of all.
func (s *shop) patching(t *testing.T, seams []int64, segments ...string) *Patching {
	t.Helper()
	if len(segments) == 0 {
		segments = s.set.IDs()
	}
	return &Patching{
		Rules: s.set, Segments: segments, Seams: seams, Shard: shardOfUser, Sharding: "last",
	}
}

// merged has two shards take the patches in, and then what arrived behind
// their seams, and tells who is in the segments in the end.
func (s *shop) merged(t *testing.T, p *Patches, seams []int64, segments ...string) map[string][]string {
	t.Helper()
	past, err := s.patching(t, seams, segments...).past(s.request(t, s.end))
	if err != nil {
		t.Fatal(err)
	}
	drivers, feeds := make([]*pipeline.Driver, len(seams)), make([]pipeline.Feed, len(seams))
	for shard, seam := range seams {
		drivers[shard] = pipeline.NewDriver(s.set, pipeline.Default(), pipeline.State{Next: -1}, nil)
		drivers[shard].Directed = func(_ int, refusal string) {
			if refusal != "" {
				t.Fatalf("shard %d refuses: %s", shard, refusal)
			}
		}
		open := directive.Directive{Kind: directive.Open, Run: "run", Series: past.Series()}
		feeds[shard].Directives = []pipeline.Directed{{Arrival: seam, Directive: open}}
	}
	err = p.Each(t.Context(), 0, func(id string, body []byte) error {
		f := &feeds[shardOfUser(id)]
		d := directive.Directive{Kind: directive.Patch, Run: "run", Profile: id, Body: slices.Clone(body)}
		f.Directives = append(f.Directives, pipeline.Directed{Directive: d})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	members := map[string][]string{}
	for shard, driver := range drivers {
		f := &feeds[shard]
		if err := driver.Serve(context.Background(), f); err != nil {
			t.Fatal(err)
		}
		behind := slices.DeleteFunc(slices.Clone(s.events), func(ev event.Event) bool {
			return shardOfUser(ev.Profile) != shard || ev.Arrival <= seams[shard]
		})
		if err := driver.Serve(context.Background(), &pipeline.Feed{Events: behind, Offsets: make([]int64, len(behind))}); err != nil {
			t.Fatal(err)
		}
		if err := driver.Advance(context.Background(), s.end); err != nil {
			t.Fatal(err)
		}
		for id := range s.texts {
			driver.Members(id, func(profile string) { members[id] = append(members[id], profile) })
		}
	}
	for id := range members {
		slices.Sort(members[id])
	}
	return members
}

// Shards that take in the patches of an archive, and what arrived behind their
// seams, have the members that the oracle has of everything.
func TestPatchesEqualOracle(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := randomShop(t, 60+seed, 600, 20)
			seams := []int64{s.within(len(s.events) / 2), s.within(len(s.events) * 3 / 4)}
			p := s.patches(t, config(t.TempDir(), 2), seams)
			got, want := s.merged(t, p, seams), s.foretold(t, s.end)
			inAny, held := 0, 0
			for id := range want {
				position, _ := s.set.Position(id)
				if inAny += len(want[id]); s.set.UsesHeld(position) {
					held += len(want[id])
				}
				if !slices.Equal(got[id], want[id]) && len(got[id])+len(want[id]) > 0 {
					t.Errorf("%s: %s\nhas %v\nwant %v", id, s.texts[id], got[id], want[id])
				}
			}
			if inAny == 0 || held == 0 || p.Count == 0 {
				t.Errorf("%d memberships by %d patches, %d of them of segments with held", inAny, p.Count, held)
			}
		})
	}
}

// Segments that count nothing have no series: what history brings them are
// traits, and that profiles exist.
func TestPatchesWithoutSeries(t *testing.T) {
	s := few(t)
	identify := fmt.Sprintf(`{"type":"identify","traits":{"plan":"pro"},%s`, rest("e", 25))
	putObject(t, s.folder, "2026-11-02/c.json.gz", []string{identify})
	seams := []int64{s.end, s.end}
	p := s.patches(t, config(t.TempDir(), 1), seams, "pro", "known")
	got := s.merged(t, p, seams, "pro", "known")
	if !slices.Equal(got["pro"], []string{"ue"}) || len(got["known"]) != 5 || len(got["buyers"]) != 0 {
		t.Errorf("the members are %v", got)
	}
}

// listed are the patches from one on, as texts.
func listed(t *testing.T, p *Patches, skip int64) []string {
	t.Helper()
	var list []string
	err := p.Each(t.Context(), skip, func(id string, body []byte) error {
		list = append(list, fmt.Sprintf("%s %x", id, body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The same archive gives the same patches in the same order, however many
// workers there are and wherever it was killed, and they are not made twice.
func TestPatchesAreAlwaysTheSame(t *testing.T) {
	s := randomShop(t, 71, 900, 8)
	seams := []int64{s.within(600), s.end}
	dir := t.TempDir()
	p := s.patches(t, config(dir, 1), seams)
	all := listed(t, p, 0)
	if int64(len(all)) != p.Count || p.Count < 20 {
		t.Fatalf("%d patches of %d", len(all), p.Count)
	}
	for _, skip := range []int64{1, p.Count / 2, p.Count - 1, p.Count} {
		if got := listed(t, p, skip); !slices.Equal(got, all[skip:]) {
			t.Errorf("behind %d there are %d patches, of %d", skip, len(got), len(all))
		}
	}
	if got := s.patches(t, config(t.TempDir(), 5), seams); !slices.Equal(listed(t, got, 0), all) || got.Key != p.Key {
		t.Error("five workers make others")
	}
	again := s.patches(t, config(dir, 2), seams)
	if again.Report.Slices != 0 || again.Report.Read.Bytes != 0 || again.Key != p.Key {
		t.Errorf("made again: %+v", again.Report)
	}
	if other := s.patches(t, config(dir, 2), []int64{seams[0] + 1, s.end}); other.Key == p.Key {
		t.Error("another seam has the same patches")
	}

	killed := t.TempDir()
	for n := 0; ; n += 50 {
		b, err := New(s.request(t, s.end), config(killed, 2))
		if err != nil {
			t.Fatal(err)
		}
		made := 0
		ctx, kill := context.WithCancel(t.Context())
		b.work.written = func(string) error {
			if made++; made > 50 {
				kill()
				return errKilled
			}
			return nil
		}
		got, err := b.Patches(ctx, s.patching(t, seams))
		kill()
		if err == nil {
			if n == 0 || !slices.Equal(listed(t, got, 0), all) {
				t.Errorf("killed after each 50 of %d files, it makes others", n)
			}
			return
		}
	}
}

// An archive is whole since its first day, where all names tell a day.
func TestWholeSince(t *testing.T) {
	s := few(t)
	got := s.patches(t, config(t.TempDir(), 1), []int64{s.end, s.end}).Whole
	first := decodeLine(t, order("a", 1))[0].Arrival
	if want := time.UnixMilli(first).UTC().Truncate(24 * time.Hour).UnixMilli(); got != want {
		t.Errorf("whole since %s, want %s", time.UnixMilli(got).UTC(), time.UnixMilli(want).UTC())
	}
	r := s.request(t, s.end)
	r.Layout = layoutOf(t, "*/*")
	b, err := New(r, config(t.TempDir(), 1))
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Patches(t.Context(), s.patching(t, []int64{s.end, s.end}))
	if err != nil {
		t.Fatal(err)
	}
	if p.Whole != first {
		t.Errorf("whole since %s, want the first arrival, %s", time.UnixMilli(p.Whole).UTC(), time.UnixMilli(first).UTC())
	}
}

// Patches in several groups of rows, some larger than a block, read back as
// they were written.
func TestPatchesInGroups(t *testing.T) {
	w := localWork(t.TempDir())
	var want []string
	for i := range sliceCount {
		err := w.writeFile(width(sliceShards).patchFile("key", i), func(out io.Writer) error {
			file, n := newPatchWriter(out), int64(0)
			for j := range 3000 {
				if i != 5 {
					break
				}
				body := bytes.Repeat([]byte{byte(j)}, 20<<10*(1-min(1, j%100))+j%50*500)
				want, n = append(want, fmt.Sprintf("u%d %d", j, len(body))), n+int64(len(body))
				if err := file.add(fmt.Sprint("u", j), body); err != nil {
					return err
				}
			}
			return file.close(tally{}, n)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := openPatches(w, "key", sliceShards)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count != 3000 || p.Bytes < 2*patchGroup {
		t.Fatalf("%d patches of %d bytes", p.Count, p.Bytes)
	}
	read := func(skip int64) (got []string) {
		err := p.Each(t.Context(), skip, func(id string, body []byte) error {
			j, err := strconv.Atoi(id[1:])
			if err != nil || bytes.Count(body, []byte{byte(j)}) != len(body) {
				t.Fatalf("the body of %s is another's", id)
			}
			got = append(got, fmt.Sprintf("%s %d", id, len(body)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := read(0)
	for _, skip := range []int64{1, 126, 127, 128, 1500, 2999, 3000} {
		if got := read(skip); !slices.Equal(got, all[skip:]) {
			t.Errorf("behind %d there are %d patches that are not those of before", skip, len(got))
		}
	}
	slices.Sort(all)
	slices.Sort(want)
	if !slices.Equal(all, want) {
		t.Errorf("there are %d patches, of %d", len(all), len(want))
	}
}

// Patches come in an order in which every partition gets some of any few, for
// all powers of two of partitions.
func TestPatchesAreSpread(t *testing.T) {
	w, n := localWork(t.TempDir()), 0
	for i := range sliceCount {
		err := w.writeFile(width(sliceShards).patchFile("key", i), func(out io.Writer) error {
			file := newPatchWriter(out)
			for shard := i * sliceShards; shard < (i+1)*sliceShards; shard++ {
				for range 40 {
					if err := file.add(fmt.Sprint("u", shard), []byte{1}); err != nil {
						return err
					}
					n++
				}
			}
			return file.close(tally{}, 1)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := openPatches(w, "key", sliceShards)
	if err != nil {
		t.Fatal(err)
	}
	const window = 512
	for _, partitions := range []int{4, 16, 64} {
		counts, seen := make([]int, partitions), 0
		err := p.Each(t.Context(), 0, func(id string, _ []byte) error {
			shard, err := strconv.Atoi(id[1:])
			counts[shard%partitions]++
			if seen++; seen%window == 0 {
				if most := slices.Max(counts); most > 3*window/partitions {
					t.Fatalf("of %d patches behind %d, one of %d partitions got %d", window, seen, partitions, most)
				}
				clear(counts)
			}
			return err
		})
		if err != nil || seen != n {
			t.Fatalf("%d of %d patches, %v", seen, n, err)
		}
	}
}
