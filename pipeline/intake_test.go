package pipeline

import (
	"testing"

	"muster/event"
)

// TestParcelsSuitTheRules decodes a parcel for rules that read nothing of
// contexts, and then has it suit others.
func TestParcelsSuitTheRules(t *testing.T) {
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	record := []byte(`{"batch":[{"type":"track","event":"A","userId":"u","receivedAt":"2026-11-21T10:10:00Z","context":{"ip":"::1","os":{"name":"x"},"page":{}}},{"type":"x"}]}`)
	const wall = 1_795_255_200_000 // 2026-11-21T10:00:00Z, so that the arrival is clamped
	o := origin{"events", 3}
	p := parcel{decoder: decoder, wall: wall, batch: Batch{Records: []Record{{Value: nil}, {Offset: 1, Time: 1, Value: record}}}}
	p.decode(o, nil)
	fields := func() int {
		if len(p.events) != 1 || len(p.records) != 1 || p.records[0] != 1 || len(p.letters) != 1 || p.tombstones != 1 || p.events[0].Arrival != wall {
			t.Fatalf("%+v", p)
		}
		return p.events[0].Context.Len()
	}
	if n := fields(); n != 0 {
		t.Errorf("%d fields without a rule that reads one", n)
	}
	for _, want := range []struct {
		context []string
		fields  int
	}{{[]string{"ip"}, 1}, {[]string{"ip", "os"}, 2}, {[]string{"os"}, 2}, {nil, 2}, {[]string{"device", "os"}, 1}} {
		p.suit(o, want.context)
		if n := fields(); n != want.fields {
			t.Errorf("%v: %d fields, want %d", want.context, n, want.fields)
		}
	}
}
