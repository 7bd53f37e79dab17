package history

import (
	"fmt"
	"testing"
)

// A request that reads for others leaves nothing of the archive for them to
// read, and its own members are those that it has alone.
func TestReadingForOthers(t *testing.T) {
	widened := 0
	for seed := range uint64(4) {
		s := randomShop(t, seed, 300, 2)
		other := randomShop(t, seed+100, 1, 5) // for its segments
		own, their := s.request(t, s.end), s.request(t, s.end)
		their.Set = other.set
		if own.Reading() != their.Reading() || own.ID() == their.ID() {
			t.Fatal("segments decide what is read")
		}
		dir := t.TempDir()
		b, err := New(own, config(dir, 2))
		if err != nil {
			t.Fatal(err)
		}
		b.ReadAlong(their.Keeps())
		report, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		compareMembers(t, fmt.Sprint("seed ", seed), membersOf(t, report), s.foretold(t, s.end))
		second := backfill(t, their, config(dir, 2))
		if second.Read.Objects != 0 || second.Saved.Objects == 0 {
			t.Errorf("seed %d: the second reads %+v", seed, second.Read)
		}
		s.texts = other.texts
		compareMembers(t, fmt.Sprint("seed ", seed, ", the other"), membersOf(t, second), s.foretold(t, s.end))
		if !own.Keeps().Covers(their.Keeps()) {
			widened++
		}
	}
	if widened == 0 {
		t.Error("no reading was wider")
	}
}

// What is read in another way, or of other days, is another reading.
func TestReadingsDiffer(t *testing.T) {
	s := few(t)
	first := s.request(t, s.end)
	for name, change := range map[string]func(*Request){
		"days":   func(r *Request) { r.From = decodeTime(t, "2026-11-02T00:00:00Z") },
		"prefix": func(r *Request) { r.Prefix = "2026-11-01/" },
		"limits": func(r *Request) { r.Limits.Events.MaxID++ },
	} {
		r := s.request(t, s.end)
		change(r)
		if r.Reading() == first.Reading() {
			t.Errorf("%s make no difference", name)
		}
	}
	later := s.request(t, s.end+1)
	if later.Reading() != first.Reading() {
		t.Error("as-of makes a difference to what is read")
	}
}
