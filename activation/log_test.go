package activation

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// logged returns the log that a ledger holds.
func logged(t *testing.T, m *memory) []LogEntry {
	t.Helper()
	out := make([]LogEntry, len(m.log))
	for i, text := range m.log {
		entry, err := DecodeLog(text)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = entry
	}
	return out
}

// Each attempt is in the log, with its number, answer and changes.
func TestEachAttemptIsInTheLog(t *testing.T) {
	r := newRig(t, 2)
	sent := 0
	r.receiver.answer = func(Message) (bool, Answer) {
		if sent++; sent == 1 {
			return false, Answer{Verdict: Deferred, Status: 503, Reason: "503 Service Unavailable", Took: 1500 * time.Microsecond}
		}
		return true, Answer{Verdict: Delivered, Status: 200, Took: time.Millisecond}
	}
	r.memory.add("p\xff", "a", true, 1)
	r.memory.add("p\xff", "b", true, 2)
	r.settle(t, 2)
	got := logged(t, r.memory)
	if len(got) != 2 {
		t.Fatalf("the log has %d entries", len(got))
	}
	first, second := got[0], got[1]
	if first.Verdict != Deferred || first.Status != 503 || first.Reason != "503 Service Unavailable" || first.Attempt != 1 ||
		first.Took != 1500*time.Microsecond || len(first.Changes) != 2 || first.Changes[1].Profile != "p\xff" ||
		first.Changes[1].Segment != "b" || first.Changes[1].Version != 2 || !first.Changes[1].Entered || first.Changes[1].Number != 2 {
		t.Errorf("first entry %+v", first)
	}
	if second.Verdict != Delivered || second.Attempt != 2 || second.Message != first.Message || !second.At.After(first.At) || second.Reason != "" {
		t.Errorf("second entry %+v behind %+v", second, first)
	}
}

// A message that can't be encoded is in the log too.
func TestWhatCannotBeEncodedIsInTheLog(t *testing.T) {
	r := newRig(t, 1)
	r.encode = func([]Change) (Message, error) { return Message{}, fmt.Errorf("no text") }
	r.memory.add("p", "a", true, 1)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := logged(t, r.memory); len(got) != 1 || got[0].Verdict != Refused || got[0].Reason != "encoding: no text" || got[0].Message != "" {
		t.Errorf("the log is %+v", got)
	}
}

// No log is written where none is wanted.
func TestNoLog(t *testing.T) {
	r := newRig(t, 1)
	r.log = false
	r.memory.add("p", "a", true, 1)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(t.Context()); err != nil || r.memory.counts[CountDelivered] != 1 || len(r.memory.log) != 0 {
		t.Errorf("counts %v, %d entries, %v", r.memory.counts, len(r.memory.log), err)
	}
}

// Entries stay small however many changes a message has and however long its
// ids and the reason are, and together they have all changes.
func TestEntriesOfTheLogAreBounded(t *testing.T) {
	for _, length := range []int{8, 1024} {
		p := &parcel{failed: 2}
		for i := range MaxBatch {
			p.changes = append(p.changes, Change{Profile: fmt.Sprintf("%0*d", length, i), Segment: strings.Repeat("s", 64), Version: uint64(i)})
		}
		entries, err := logOf(p, "msg_x", Answer{Verdict: Refused, Reason: strings.Repeat("ü", 1000)}, time.UnixMilli(5))
		if err != nil {
			t.Fatal(err)
		}
		next := uint64(0)
		for _, text := range entries {
			if len(text) > 9<<10 {
				t.Errorf("an entry has %d bytes", len(text))
			}
			entry, err := DecodeLog(text)
			if err != nil || len(entry.Changes) > loggedChanges || entry.Attempt != 3 || entry.Reason != strings.Repeat("ü", 200) {
				t.Fatalf("entry %+v, %v", entry, err)
			}
			for _, c := range entry.Changes {
				if c.Version != next {
					t.Fatalf("change %d came where %d belongs", c.Version, next)
				}
				next++
			}
		}
		if next != MaxBatch {
			t.Errorf("the log has %d changes of %d", next, MaxBatch)
		}
	}
}

// What is no entry is told, not taken for one.
func TestDecodeLogRefusesOthers(t *testing.T) {
	if _, err := DecodeLog([]byte("{")); err == nil {
		t.Error("decoded")
	}
}
