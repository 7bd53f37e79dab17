package tracking

import (
	"encoding/json"
	"net/http"
	"testing"

	"muster/event"
)

// FuzzHandler demands of any body on any path that it is answered without a
// panic and with a status that is meant for it; that what is refused leaves
// nothing behind; and that of what is taken every item is in the log, within
// its bound, and is refused by the log's reader exactly where the answer says so.
func FuzzHandler(f *testing.F) {
	paths := Patterns()
	for i, body := range []string{
		``, `{}`, `{"batch":[]}`, `{"batch":[null,5,{}]}`, `{"userId":"ann","event":"A","timestamp":1,"sentAt":"x"}`, `{"batch":[{"batch":[]}]}`,
		`{"context":{"a":1,"a":{"b":null}},"sentAt":"2026-11-28T11:00:00Z","batch":[{"type":"track","event":"A","userId":"ann","context":null},{"type":"page","anonymousId":7}]}`,
		`{"batch":[{"type":"identify","userId":"\ud800","traits":[],"messageId":"\u0000"}],"batch":[{"type":"page","userId":"undefined"}]}`,
	} {
		f.Add(uint8(i), []byte(body))
		f.Add(uint8(27), []byte(body)) // a batch
	}
	log := &memory{}
	h := started(f, Default(), log)
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path uint8, body []byte) {
		log.events = nil
		w := post(h, paths[int(path)%len(paths)], string(body))
		switch w.Code {
		case http.StatusOK:
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			problemOf(t, w)
			if len(log.events) > 0 {
				t.Errorf("%d events of a refused request", len(log.events))
			}
			return
		default:
			t.Fatalf("the status is %d: %s", w.Code, w.Body)
		}
		var answer success
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		reasons := 0
		for _, e := range log.events {
			if len(e.Value) > h.config.MaxEvent+stamped {
				t.Errorf("an event of %d bytes", len(e.Value))
			}
			events, refused := decoder.Decode(nil, nil, e.Value, 1, 0)
			if len(events)+len(refused) != 1 {
				t.Fatalf("%q is %d events and %d reasons", e.Value, len(events), len(refused))
			}
			if len(events) == 1 && (events[0].Profile != e.Profile || events[0].MessageID == "" || events[0].Arrival != now.UnixMilli()) {
				t.Errorf("%q of %q is %+v", e.Value, e.Profile, events[0])
			}
			for _, r := range refused {
				if reasons++; reasons > len(answer.Rejected) || answer.Rejected[reasons-1].Reason != r.Reason {
					t.Errorf("%q: its reader says %s, the answer %v", e.Value, r.Reason, answer.Rejected)
				}
			}
			decoder.Reset()
		}
		if reasons != len(answer.Rejected) {
			t.Errorf("the answer is %s", w.Body)
		}
	})
}
