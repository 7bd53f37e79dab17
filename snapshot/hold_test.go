package snapshot

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fillWith gives a holder profiles in a random order.
func fillWith(r *rand.Rand, bound int64, count int) *holder {
	h := &holder{bound: bound}
	for _, i := range r.Perm(count) {
		id := fmt.Sprint("customer-", i)
		h.add(held{hash: orderOf(id), id: id, blob: strings.Repeat("x", 100+i%400)})
	}
	return h
}

// TestASampleIsTheFirstByHash: what is held is the same in whatever order the
// profiles come: all up to a hash, and as many as the bound allows.
func TestASampleIsTheFirstByHash(t *testing.T) {
	const count, bound = 5000, 400_000
	r := rand.New(rand.NewPCG(7, 7))
	whole := fillWith(r, 1<<40, count).sorted()
	if len(whole) != count || !slices.IsSortedFunc(whole, func(a, b held) int { return compare(&a, &b) }) {
		t.Fatalf("%d of %d profiles are held, or not in order", len(whole), count)
	}
	for range 5 {
		h := fillWith(r, bound, count)
		sample := h.sorted()
		if h.bytes > bound || h.bytes+whole[len(sample)].bytes() <= bound || h.all != count {
			t.Fatalf("%d bytes are held of %d profiles; the bound is %d", h.bytes, h.all, bound)
		}
		for i := range sample {
			if sample[i].id != whole[i].id {
				t.Fatalf("place %d is held by %s; it is that of %s", i, sample[i].id, whole[i].id)
			}
		}
	}
}

// TestTheBoundIsThatOfMemory: what the heap grows by is at most the bound.
func TestTheBoundIsThatOfMemory(t *testing.T) {
	const bound = 24 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	h := fillWith(rand.New(rand.NewPCG(1, 1)), bound, 80_000)
	grown := int64(heap() - before)
	if h.first == nil {
		t.Fatal("the profiles fit")
	}
	t.Logf("the heap has grown by %d bytes; the bound is %d", grown, bound)
	if grown > bound || grown < bound/2 {
		t.Errorf("the heap has grown by %d bytes; the bound is %d", grown, bound)
	}
	runtime.KeepAlive(h)
}
