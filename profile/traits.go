package profile

import (
	"encoding/binary"
	"iter"
	"slices"
	"sort"
	"strings"

	"muster/event"
)

// leaf is the newest write at a path. A removed trait, and a scalar that a
// newer write below its path has made an object, stay as a tombstone
// (missing value), so that older writes that arrive late do not bring
// anything back.
type leaf struct {
	path  Path
	time  int64
	value event.Value
}

// Traits holds leaves sorted by path. Last write wins per path by event
// time, ties by order of arrival; a write also replaces everything older
// above and below its path, so the outcome does not depend on the order in
// which writes of different times arrive.
//
// Traits are decoded or encoded. Decoded, they are a list that can be written
// to. Encoded, they are what is stored of them: a fifth of the memory, nothing for
// the garbage collector to follow, and a copy to store again.
type Traits struct {
	leaves  []leaf
	encoded string // leaves one after the other as they are stored; "" when decoded
	count   int    // of leaves in encoded
}

// Len returns the number of leaves, tombstones included.
func (t *Traits) Len() int { return len(t.leaves) + t.count }

// decode makes t a list.
func (t *Traits) decode() { t.decodeInto(nil) }

// decodeInto makes t a list in memory that has no leaves yet.
func (t *Traits) decodeInto(empty []leaf) {
	if t.encoded == "" {
		return
	}
	leaves := slices.Grow(empty, t.count+1)
	for r := (reader{blob: t.encoded}); r.left() > 0; {
		leaves = append(leaves, r.leaf())
	}
	*t = Traits{leaves: leaves}
}

// all yields the leaves in order, each valid until the next.
func (t *Traits) all() iter.Seq[*leaf] { return t.through(nil) }

// through is all with memory for a leaf at a time; nil for new memory.
func (t *Traits) through(l *leaf) iter.Seq[*leaf] {
	return func(yield func(*leaf) bool) {
		for i := range t.leaves {
			if !yield(&t.leaves[i]) {
				return
			}
		}
		if t.encoded == "" {
			return // nothing to make room for
		}
		if l == nil {
			l = new(leaf)
		}
		for r := (reader{blob: t.encoded}); r.left() > 0; {
			if *l = r.leaf(); !yield(l) {
				return
			}
		}
	}
}

func (r *reader) leaf() leaf { return leaf{Path(r.text()), r.varint(), r.value(0)} }

// read takes what append wrote. It may refer to the blob, or copies.
func (t *Traits) read(r *reader, refer bool) {
	t.count = r.count(3)
	begin := r.at
	var last Path
	for i := range t.count {
		path := Path(r.text())
		if i > 0 && path <= last || !path.escaped() {
			r.fail(errValue)
			return
		}
		r.varint()
		r.skip(0)
		last = path
	}
	if t.encoded = r.blob[begin:r.at]; !refer {
		t.encoded = strings.Clone(t.encoded)
	}
}

// readOf takes of what append wrote the leaves at and below the traits of a
// schema. The rest is checked as read does.
func (t *Traits) readOf(r *reader, schema *Schema) {
	var last Path
	wanted := schema.Traits // those that a leaf to come may be at or below; both are sorted
	for i := range r.count(3) {
		path := Path(r.text())
		if i > 0 && path <= last || !path.escaped() {
			r.fail(errValue)
			return
		}
		last = path
		at := r.varint()
		for len(wanted) > 0 && wanted[0] < path && !path.Below(wanted[0]) {
			wanted = wanted[1:]
		}
		if len(wanted) > 0 && (wanted[0] == path || path.Below(wanted[0])) {
			t.leaves = append(t.leaves, leaf{path, at, r.value(0)})
		} else {
			r.skip(0)
		}
	}
}

// append encodes t, and writes it behind b.
func (t *Traits) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(t.Len()))
	if len(t.leaves) == 0 {
		return append(b, t.encoded...)
	}
	start := len(b)
	b = appendLeaves(b, t.leaves)
	*t = Traits{encoded: string(b[start:]), count: len(t.leaves)}
	return b
}

// appendLeaves writes leaves behind b, one after the other.
func appendLeaves(b []byte, leaves []leaf) []byte {
	for i := range leaves {
		l := &leaves[i]
		b = appendText(b, string(l.path))
		b = binary.AppendVarint(b, l.time)
		b = appendValue(b, l.value)
	}
	return b
}

// bytes estimates the memory that t takes.
func (t *Traits) bytes() int {
	n := len(t.encoded)
	for _, l := range t.leaves {
		n += 88 + len(l.path) + valueBytes(l.value)
	}
	return n
}

func (t *Traits) search(p Path) (int, bool) {
	i := sort.Search(len(t.leaves), func(i int) bool { return t.leaves[i].path >= p })
	return i, i < len(t.leaves) && t.leaves[i].path == p
}

// Get returns the value at a path: a leaf's own, an object built from the
// leaves below, or missing.
func (t *Traits) Get(p Path) event.Value {
	if t.encoded != "" {
		return t.find(p)
	}
	i, ok := t.search(p)
	if ok && !t.leaves[i].value.IsMissing() {
		return t.leaves[i].value
	}
	v, _ := t.object(p, i)
	return v
}

// find is Get of encoded traits.
func (t *Traits) find(path Path) event.Value {
	var below Traits
	for l := range t.all() {
		switch {
		case l.path == path && !l.value.IsMissing():
			return l.value
		case l.path.Below(path):
			below.leaves = append(below.leaves, *l)
		case l.path > path:
			v, _ := below.object(path, 0)
			return v
		}
	}
	v, _ := below.object(path, 0)
	return v
}

// object builds the object at p from the leaves from index i on, and returns
// the index of the first leaf that is not below p.
func (t *Traits) object(path Path, i int) (event.Value, int) {
	if i < len(t.leaves) && t.leaves[i].path == path {
		i++
	}
	var pairs []event.Value
	for i < len(t.leaves) && t.leaves[i].path.Below(path) {
		l := t.leaves[i]
		key := firstKey(l.path[len(path)+1:])
		child := path.Child(key)
		var value event.Value
		if l.path == child && !l.value.IsMissing() {
			value, i = l.value, i+1
		} else {
			value, i = t.object(child, i)
		}
		if !value.IsMissing() {
			pairs = append(pairs, event.StringOf(key), value)
		}
	}
	if len(pairs) == 0 {
		return event.Value{}, i
	}
	return event.ObjectOf(pairs), i
}

func firstKey(p Path) string { return p.Keys()[0] }

// set writes v (missing for a removal) at p with event time at. It reports
// whether anything visible may have changed, and whether v is now the value
// at p, which it is not where something newer lies below. v must own its
// memory; of the path a copy is kept.
func (t *Traits) set(path Path, at int64, value event.Value) (changed, visible bool) {
	t.decode()
	if t.overruled(path, at) {
		return false, false
	}
	for q, ok := path.Parent(); ok; q, ok = q.Parent() {
		if i, found := t.search(q); found {
			t.leaves[i].value = event.Value{}
		}
	}
	i, found := t.search(path)
	below := i
	if found {
		below++
	}
	end := below
	hidden := false
	for ; end < len(t.leaves) && t.leaves[end].path.Below(path); end++ {
		hidden = hidden || t.leaves[end].time > at
	}
	if hidden {
		value = event.Value{}
	}
	newer := slices.DeleteFunc(t.leaves[below:end], func(l leaf) bool { return l.time <= at })
	t.leaves = slices.Delete(t.leaves, below+len(newer), end)
	if found {
		t.leaves[i].time, t.leaves[i].value = at, value
		return true, !hidden
	}
	t.leaves = slices.Insert(t.leaves, i, leaf{path: Path(strings.Clone(string(path))), time: at, value: value})
	return true, !hidden
}

// overruled reports whether a newer write stands at p or above it.
func (t *Traits) overruled(p Path, at int64) bool {
	for q, ok := p, true; ok; q, ok = q.Parent() {
		if i, found := t.search(q); found && t.leaves[i].time > at {
			return true
		}
	}
	return false
}

// write is one leaf of an identify.
type write struct {
	path  Path
	value event.Value
}

// flatten appends the writes that an identify's traits make, in document
// order. An empty object writes nothing.
func flatten(dst []write, at Path, root bool, v event.Value) []write {
	if v.Kind() != event.KindObject {
		return append(dst, write{at, v})
	}
	for i := range v.Len() {
		key, child := v.Field(i)
		p := Path(escapeKey(key))
		if !root {
			p = at.Child(key)
		}
		dst = flatten(dst, p, false, child)
	}
	return dst
}
