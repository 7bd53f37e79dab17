package event

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestEventsStayUntilReset(t *testing.T) {
	d := newDecoder(t, Default())
	record := func(i int) []byte {
		return fmt.Appendf(nil, `{"type":"track","userId":"user-%d","messageId":%d,"event":"E%d","properties":{"a":[%d,{"b":"%s"}]}}`,
			i, i, i, i, strings.Repeat(fmt.Sprint(i%10), i%3000))
	}
	const n = 500 // over several chunks of text and of values
	for round := range 3 {
		var events []Event
		var routed []Routed
		for i := range n {
			data := record(i)
			events, _ = d.Decode(events, nil, data, recordTime, 0)
			routed, _ = d.Split(routed, nil, data, "t/0/0")
			clear(data) // nothing decoded may live in the record
		}
		for i, e := range events {
			want, rej := newDecoder(t, Default()).Decode(nil, nil, record(i), recordTime, 0)
			if len(rej) != 0 || !sameEvent(e, want[0]) {
				t.Fatalf("round %d, event %d has changed: %+v", round, i, e)
			}
			if routed[i].Profile != e.Profile {
				t.Fatalf("round %d, routed profile %d has changed: %s", round, i, routed[i].Profile)
			}
		}
		d.Reset()
	}
}

func TestResetReusesMemory(t *testing.T) {
	d := newDecoder(t, Default())
	first, _ := d.Decode(nil, nil, []byte(`{"type":"alias","userId":"first"}`), recordTime, 0)
	kept := strings.Clone(first[0].Profile)
	d.Reset()
	d.Decode(nil, nil, []byte(`{"type":"alias","userId":"other"}`), recordTime, 0)
	if kept != "first" || first[0].Profile != "other" {
		t.Errorf("the clone is %q, the string in the arena %q; want first, other", kept, first[0].Profile)
	}
}

// TestArenaIsBounded decodes what grows the decoder most, in values and in
// text, and checks that Reset gives the memory back.
func TestArenaIsBounded(t *testing.T) {
	const head, tail = `{"type":"page","userId":"u","properties":{"a":["`, `"]}}`
	const room = 1<<20 - len(head) - len(tail)
	d := newDecoder(t, Default())
	var m runtime.MemStats
	for _, filling := range []string{
		strings.Repeat(`",[],"`, room/6),
		strings.Repeat("x", room),
	} {
		record := []byte(head + filling + tail)
		for range 20 {
			if events, rej := d.Decode(nil, nil, record, recordTime, 0); len(events) != 1 {
				t.Fatalf("rejected: %s", rej[0].Reason)
			}
		}
		d.Reset()
		runtime.GC()
		runtime.ReadMemStats(&m)
		const kept = textKept + valuesKept*56 + 8<<20
		if m.HeapAlloc > kept {
			t.Errorf("after Reset %d MB are held, want at most %d", m.HeapAlloc>>20, kept>>20)
		}
	}
	if len(d.arena.values.chunks) == 0 || len(d.arena.text.chunks) == 0 {
		t.Error("Reset kept nothing for the next batch")
	}
	runtime.KeepAlive(d)
}
