package pipeline

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"muster/event"
	"muster/rules"
)

// named makes events of so many names.
func named(n int) []event.Event {
	list := make([]event.Event, n)
	for i := range list {
		list[i] = event.Event{Type: event.Track, Name: fmt.Sprint("event ", i)}
	}
	return list
}

// told reads what a Heard tells.
func told(t *testing.T, h *Heard) *rules.Vocabulary {
	t.Helper()
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	v := rules.NewVocabulary(0)
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Of a small batch all events are heard, of a large one a few that lie evenly
// in it, and in time all kinds of them.
func TestHeardLooksAtFew(t *testing.T) {
	h := NewHeard()
	h.hear(nil)
	h.hear(named(heardOfBatch))
	if v := told(t, h); v.Events() != heardOfBatch || v.Names() != heardOfBatch {
		t.Errorf("%d events and %d names of a small batch", v.Events(), v.Names())
	}
	h = NewHeard()
	h.hear(named(200))
	if v := told(t, h); v.Events() != heardOfBatch || v.Names() != heardOfBatch {
		t.Errorf("%d events and %d names of a large batch", v.Events(), v.Names())
	}
	for i := 0; told(t, h).Names() < 200; i++ {
		if h.hear(named(200)); i > 10_000 {
			t.Fatalf("after %d batches %d of 200 names are heard", i, told(t, h).Names())
		}
	}
}

// A worker passes a batch over rather than wait.
func TestHeardNeverWaits(t *testing.T) {
	h := NewHeard()
	h.mu.Lock()
	h.hear(named(1))
	h.mu.Unlock()
	if n := told(t, h).Events(); n != 0 {
		t.Errorf("%d events", n)
	}
}

func TestHeardIsBounded(t *testing.T) {
	h := NewHeard()
	for i := range 2 * heardPaths {
		body := event.ObjectOf([]event.Value{event.StringOf(fmt.Sprint("key ", i)), event.NumberOf(1)})
		h.hear([]event.Event{{Type: event.Identify, Body: body}, {Type: event.Track, Name: fmt.Sprint(i)}})
	}
	if v := told(t, h); !v.Full() || v.Names() != heardPaths/20 {
		t.Errorf("full: %v, with %d names", v.Full(), v.Names())
	}
}

func TestHeardOfManyWorkers(t *testing.T) {
	h := NewHeard()
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range 200 {
				h.hear(named(5))
				if _, err := h.MarshalJSON(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	h.hear(named(5))
	if n := told(t, h).Names(); n != 5 {
		t.Errorf("%d names", n)
	}
}

func BenchmarkHear(b *testing.B) {
	pairs := []event.Value{}
	for _, key := range []string{"price", "sku", "category", "currency", "quantity", "coupon", "brand", "variant", "position", "url"} {
		pairs = append(pairs, event.StringOf(key), event.NumberOf(1))
	}
	events := named(2000)
	for i := range events {
		events[i].Name = fmt.Sprint("event ", i%20)
		events[i].Body = event.ObjectOf(pairs)
	}
	h := NewHeard()
	for b.Loop() {
		h.hear(events)
	}
}
