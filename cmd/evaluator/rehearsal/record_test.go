package rehearsal

import (
	"reflect"
	"strings"
	"testing"

	"muster/event"
)

func mustRecord(t *testing.T, text string) record {
	t.Helper()
	d, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecord([]byte(text), 1, d.IsID)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// TestTimesAreMovedOn: a playing differs in times and message ids, and in
// nothing else.
func TestTimesAreMovedOn(t *testing.T) {
	for _, text := range []string{
		`{"type":"page","userId":"u","messageId":"0af8e21be3a4440ea3d5c1","timestamp":"2026-02-28T23:59:59Z"}`,
		` { "timestamp" : "2026-10-25T02:30:00.123456+02:00" , "type":"page","userId":"u"} `,
		`{"type":"page","userId":"u","receivedAt":"2026-11-01T10:00:00.5Z","sentAt":"2026-11-01T10:00:01Z","originalTimestamp":"2026-11-01T09:00:00-05:30"}`,
		`{"type":"page","userId":"u","sentAt":"whenever","timestamp":"2026-11-01T10:00:00Z","properties":{"timestamp":"2026-11-01T10:00:00Z","messageId":"x"}}`,
		`{"receivedAt":"2026-11-01T10:00:00Z","batch":[{"type":"page","userId":"u","messageId":"0123456789abcdef"},{"userId":"v","type":"identify","timestamp":"2026-10-01T10:00:00Z","traits":{"a":[1,{"b":2}]}}]}`,
		`{"messageId":null,"type":"page","userId":"u","timestamp":"2026-11-01T10:00:00Z"}`,
	} {
		r := mustRecord(t, text)
		const seconds = 86400*3 + 7
		before, after := string(r.appendPlay(nil, 0, 0)), string(r.appendPlay([]byte("kept"), 5, seconds))[4:]
		if len(before) != len(text) || masked(before) != masked(text) || masked(after) != masked(text) {
			t.Errorf("%s became\n%s and\n%s: more than times and ids has changed", text, before, after)
		}
		was, is := decodeAll(t, text), decodeAll(t, after)
		for i := range was {
			was[i].Time, was[i].Arrival = was[i].Time+seconds*1000, was[i].Arrival+seconds*1000
			if (was[i].MessageID == "") != (is[i].MessageID == "") {
				t.Errorf("%s: message id %q became %q", text, was[i].MessageID, is[i].MessageID)
			}
			was[i].MessageID, is[i].MessageID = "", ""
		}
		if !reflect.DeepEqual(was, is) {
			t.Errorf("%s: events are %+v, want %+v", text, is, was)
		}
	}
}

// TestTimesInOtherSpellingsAreMovedOn: however the decoder may read them.
func TestTimesInOtherSpellingsAreMovedOn(t *testing.T) {
	for _, at := range []string{
		`"2026-11-01 10:00"`, `"2026-11-01t10:00:00,25z"`, `"2026-11-01"`, `"2026-10-31T23:59:60+0130"`, `1793527200`, `1793527200500`, `1793527200.5`,
	} {
		const seconds = 86400
		text := `{"type":"page","userId":"u","receivedAt":` + at + `}`
		was, is := decodeAll(t, text)[0], decodeAll(t, string(new(mustRecord(t, text)).appendPlay(nil, 1, seconds)))[0]
		if is.Arrival != was.Arrival+seconds*1000 {
			t.Errorf("%s was %d and became %d", at, was.Arrival, is.Arrival)
		}
	}
}

// TestMessageIDs: what is a repeat in the sample is one in every playing, and
// nothing else is.
func TestMessageIDs(t *testing.T) {
	page := func(id string) record {
		return mustRecord(t, `{"type":"page","userId":"u","timestamp":"2026-11-01T10:00:00Z","messageId":`+id+`}`)
	}
	id := func(r record, play int64) string {
		return decodeAll(t, string(r.appendPlay(nil, play, 0)))[0].MessageID
	}
	a, again, b, number := page(`"a"`), page(`"a"`), page(`"b"`), page(`4711`)
	seen := map[string]bool{}
	for play := range int64(1000) {
		if id(a, play) != id(again, play) {
			t.Fatalf("the same id became %q and %q", id(a, play), id(again, play))
		}
		for _, r := range []record{a, b, number} {
			if one := id(r, play); seen[one] || len(one) != serialDigits {
				t.Fatalf("id %q came before, or has not %d digits", one, serialDigits)
			} else {
				seen[one] = true
			}
		}
	}
	for _, absent := range []string{`null`, `""`, `"undefined"`, `" NULL"`, `{}`, `[1]`, `false`, `0`} {
		if got := id(page(absent), 1); got != "" {
			t.Errorf("%s, which counts as absent, became the id %q", absent, got)
		}
	}
	long := strings.Repeat("x", 1024)
	if got := id(page(`"`+long+`"`), 1); len(got) != len(long) {
		t.Errorf("an id of %d bytes has %d, so that decoding costs something else", len(long), len(got))
	}
}

func TestTimesEnd(t *testing.T) {
	s := newSample(t, `{"type":"page","userId":"u","timestamp":"1999-01-01T00:00:00Z"}`, `{"type":"page","userId":"u","timestamp":"9998-01-01T00:00:00Z"}`)
	p := player{sample: s}
	if p.prepare(3) {
		t.Errorf("a playing past the year 9999 was prepared: %s", p.batch)
	}
	late := mustRecord(t, `{"type":"page","userId":"u","timestamp":"9999-06-01T00:00:00Z"}`)
	if got := string(late.appendPlay(nil, 1, 1e9)); !strings.Contains(got, `"9999-12-31T00:00:00Z"`) {
		t.Errorf("%s: want the last day there is", got)
	}
}
