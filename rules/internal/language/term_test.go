package language

import (
	"strings"
	"testing"
)

// TestStoredNamesLast: series are stored under canonical texts. What is known
// of every event has there the names that it had in version 0.1.0, so that a
// rewritten rule goes on with what was kept for it, and a property of such a
// name has another.
func TestStoredNamesLast(t *testing.T) {
	for written, kept := range map[string]string{
		".event_name": "(.name)", ".event_time": "(.timestamp)", ".event_day": "(.day)",
		".name": `(property "name")`, ".timestamp": `(property "timestamp")`, ".day": `(property "day")`,
	} {
		checked, mistakes := Check(`len(uniq(map(events("A"), ` + written + `))) > 2`)
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		count := checked.Term.Args[0]
		if key := count.Aggregate.Key(); !strings.HasSuffix(key, "|"+kept) {
			t.Errorf("a series of %s is stored under %s, expected %s at its end", written, key, kept)
		}
		if text := count.Text(); !strings.Contains(text, ", "+written+")") {
			t.Errorf("%s is shown in %s", written, text)
		}
	}
}
