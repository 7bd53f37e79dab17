package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"
)

// A blob is a base and, behind it, a tail: the traits, which are two fifths
// of a profile and seldom change. A store may keep the two apart and write the
// tail only when it has changed. The base begins with the format and the length
// of the tail, 0 for none; where there is one, its checksum follows. So whoever
// puts a base and a tail together that are not of the same commit is found out.

// errTail says that a blob's tail is not that of its base.
var errTail = errors.New("its traits are not those that it was stored with")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumBytes is what the checksum of a tail takes.
const sumBytes = 4

// Tail returns what is stored apart of a profile whose base was just made, nil
// for nothing. It is valid until the profile is changed.
func (p *Profile) Tail() []byte {
	if p.Traits.Len() == 0 {
		return nil
	}
	return p.traitText
}

// TailIsStored reports whether the tail of a profile is stored as it is now,
// and so is there at all.
func (p *Profile) TailIsStored() bool { return p.tailStored && p.Traits.Len() > 0 }

// StoredTail notes that the tail is stored as it is now.
func (p *Profile) StoredTail() { p.tailStored = true }

// appendTailHead writes what a base says of the tail.
func (p *Profile) appendTailHead(b []byte) []byte { return appendTailHead(b, len(p.Tail()), p.tailSum) }

func appendTailHead(b []byte, length int, sum uint32) []byte {
	if b = binary.AppendUvarint(b, uint64(length)); length == 0 {
		return b
	}
	return binary.LittleEndian.AppendUint32(b, sum)
}

func tailSumOf(tail string) uint32 {
	return crc32.Checksum(unsafe.Slice(unsafe.StringData(tail), len(tail)), castagnoli)
}

// tailHead reads what a base says of the tail.
func (r *reader) tailHead() {
	if r.tailBytes = r.uvarint(); r.tailBytes == 0 {
		return
	}
	if r.left() < sumBytes {
		r.fail(errShort)
		return
	}
	r.tailSum = binary.LittleEndian.Uint32([]byte(r.blob[r.at : r.at+sumBytes]))
	r.at += sumBytes
}

// cutTail takes the tail off the blob.
func (r *reader) cutTail() {
	if r.err != nil || r.tailBytes == 0 {
		return
	}
	if r.tailBytes > uint64(r.left()) {
		r.fail(errTail)
		return
	}
	end := len(r.blob) - int(r.tailBytes)
	r.tail, r.blob = r.blob[end:], r.blob[:end]
	if tailSumOf(r.tail) != r.tailSum {
		r.fail(errTail)
	}
}

// noTraits is how a profile without traits has them.
const noTraits = "\x00"

// within is where a reader goes on once it has read the traits.
type within struct {
	blob string
	at   int
}

// toTraits goes to where the traits are, which is here in older formats.
func (r *reader) toTraits() within {
	if !r.inline {
		r.cutTail()
	}
	back := within{r.blob, r.at}
	if r.inline || r.err != nil {
		return back
	}
	if r.blob, r.at = r.tail, 0; r.tail == "" {
		r.blob = noTraits
	}
	return back
}

// fromTraits goes back to what stands behind the groups.
func (r *reader) fromTraits(back within) {
	if r.inline {
		return
	}
	if r.err == nil && r.left() > 0 {
		r.fail(fmt.Errorf("%d bytes too many behind the traits", r.left()))
	}
	if r.blob, r.at = back.blob, back.at; r.err != nil {
		r.at = len(r.blob)
	}
}

// Join puts a base and what is stored as its tail together. A tail that the base
// does not know of is left out: it is of a later commit, or was left behind when
// somebody removed the base by hand. "" is the base of no profile.
func Join(base, tail string) string {
	if base == "" || tail == "" {
		return base
	}
	r := &reader{blob: base}
	if r.format(); r.err == nil && r.tailBytes == 0 {
		return base
	}
	return base + tail
}

// Fits reports whether a blob that was put together of a base and a tail is
// of one commit, as far as that can be told without reading more of it. It is
// true of what is no blob of a format that has tails.
func Fits(blob string) bool {
	r := &reader{blob: blob}
	r.format()
	r.cutTail()
	return !errors.Is(r.err, errTail)
}

// Cut returns the base and the tail of a blob, "" for none. Where the blob is
// damaged, and in formats that have no tails, all is base.
func Cut(blob string) (base, tail string) {
	r := &reader{blob: blob}
	r.format()
	if r.cutTail(); r.err != nil {
		return blob, ""
	}
	return blob[:len(blob)-len(r.tail)], r.tail
}
