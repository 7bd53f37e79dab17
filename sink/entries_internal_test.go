package sink

import "testing"

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
