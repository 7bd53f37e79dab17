package snapshot

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"muster/event"
	"muster/profile"
)

const (
	// mostValueColumns bounds the columns that are kept for questions. They take 2
	// bytes each for each profile, beside the memory that profiles are held in.
	mostValueColumns = 16
	// mostValueText bounds the texts of the values of one of them, in bytes. A
	// value that comes when they are full is told apart from no other.
	mostValueText = 1 << 20
)

// values are what questions read of the profiles of a Snapshot, as numbers: one
// column for each trait and each series that was asked for, filled as far as a
// question has come. Of columns that don't fit, those go that were not asked for
// longest. They are safe for concurrent use.
//
// The values of a newer Snapshot go on with the numbers, and have the lock in
// common.
type values struct {
	mu      *sync.Mutex
	held    []held
	shards  []shard
	columns []*valueColumn // the one that was asked for last comes last
}

// valueColumn has the number of a value for each profile. Two profiles with the
// same number, other than codeOther, have the same value; of series, codeNone
// alone is such a number. What is filled never changes.
type valueColumn struct {
	name    string       // as a shard's list of names has a series; a trait's begins with traitColumn
	path    profile.Path // of a trait
	number  []int        // of a series, by shard: its number in the names, nobody where it has none
	codes   []uint16     // by place
	filled  int
	numbers *valueNumbers
}

// traitColumn begins the names of the columns of traits.
const traitColumn = "t:"

// valueNumbers are the numbers that the values of a trait have.
type valueNumbers struct {
	codes map[valueKey]uint16
	text  int
}

func newValues(list []held, shards []shard) *values {
	return &values{mu: &sync.Mutex{}, held: list, shards: shards}
}

// of returns the columns of all that a schema has, nil where these are too many.
func (v *values) of(schema *profile.Schema) []*valueColumn {
	if len(schema.Traits)+len(schema.Series) > mostValueColumns {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	wanted := []*valueColumn{}
	for _, path := range schema.Traits {
		wanted = append(wanted, v.column(traitColumn+string(path), path))
	}
	for i := range schema.Series {
		wanted = append(wanted, v.column(profile.NameOfSeries(schema.Series[i].Key), ""))
	}
	v.columns = slices.Clone(v.columns[max(0, len(v.columns)-mostValueColumns):])
	return wanted
}

// column returns the column of a name, which it makes where there is none.
func (v *values) column(name string, path profile.Path) *valueColumn {
	at := slices.IndexFunc(v.columns, func(c *valueColumn) bool { return c.name == name })
	if at >= 0 {
		c := v.columns[at]
		v.columns = append(slices.Delete(v.columns, at, at+1), c)
		return c
	}
	c := &valueColumn{name: name, path: path, codes: make([]uint16, len(v.held)), numbers: &valueNumbers{codes: map[valueKey]uint16{}}}
	c.find(v.shards)
	v.columns = append(v.columns, c)
	return c
}

// find looks up which number a series has in each shard.
func (c *valueColumn) find(shards []shard) {
	if !c.ofSeries() {
		return
	}
	c.number = make([]int, len(shards))
	for i := range shards {
		c.number[i] = slices.Index(shards[i].names, c.name)
	}
}

func (c *valueColumn) ofSeries() bool { return !strings.HasPrefix(c.name, traitColumn) }

// fill fills columns up to a place.
func (v *values) fill(columns []*valueColumn, end int) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := end
	for _, c := range columns {
		first = min(first, c.filled)
	}
	for place := first; place < end; place++ {
		if err := v.read(place, columns); err != nil {
			return err
		}
	}
	return nil
}

// read fills in one place of the columns that are filled up to it.
func (v *values) read(place int, columns []*valueColumn) error {
	one := &v.held[place]
	var has []uint64
	traits, whole, err := profile.Values(one.blob, func(series uint64) { has = append(has, series) })
	if err != nil {
		return fmt.Errorf("reading a profile of shard %d: profile %q: %w", one.shard, one.id, err)
	}
	for _, c := range columns {
		if c.filled != place {
			continue
		}
		code := uint16(codeOther)
		switch {
		case !c.ofSeries():
			code = c.numbers.code(traits.Get(c.path))
		case whole && (c.number[one.shard] == nobody || !slices.Contains(has, uint64(c.number[one.shard]))):
			code = codeNone
		}
		c.codes[place] = code
		c.filled++
	}
	return nil
}

// code is the number of a value, codeOther for what has none of its own.
func (n *valueNumbers) code(v event.Value) uint16 {
	key, code := keyOf(v)
	switch {
	case code != codeFirst:
		return code
	case key.number == 0 && math.Signbit(key.number):
		return codeOther // 0 and -0 are one key, and not one value
	}
	code, known := n.codes[key]
	if known {
		return code
	}
	if len(n.codes) >= mostValues || n.text+len(key.text) > mostValueText {
		return codeOther
	}
	key.text = strings.Clone(key.text) // what it is a part of must not stay for it
	code = uint16(codeFirst + len(n.codes))
	n.codes[key] = code
	n.text += len(key.text)
	return code
}

// carried returns the values of a newer list of profiles: of those that are the
// same the numbers are taken over, and the others are read. Of a profile that
// can't be read, whoever asks is told.
func (v *values) carried(list []held, shards []shard) *values {
	if len(list) == len(v.held) && (len(list) == 0 || &list[0] == &v.held[0]) {
		return v
	}
	next := &values{mu: v.mu, held: list, shards: shards}
	v.mu.Lock()
	var olds []valueColumn
	for _, c := range v.columns {
		olds = append(olds, *c)
	}
	v.mu.Unlock()
	for i := range olds {
		old := &olds[i]
		c := &valueColumn{name: old.name, path: old.path, codes: make([]uint16, len(list)), numbers: old.numbers}
		c.find(shards)
		next.columns = append(next.columns, c)
	}
	if next.takeOver(v.held, olds) != nil {
		return newValues(list, shards)
	}
	return next
}

// takeOver takes over the numbers of older columns as far as these are filled.
// Nobody else has the new ones yet.
func (v *values) takeOver(before []held, olds []valueColumn) error {
	most := 0
	for i := range olds {
		most = max(most, olds[i].filled)
	}
	from := 0
	for place := range v.held {
		one := &v.held[place]
		for from < most && compare(&before[from], one) < 0 {
			from++
		}
		if from >= most {
			return nil
		}
		same := compare(&before[from], one) == 0 && before[from].shard == one.shard && before[from].blob == one.blob
		behind := v.columns[:0:0]
		for i, c := range v.columns {
			switch {
			case c.filled != place || from >= olds[i].filled:
			case same:
				c.codes[place] = olds[i].codes[from]
				c.filled++
			default:
				behind = append(behind, c)
			}
		}
		if err := v.readOne(place, behind); err != nil {
			return err
		}
	}
	return nil
}

func (v *values) readOne(place int, columns []*valueColumn) error {
	if len(columns) == 0 {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.read(place, columns)
}
