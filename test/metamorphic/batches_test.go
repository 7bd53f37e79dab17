package metamorphic

import (
	"fmt"
	"reflect"
	"testing"

	"muster/pipeline/memory"
)

func TestBatchesOfAnySize(t *testing.T) {
	each(t, long, func(t *testing.T, h *history) {
		records := h.records()
		want := replay(t, h.set, records)
		for _, size := range []int{1, 7, 500} {
			t.Run(fmt.Sprintf("%d at a time", size), func(t *testing.T) {
				store := memory.New()
				drive(t, newWorker(t, h.set, store, records, size))
				mustEqual(t, store.Outbox(0), want.changes)
			})
		}
		t.Run("tight", func(t *testing.T) {
			store := memory.New()
			worker := newWorker(t, h.set, store, records, 7)
			worker.Config.Timers, worker.Config.CacheBytes = 2, tinyCache
			drive(t, worker)
			mustEqual(t, store.Outbox(0), want.changes)
		})
		if got := followed(want.changes); !reflect.DeepEqual(got, want.memberships()) {
			t.Errorf("the log leads to %v, the shard has %v", got, want.memberships())
		}
	})
}
