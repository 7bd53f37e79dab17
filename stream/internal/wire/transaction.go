package wire

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// abortMarker is the type in the key of the control record that ends an
// aborted transaction.
const abortMarker = 0

// Aborts tells the batches of aborted transactions from the others. Feed it
// every batch of a response in order.
type Aborts struct {
	waiting []Aborted // by First, those that start behind the batches seen so far
	open    map[int64]bool
}

// Reset starts with the aborted transactions of a new response.
func (a *Aborts) Reset(aborted []Aborted) {
	slices.SortFunc(aborted, func(x, y Aborted) int { return cmp.Compare(x.First, y.First) })
	a.waiting = aborted
	clear(a.open)
}

// Void reports whether the batch holds nothing that counts: transaction
// markers, or records of an aborted transaction.
func (a *Aborts) Void(b *Batch) bool {
	for len(a.waiting) > 0 && a.waiting[0].First <= b.Last {
		if a.open == nil {
			a.open = map[int64]bool{}
		}
		a.open[a.waiting[0].Producer] = true
		a.waiting = a.waiting[1:]
	}
	if b.Control() {
		if isAbort(b) {
			delete(a.open, b.Producer)
		}
		return true
	}
	return b.Transactional() && a.open[b.Producer]
}

// isAbort reads the first record of a control batch. Its key is a version
// and a type of two bytes each; control batches are never compressed.
func isAbort(b *Batch) bool {
	if b.Count == 0 || b.Codec() != 0 {
		return false
	}
	records := Records{in: decoder{rest: b.body}, batch: *b, left: b.Count}
	marker, err := records.Next()
	return err == nil && len(marker.Key) >= 4 && binary.BigEndian.Uint16(marker.Key[2:]) == abortMarker
}
