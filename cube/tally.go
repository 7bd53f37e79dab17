package cube

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"unsafe"

	"muster/event"
	"muster/hyperloglog"
	"muster/profile"
)

const millisPerDay = 24 * 60 * 60 * 1000

// Tally counts events of one shard until they are stored. It has as many cells
// as there were events at most. It is used by one goroutine.
type Tally struct {
	keep    int64 // days that are kept
	cubes   []*Cube
	cells   map[place]*Cell
	scratch []byte
}

// place is where a cell is.
type place struct {
	cube string // Cube.Key
	day  int64
	name string
}

// NewTally returns a Tally that passes over events that are older, as they
// arrive, than so many days, as nothing is kept of these days any more.
func NewTally(keep int) *Tally { return &Tally{keep: int64(keep), cells: map[place]*Cell{}} }

// Declare has events counted by other cubes from now on.
func (t *Tally) Declare(cubes []*Cube) { t.cubes = cubes }

// Count takes in an event that was applied to its profile, in the cells of the
// day on which it happened, in UTC.
func (t *Tally) Count(ev *event.Event, p *profile.Profile) {
	if ev.Arrival-ev.Time > t.keep*millisPerDay {
		return
	}
	for _, c := range t.cubes {
		if c.takes(ev) {
			t.count(c, ev, p)
		}
	}
}

func (t *Tally) count(c *Cube, ev *event.Event, p *profile.Profile) {
	name := t.scratch[:0]
	for i := range c.Dimensions {
		var fits bool
		if name, fits = appendValue(name, c.Dimensions[i].value(ev, p)); !fits {
			name = append(name[:0], Other...)
			break
		}
	}
	t.scratch = name
	at := place{c.Key(), day(ev.Time), unsafe.String(unsafe.SliceData(name), len(name))}
	cell := t.cells[at]
	if cell == nil {
		cell = &Cell{Counts: make([]uint64, len(c.Measures))}
		at.name = string(name)
		t.cells[at] = cell
	}
	cell.Events++
	for i := range c.Measures {
		if c.Measures[i].holds.Holds(ev) {
			cell.Counts[i]++
		}
	}
	cell.Crowd.Add(hyperloglog.Hash(unsafe.Slice(unsafe.StringData(ev.Profile), len(ev.Profile))))
}

// day is the number of a day since 1970 in UTC, rounded down before that too.
func day(ms int64) int64 {
	d := ms / millisPerDay
	if ms%millisPerDay < 0 {
		d--
	}
	return d
}

// Empty reports whether nothing was counted since the last Reset.
func (t *Tally) Empty() bool { return len(t.cells) == 0 }

// Reset forgets what was counted.
func (t *Tally) Reset() { clear(t.cells) }

// formatPart is the version of the stored form of a part.
const formatPart = 1

// Append appends what was counted in its stored form, a part of cells, which
// EachCell reads. Equal counts have equal forms.
func (t *Tally) Append(dst []byte) []byte {
	places := slices.SortedFunc(maps.Keys(t.cells), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.cube, b.cube), cmp.Compare(a.day, b.day), cmp.Compare(a.name, b.name))
	})
	dst = append(dst, formatPart)
	for i, at := range places {
		if i == 0 || at.cube != places[i-1].cube || at.day != places[i-1].day {
			n := 1
			for i+n < len(places) && places[i+n].cube == at.cube && places[i+n].day == at.day {
				n++
			}
			dst = appendText(dst, at.cube)
			dst = binary.AppendVarint(dst, at.day)
			dst = binary.AppendUvarint(dst, uint64(n))
		}
		dst = appendText(dst, at.name)
		dst = appendForm(dst, t.cells[at])
	}
	return dst
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// appendForm appends the stored form of a cell behind its length.
func appendForm(dst []byte, c *Cell) []byte {
	return appendText(dst, string(c.Append(nil)))
}

// EachCell calls f with the cells of a part: the key of their cube, their day
// since 1970 in UTC, their name and stored form, which is valid during the call.
func EachCell(part []byte, f func(cube string, day int64, name string, form []byte) error) error {
	if len(part) == 0 || part[0] != formatPart {
		return errForm
	}
	rest := numbers{rest: part[1:]}
	for len(rest.rest) > 0 {
		cube, at := rest.text(), rest.signed()
		for n := rest.next(); n > 0 && !rest.broken; n-- {
			name, length := rest.text(), rest.next()
			if rest.broken || uint64(len(rest.rest)) < length {
				return errForm
			}
			if err := f(cube, at, name, rest.rest[:length:length]); err != nil {
				return err
			}
			rest.rest = rest.rest[length:]
		}
		if rest.broken {
			return errForm
		}
	}
	return nil
}
