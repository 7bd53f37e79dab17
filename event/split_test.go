package event

import (
	"fmt"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	const origin = "events/3/41"
	for _, test := range []struct {
		name, record string
		want         []string // profile, a space, value
		rewritten    bool
	}{
		{"as it is", ` {"type":"alias", "userId":"u","messageId":"m"}` + "\n",
			[]string{`u  {"type":"alias", "userId":"u","messageId":"m"}` + "\n"}, false},
		{"without messageId", `{"type":"alias","userId":7 } `, []string{`7 {"type":"alias","userId":7 ,"messageId":"events/3/41"}`}, true},
		{"with messageId null", `{"messageId":null,"type":"alias","anonymousId":"a"}`,
			[]string{`a {"messageId":null,"type":"alias","anonymousId":"a","messageId":"events/3/41"}`}, true},
		{"batch", `{"batch":[ {"type":"alias","userId":"a"} , {"type":"alias","userId":"b","messageId":"m","sentAt":"2026-11-21T09:00:00Z"}],
			"sentAt":"2026-11-21T08:00:00Z","receivedAt":"2026-11-21T\u0030\u0039:00:00Z"}`,
			[]string{
				`a {"type":"alias","userId":"a","receivedAt":"2026-11-21T09:00:00Z","sentAt":"2026-11-21T08:00:00Z","messageId":"events/3/41/0"}`,
				`b {"type":"alias","userId":"b","messageId":"m","sentAt":"2026-11-21T09:00:00Z","receivedAt":"2026-11-21T09:00:00Z"}`,
			}, true},
		{"batch with a sentAt that nobody looks at", `{"batch":[{"type":"alias","userId":"a","messageId":"m","timestamp":"2026-11-21T08:00:00Z"}],"sentAt":{}}`,
			[]string{`a {"type":"alias","userId":"a","messageId":"m","timestamp":"2026-11-21T08:00:00Z"}`}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			routed, rej := newDecoder(t, Default()).Split(nil, nil, []byte(test.record), origin)
			if len(rej) != 0 {
				t.Fatalf("rejected: %+v", rej)
			}
			var got []string
			for _, r := range routed {
				got = append(got, r.Profile+" "+string(r.Value))
				if r.Rewritten != test.rewritten {
					t.Errorf("%s: rewritten is %v", r.Profile, r.Rewritten)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
			}
			compareSplit(t, []byte(test.record), origin)
		})
	}
}

func TestSplitRejects(t *testing.T) {
	small := Default()
	small.MaxBytes, small.MaxID = 1024, 16
	for _, test := range []struct {
		name, record, origin, reason string
		item                         int
	}{
		{"as Decode does", `{"type":"track","event":"E","userId":"u","properties":{"x":1e999}}`, "t/0/0", "properties.x: 1e999 is too large for a number", -1},
		{"a bad item", `{"batch":[{"type":"alias"}]}`, "t/0/0", "userId: absent, and so is anonymousId", 0},
		{"grown past MaxBytes", `{"type":"alias","userId":"u","x":"` + strings.Repeat("x", 988) + `"}`, "t/0/0", "record: 1044 bytes once it stands alone, the limit is 1024", -1},
		{"origin past MaxID", `{"batch":[{"type":"alias","userId":"u"}]}`, "topic/123/45678", "messageId: 17 bytes from the record's origin, the limit is 16", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			routed, rej := newDecoder(t, small).Split(nil, nil, []byte(test.record), test.origin)
			if len(routed) != 0 || len(rej) != 1 {
				t.Fatalf("got %d routed, %d rejections, want one rejection", len(routed), len(rej))
			}
			if rej[0].Reason != test.reason || rej[0].Item != test.item {
				t.Errorf("got item %d, %q; want item %d, %q", rej[0].Item, rej[0].Reason, test.item, test.reason)
			}
		})
	}
}

// TestOriginIsEscaped routes a record whose origin would break the JSON.
func TestOriginIsEscaped(t *testing.T) {
	const origin = "a\"b\\c\n"
	d := newDecoder(t, Default())
	routed, _ := d.Split(nil, nil, []byte(`{"type":"alias","userId":"u"}`), origin)
	events, rej := d.Decode(nil, nil, routed[0].Value, recordTime, 0)
	if len(rej) != 0 || events[0].MessageID != origin {
		t.Errorf("got %+v, %+v; want messageId %q", events, rej, origin)
	}
}

// compareSplit checks that what Split makes of a record decodes to the same
// events and the same rejections as the record itself.
func compareSplit(t *testing.T, record []byte, origin string) {
	t.Helper()
	d := newDecoder(t, Default())
	want, wantRej := d.Decode(nil, nil, record, recordTime, 0)
	routed, rej := d.Split(nil, nil, record, origin)
	if fmt.Sprint(rej) != fmt.Sprint(wantRej) || len(routed) != len(want) {
		t.Fatalf("Split: %d routed, rejections %+v\nDecode: %d events, rejections %+v", len(routed), rej, len(want), wantRej)
	}
	for i, r := range routed {
		got, rej := d.Decode(nil, nil, r.Value, recordTime, 0)
		if len(got) != 1 {
			t.Fatalf("routed %d is rejected: %+v\n%s", i, rej, r.Value)
		}
		if !strings.HasPrefix(got[0].MessageID, origin) && got[0].MessageID != want[i].MessageID || got[0].MessageID == "" {
			t.Errorf("routed %d has messageId %q, the event %q", i, got[0].MessageID, want[i].MessageID)
		}
		got[0].MessageID = want[i].MessageID
		if r.Profile != want[i].Profile || !sameEvent(got[0], want[i]) {
			t.Errorf("routed %d (%s):\n got %+v\nwant %+v", i, r.Profile, got[0], want[i])
		}
	}
}
