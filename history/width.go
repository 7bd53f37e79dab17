package history

import (
	"fmt"
	"path"

	"muster/history/sorted"
)

// width is how many virtual shards a slice has, or a file of patches: it is what
// is done, or not, when a backfill is killed, and what a task can't be smaller
// than. It divides the number of all.
type width int

// The usual width, and how many slices there are then.
const (
	sliceShards = 8
	sliceCount  = sorted.VirtualShards / sliceShards
)

// wideBytes is the largest archive whose slices have the usual width, in bytes: a
// gigabyte for each slice.
const wideBytes = sliceCount << 30

// widthFor is the width for an archive of so many bytes and for so many tasks:
// the usual one, or a single virtual shard where that is too much.
func widthFor(bytes int64, tasks int) width {
	if bytes > wideBytes || tasks > sliceCount {
		return 1
	}
	return sliceShards
}

// widthOf is the width that is noted as a number, and noted the number: 0 is the
// usual one.
func widthOf(n int) width {
	if n == 0 {
		return sliceShards
	}
	return width(n)
}

func (w width) noted() int {
	if w == sliceShards {
		return 0
	}
	return int(w)
}

// count is how many slices there are.
func (w width) count() int { return sorted.VirtualShards / int(w) }

// all is the span of all slices.
func (w width) all() Span { return Span{0, w.count()} }

// first is the first virtual shard of a slice.
func (w width) first(i int) int { return i * int(w) }

// shards names the virtual shards of a slice, for people.
func (w width) shards(i int) string {
	return fmt.Sprintf("virtual shards %d to %d", w.first(i), w.first(i+1)-1)
}

// sliceFile is the name of a slice of a key.
func (w width) sliceFile(key string, i int) string { return w.file("slices", key, i) }

// patchFile is the name of a file of patches of a key.
func (w width) patchFile(key string, i int) string { return w.file("patches", key, i) }

func (w width) file(kind, key string, i int) string {
	return path.Join(kind, key, fmt.Sprintf("%04d.parquet", w.first(i)))
}

// sum adds up the tallies of slices, in their order. Which letters are kept does
// not depend on the width.
type sum struct {
	width
	total, usual tally // of all, and of those that are one slice of the usual width
}

func (s *sum) add(i int, of *tally) {
	s.usual.add(of)
	if s.first(i+1)%sliceShards != 0 {
		return
	}
	s.usual.Letters = s.usual.Letters[:min(len(s.usual.Letters), maxRefused)]
	s.total.add(&s.usual)
	s.usual = tally{}
}
