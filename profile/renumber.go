package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Renumbering turns blobs of one shard into those of another, whose list of
// names is another one. It needs no rule set, so it keeps what the rules in
// force no longer ask for, as the blob does.
type Renumbering struct {
	// Numbers gives every position in the list of names that the blobs were
	// written with its position in the other list.
	Numbers []uint64
	// Generation gives the generation of a rule set its own in the other
	// shard.
	Generation func(uint64) uint64
}

// Stored is what can be read of a blob without its rule set.
type Stored struct {
	Deadline int64    // next instant at which a membership may change by itself, ms; 0 for none
	Segments []uint64 // numbers of the segments that the profile is in, ascending
}

// Append writes the renumbered blob of a profile behind b. An error means
// that the blob is damaged or not of this list of names.
func (n *Renumbering) Append(b, blob []byte) ([]byte, error) {
	w := rewriter{reader: reader{blob: string(blob)}, numbers: n.Numbers}
	w.head(n.Generation)
	w.unnumbered()
	w.series()
	w.held()
	if w.shadowed {
		w.shadows()
	}
	if w.err == nil && w.left() > 0 {
		w.fail(fmt.Errorf("%d bytes too many", w.left()))
	}
	if w.err != nil {
		return b, fmt.Errorf("renumbering a profile: %w", w.err)
	}
	b = appendTailHead(append(b, formatVersion), len(w.tail), tailSumOf(w.tail))
	return append(append(b, w.out...), w.tail...), nil
}

// ReadStored reads the beginning of a blob. An error means that it is
// damaged or of another format.
func ReadStored(blob []byte) (Stored, error) {
	r := reader{blob: string(blob)}
	r.format()
	for range 2 {
		r.varint() // first and last seen
	}
	for range 2 {
		r.uvarint() // version and generation
	}
	r.varint() // day of reach
	stored := Stored{Deadline: r.varint()}
	number := uint64(0)
	for range r.count(1) {
		number += r.uvarint()
		stored.Segments = append(stored.Segments, number)
	}
	if r.err != nil {
		return Stored{}, fmt.Errorf("reading a stored profile: %w", r.err)
	}
	return stored, nil
}

// format reads the first byte of a blob.
func (r *reader) format() {
	v := r.byte()
	r.shadowed, r.journaled = v == shadowFormat || v == journalFormat || v == inlineShadowFormat, v == journalFormat
	switch v {
	case formatVersion, shadowFormat, journalFormat:
		r.tailHead()
	case inlineFormat, inlineShadowFormat:
		r.inline = true
	case oldFormat:
		r.old, r.inline = true, true
	default:
		r.fail(fmt.Errorf("format %d is none of %d, %d, %d, %d, %d and %d, which this version reads",
			v, oldFormat, inlineFormat, formatVersion, inlineShadowFormat, shadowFormat, journalFormat))
	}
}

// rewriter copies a blob and puts other numbers into it.
type rewriter struct {
	reader
	out     []byte // what stands between what the base says of the tail, and the tail
	numbers []uint64
}

// copied copies what f reads.
func (w *rewriter) copied(f func()) {
	begin := w.at
	f()
	if w.err == nil {
		w.out = append(w.out, w.blob[begin:w.at]...)
	}
}

func (w *rewriter) number(old uint64) uint64 {
	if old >= uint64(len(w.numbers)) {
		w.fail(fmt.Errorf("number %d is not among the shard's %d names", old, len(w.numbers)))
		return 0
	}
	return w.numbers[old]
}

// head is everything up to the memberships.
func (w *rewriter) head(generation func(uint64) uint64) {
	w.format()
	w.copied(func() {
		w.varint()  // first seen
		w.varint()  // last seen
		w.uvarint() // version
	})
	w.out = binary.AppendUvarint(w.out, generation(w.uvarint()))
	w.copied(func() {
		w.varint() // day of reach
		w.varint() // deadline
	})
	var numbers []uint64
	old := uint64(0)
	for range w.count(1) {
		old += w.uvarint()
		numbers = append(numbers, w.number(old))
	}
	slices.Sort(numbers)
	w.out = binary.AppendUvarint(w.out, uint64(len(numbers)))
	last := uint64(0)
	for _, n := range numbers {
		w.out = binary.AppendUvarint(w.out, n-last)
		last = n
	}
}

// unnumbered is what has no numbers: groups, traits and message ids.
func (w *rewriter) unnumbered() {
	w.groups()
	w.traits()
	w.copied(func() {
		for range w.count(9) {
			w.fixed()
			w.varint()
		}
	})
}

// traits makes the traits the tail.
func (w *rewriter) traits() {
	back := w.toTraits()
	begin := w.at
	count := w.count(3)
	for range count {
		w.text()
		w.varint()
		w.value(0)
	}
	text := w.blob[begin:w.at]
	if w.fromTraits(back); count == 0 {
		text = ""
	}
	w.tail = text
}

func (w *rewriter) series() {
	n := w.count(5)
	w.out = binary.AppendUvarint(w.out, uint64(n))
	for range n {
		w.out = binary.AppendUvarint(w.out, w.number(w.uvarint()))
		w.copiedPoints()
	}
}

// copiedPoints copies the points of a series, in today's format.
func (w *rewriter) copiedPoints() {
	begin := w.at
	var pts points
	w.points(&pts)
	switch {
	case w.err != nil:
	case w.old && len(pts.lumps) > 0:
		w.out = pts.append(w.out)
	default:
		w.out = append(w.out, w.blob[begin:w.at]...)
	}
}

func (w *rewriter) held() {
	if w.err != nil || w.left() == 0 {
		return
	}
	n := w.count(2)
	if n == 0 && w.shadowed {
		return
	}
	if n == 0 {
		w.fail(errors.New("an empty list of conditions"))
	}
	w.out = binary.AppendUvarint(w.out, uint64(n))
	for range n {
		w.out = binary.AppendUvarint(w.out, w.number(w.uvarint()))
		w.copied(func() { w.varint() })
	}
}
