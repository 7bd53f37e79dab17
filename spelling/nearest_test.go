package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"bucket", "count", "events", "first", "from_now", "len", "mean", "segment", "sum", "uniq"}
	for name, want := range map[string]string{
		"cuont": "count", "event": "events", "evnets": "events", "lenn": "len", "sun": "sum", "averge": "", "from-now": "from_now", "buket": "bucket",
		"foo": "", "x": "", "": "", "frist": "first", "segments": "segment", "unique": "uniq",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
func TestDistance(t *testing.T) {
	words := []string{"", "a", "ab", "ba", "count", "cuont", "mean", "kitten", "sitting"}
	for _, a := range words {
		for _, b := range words {
			d := distance(a, b)
			if (d == 0) != (a == b) || d != distance(b, a) || d > max(len(a), len(b)) {
				t.Errorf("%q to %q: %d", a, b, d)
			}
			for _, c := range words {
				if distance(a, c) > d+distance(b, c) {
					t.Errorf("the way from %q to %q over %q is shorter", a, c, b)
				}
			}
		}
	}
	if distance("kitten", "sitting") != 3 || distance("cuont", "count") != 2 {
		t.Error("the distance is not Levenshtein's")
	}
}
