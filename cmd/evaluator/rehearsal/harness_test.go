package rehearsal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/ruleset"
)

// shopRules look at traits, windows and time.
func shopRules(t *testing.T) *rules.Set {
	t.Helper()
	return ruleset.Compile(t, map[string]string{
		"german":  `traits.country == "DE"`,
		"regular": `count(events("Order", "7d")) >= 3`,
		"quiet":   `count(events("Order", "1h")) == 0 and sum(events("Order", "30d"), .value) > 20`,
	})
}

// shopLines are events of some customers, a minute apart.
func shopLines(events, customers int) []string {
	var lines []string
	at := time.Date(2026, 11, 1, 10, 0, 0, 250e6, time.UTC)
	for i := range events {
		text := fmt.Sprintf(`"messageId":"message-number-%d","userId":"u%d","timestamp":"%s"`, i, i*i%customers, at.Format(time.RFC3339Nano))
		switch i % 4 {
		case 0:
			lines = append(lines, fmt.Sprintf(`{"type":"identify",%s,"traits":{"country":"%s"}}`, text, []string{"DE", "FR"}[i/4%2]))
		default:
			lines = append(lines, fmt.Sprintf(`{"type":"track","event":"Order",%s,"properties":{"value":%d}}`, text, i%13))
		}
		at = at.Add(time.Minute)
	}
	return lines
}

func newSample(t *testing.T, lines ...string) *Sample {
	t.Helper()
	s, err := NewSample(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		s.Add(i+1, []byte(line))
	}
	return s
}

func newTestEngine(t *testing.T, set *rules.Set, limits pipeline.Config) *engine {
	t.Helper()
	e, err := newEngine(set, limits, func(line int, reason string) { t.Errorf("line %d is refused: %s", line, reason) })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// serveAll plays a sample so many times in batches of some records.
func serveAll(t *testing.T, e *engine, s *Sample, times int64, records int) {
	t.Helper()
	p, b := player{sample: s}, batch{}
	for p.play < times {
		if !p.prepare(records) {
			t.Fatal("time has ended")
		}
		p.read(&b)
		if err := e.serve(&b, p.lines); err != nil {
			t.Fatal(err)
		}
	}
}

// decodeAll returns the events of a record.
func decodeAll(t *testing.T, text string) []event.Event {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	events, rejected := decoder.Decode(nil, nil, []byte(text), 0, 0)
	if len(rejected) > 0 {
		t.Fatalf("%s: %s", text, rejected[0].Reason)
	}
	return events
}

// masked hides hexadecimal digits, so that texts can be compared but for times
// and ids.
func masked(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'f' {
			return '#'
		}
		return r
	}, text)
}
