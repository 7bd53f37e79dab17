package event

import (
	"slices"
	"strings"
	"testing"
)

// TestIDsThatAreNotNeeded: whatever stands in the place of an id that is not
// needed, nothing of the event is lost.
func TestIDsThatAreNotNeeded(t *testing.T) {
	junk := []string{`{}`, `[]`, `[1]`, `false`, `true`, `1.5`, `1e3`, `null`, `""`, `" "`, `"` + strings.Repeat("x", 2000) + `"`}
	for _, id := range Default().BlockedIDs {
		junk = append(junk, `"`+id+`"`, `"`+strings.ToUpper(id)+`"`, `" `+strings.ToLower(id)+` "`)
	}
	for _, one := range junk {
		for record, want := range map[string]string{
			`{"type":"track","event":"E","userId":"u","anonymousId":` + one + `}`:                         "u",
			`{"type":"track","event":"E","userId":"u","groupId":` + one + `,"previousId":` + one + `}`:    "u",
			`{"type":"identify","userId":7,"anonymousId":` + one + `,"groupId":{},"messageId":null}`:      "7",
			`{"type":"alias","userId":"u","previousId":` + one + `,"anonymousId":` + one + `}`:            "u",
			`{"type":"group","groupId":"g","userId":"u","anonymousId":` + one + `,"messageId":[{"a":1}]}`: "u",
		} {
			e := decodeOne(t, newDecoder(t, Default()), record)
			if e.Profile != want || e.MessageID != "" || e.OtherID != "" {
				t.Errorf("%s: got %+v", record, e)
			}
		}
		if strings.Contains(one, "xx") {
			continue // too long where an id is needed is another mistake
		}
		for _, record := range []string{
			`{"type":"track","event":"E","anonymousId":"a","userId":` + one + `,"messageId":` + one + `}`,
			`{"type":"identify","anonymousId":"a","userId":` + one + `}`,
		} {
			if e := decodeOne(t, newDecoder(t, Default()), record); e.Profile != "a" || e.MessageID != "" || e.OtherID != "" {
				t.Errorf("%s: got %+v", record, e)
			}
		}
		_, rej := newDecoder(t, Default()).Decode(nil, nil, []byte(`{"type":"alias","userId":`+one+`,"anonymousId":`+one+`}`), recordTime, 0)
		if len(rej) != 1 || !strings.HasPrefix(rej[0].Reason, "userId: ") {
			t.Errorf("%s as both ids: got %+v", one, rej)
		}
	}
}

// TestIDsThatLookBlocked are ids like all others.
func TestIDsThatLookBlocked(t *testing.T) {
	for _, id := range []string{
		"undefined1", "nul", "00", "1", "-0", "guest-7", "anonymous user", "object", "[object]", "00000000-0000-0000-0000-000000000001",
		"nones", "n", "ｎｕｌｌ", "falsé",
	} {
		if e := decodeOne(t, newDecoder(t, Default()), `{"type":"alias","userId":"`+id+`"}`); e.Profile != id {
			t.Errorf("%q became %q", id, e.Profile)
		}
	}
}

// TestBlockedIDsTurn: the list is the operator's.
func TestBlockedIDsTurn(t *testing.T) {
	c := Default()
	c.BlockedIDs = []string{"unknown", " Test "}
	for id, blocked := range map[string]bool{"unknown": true, "UNKNOWN": true, "test": true, "undefined": false, "0": false} {
		e := decodeOne(t, newDecoder(t, c), `{"type":"alias","userId":"`+id+`","anonymousId":"a"}`)
		if (e.Profile == "a") != blocked {
			t.Errorf("%s: profile %q", id, e.Profile)
		}
	}
	c.BlockedIDs = nil
	if e := decodeOne(t, newDecoder(t, c), `{"type":"alias","userId":"","anonymousId":"null"}`); e.Profile != "null" {
		t.Errorf("nothing is blocked, and the profile is %q", e.Profile)
	}
	if first := Default().BlockedIDs; !slices.Equal(first, Default().BlockedIDs) || len(first) != 13 {
		t.Errorf("defaults: %q", first)
	}
}

// TestJoins: which calls say that two ids are one customer's.
func TestJoins(t *testing.T) {
	for call, want := range map[string]string{
		`"alias","userId":"u","previousId":"p"`:                                     "p",
		`"alias","userId":"u","previousId":17,"anonymousId":"a"`:                    "17",
		`"alias","anonymousId":"u","previousId":"u"`:                                "",
		`"alias","userId":"u"`:                                                      "",
		`"identify","userId":"u","anonymousId":"a"`:                                 "a",
		`"identify","userId":"u","anonymousId":"u"`:                                 "",
		`"identify","userId":"u","previousId":"p"`:                                  "",
		`"identify","anonymousId":"u"`:                                              "",
		`"identify","userId":"undefined","anonymousId":"u"`:                         "",
		`"track","event":"E","userId":"u","anonymousId":"a"`:                        "",
		`"group","groupId":"g","userId":"u","anonymousId":"a"`:                      "",
		`"page","userId":"u","anonymousId":"a","previousId":"p"`:                    "",
		`"identify","userId":"u","anonymousId":"` + strings.Repeat("x", 1025) + `"`: "",
	} {
		e := decodeOne(t, newDecoder(t, Default()), `{"type":`+call+`}`)
		if joins := want != "" || strings.HasPrefix(call, `"alias"`); e.Profile != "u" || e.OtherID != want || e.Joins() != joins {
			t.Errorf("%s: got %+v, joins %v", call, e, e.Joins())
		}
	}
}
