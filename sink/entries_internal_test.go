package sink

import "testing"

// It takes few trips to read many changes, whatever the entries have.
func TestTripsAreFew(t *testing.T) {
	for name, changes := range map[string]func(entry int) int{
		"one each":              func(int) int { return 1 },
		"many each":             func(int) int { return 300 },
		"few behind many":       func(entry int) int { return max(1, 900-entry*890) },
		"many behind few":       func(entry int) int { return 1 + entry/40*300 },
		"none at the beginning": func(entry int) int { return min(entry, 1) },
	} {
		r, trips := &reading{most: 1000}, 0
		for trip := outboxFirst; trip > 0; trip = r.trip(trip) {
			for range trip {
				r.found = append(r.found, make([]Entry, changes(r.came))...)
				r.came++
			}
			if trips++; trips > 12 || trip > outboxTrip {
				t.Fatalf("%s: %d changes in trip %d, which is of %d entries", name, len(r.found), trips, trip)
			}
		}
	}
}

// What is read in the usual way comes to the same entries, and what is cut off
// anywhere is an error.
func TestAnswersAreReadToTheirEnd(t *testing.T) {
	answer := []any{
		[]any{"7-1", []any{"segment", "vip", "profile", "a\r\n*1\r\n", "kind", "entered", "at", "5", "version", "2"}},
		[]any{"7-2", []any{"segment", "vip", "profile", "", "kind", "exited", "at", "6", "version", "3"}},
	}
	text := appendAnswer(nil, answer)
	read := func(text []byte) ([]Entry, error) {
		r := &reading{answer: text, texts: map[string]string{}}
		_, err := r.entries()
		return r.found, err
	}
	got, err := read(text)
	if err != nil || len(got) != 2 || got[0].Change.Profile != "a\r\n*1\r\n" || got[1].Change.Version != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for length := range len(text) - 1 {
		if got, err := read(text[:length]); err == nil {
			t.Errorf("of %d bytes %v is read", length, got)
		}
	}
	for _, wrong := range []string{"*1000000000\r\n", "*-1\r\n", "$1\r\na\r\n", "*1\r\n*2\r\n$3\r\n7-1\r\n*1\r\n$1\r\na\r\n"} {
		if got, err := read([]byte(wrong)); err == nil {
			t.Errorf("%q is read as %v", wrong, got)
		}
	}
}
