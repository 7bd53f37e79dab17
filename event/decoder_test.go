package event

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// recordTime is 2026-11-21T10:00:00Z.
const recordTime = 1795255200000

func object(pairs ...any) Value {
	var list []Value
	for i, p := range pairs {
		switch p := p.(type) {
		case string:
			list = append(list, StringOf(p))
		case int:
			list = append(list, NumberOf(float64(p)))
		case float64:
			list = append(list, NumberOf(p))
		case Value:
			list = append(list, p)
		case nil:
			list = append(list, Value{})
		default:
			panic(fmt.Sprintf("argument %d", i))
		}
	}
	return ObjectOf(list)
}

// sameEvent compares bodies with their order, so that it also proves that
// fields stand in document order.
func sameEvent(a, b Event) bool {
	x, y, ofA, ofB := a.Body, b.Body, a.Context, b.Context
	a.Body, b.Body, a.Context, b.Context = Value{}, Value{}, Value{}, Value{}
	return fmt.Sprint(a, x, ofA) == fmt.Sprint(b, y, ofB)
}

func TestDecodeGoodForms(t *testing.T) {
	const u = `"userId":"u","type":`
	arrived := func(e Event) Event {
		e.Profile = "u"
		if e.Arrival == 0 {
			e.Arrival = recordTime
		}
		if e.Time == 0 {
			e.Time = e.Arrival
		}
		return e
	}
	for _, test := range []struct {
		name, record string
		want         []Event
	}{
		{"track", `{` + u + `"track","event":"Bought","messageId":"m1","properties":{"price":9.5,"ok":true,"no":false}}`,
			[]Event{arrived(Event{Type: Track, Name: "Bought", MessageID: "m1", Body: object("price", 9.5, "ok", BoolOf(true), "no", BoolOf(false))})}},
		{"track without properties", `{` + u + `"track","event":"E"}`, []Event{arrived(Event{Type: Track, Name: "E"})}},
		{"null properties", `{` + u + `"track","event":"E","properties":null}`, []Event{arrived(Event{Type: Track, Name: "E"})}},
		{"empty properties", `{` + u + `"track","event":"E","properties":{}}`, []Event{arrived(Event{Type: Track, Name: "E", Body: object()})}},
		{"page", `{` + u + `"page","name":"Home","event":7,"properties":{"url":"a\/b"}}`, []Event{arrived(Event{Type: Page, Name: "Page Viewed", Body: object("url", "a/b", "name", "Home")})}},
		{"screen", `{` + u + `"screen","properties":{"a":[1,"x",null,[],{"b":2}]}}`,
			[]Event{arrived(Event{Type: Screen, Name: "Screen Viewed", Body: object("a",
				ArrayOf([]Value{NumberOf(1), StringOf("x"), {}, ArrayOf(nil), object("b", 2)}))})}},
		{"identify with explicit null", `{` + u + `"identify","traits":{"plan":null,"a":{"b":null}},"properties":{"x":1}}`,
			[]Event{arrived(Event{Type: Identify, Body: object("plan", nil, "a", object("b", nil))})}},
		{"group", `{` + u + `"group","groupId":"g","traits":{"n":1}}`, []Event{arrived(Event{Type: Group, GroupID: "g", Body: object("n", 1)})}},
		{"group with a number", `{` + u + `"group","groupId":12345678901234567890123}`, []Event{arrived(Event{Type: Group, GroupID: "12345678901234567890123"})}},
		{"alias", `{` + u + `"alias","previousId":{"x":1},"traits":5}`, []Event{arrived(Event{Type: Alias})}},
		{"anonymous", `{"userId":null,"anonymousId":"u","type":"alias"}`, []Event{arrived(Event{Type: Alias})}},
		{"empty userId", `{"userId":"","anonymousId":"u","type":"alias"}`, []Event{arrived(Event{Type: Alias})}},
		{"both ids", `{"userId":"u","anonymousId":"a","type":"alias"}`, []Event{arrived(Event{Type: Alias})}},
		{"huge integer ids", `{"userId":"u","anonymousId":-5,"messageId":98765432109876543210,"type":"alias"}`,
			[]Event{arrived(Event{Type: Alias, MessageID: "98765432109876543210"})}},
		{"spaces and line ends", " {\n\t\"userId\" : \"u\" ,\r\n \"type\":\"alias\" } \n", []Event{arrived(Event{Type: Alias})}},
		{"escaped keys", `{"user\u0049d":"u","type":"\u0061lias"}`, []Event{arrived(Event{Type: Alias})}},
		{"escapes", `{` + u + `"track","event":"\ud83d\ude00\n\"\\\u00e9","properties":{"\u0000":"\b\f\r\t"}}`,
			[]Event{arrived(Event{Type: Track, Name: "😀\n\"\\é", Body: object("\x00", "\b\f\r\t")})}},
		{"halves of surrogate pairs", `{` + u + `"track","event":"x\ud83d","properties":{"\udc00":"\ud83d\u0041","b":"\ud800\ud83d\ude00\""}}`,
			[]Event{arrived(Event{Type: Track, Name: "x\ufffd", Body: object("\ufffd", "\ufffdA", "b", "\ufffd😀\"")})}},
		{"duplicate keys", `{"type":"track","type":"identify","userId":"x","userId":"u","traits":{"z":1},"traits":{"a":{"b":1},"c":1,"a":{"d":2},"c":2}}`,
			[]Event{arrived(Event{Type: Identify, Body: object("a", object("d", 2), "c", 2)})}},
		{"duplicate key that ends as null", `{"userId":"x","userId":null,"anonymousId":"u","type":"alias"}`, []Event{arrived(Event{Type: Alias})}},
		{"malformed number in a field nobody reads", `{` + u + `"alias","context":{"screen":NaN}}`, []Event{arrived(Event{Type: Alias})}},
		{"batch", `{"batch":[{` + u + `"alias"},{` + u + `"track","event":"E"}],"receivedAt":"2026-11-21T09:00:00Z"}`,
			[]Event{arrived(Event{Type: Alias, Arrival: recordTime - 3600e3}), arrived(Event{Type: Track, Name: "E", Arrival: recordTime - 3600e3})}},
		{"batch that is null", `{` + u + `"alias","batch":null}`, []Event{arrived(Event{Type: Alias})}},
		{"empty batch", `{"batch":[]}`, nil},
		{"nulls in a batch", `{"batch":[null,{` + u + `"alias"},null]}`, []Event{arrived(Event{Type: Alias})}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDecoder(t, Default())
			got, rej := d.Decode(nil, nil, []byte(test.record), recordTime, 0)
			if len(rej) != 0 {
				t.Fatalf("rejected: %+v", rej)
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %d events, want %d", len(got), len(test.want))
			}
			for i := range got {
				if !sameEvent(got[i], test.want[i]) {
					t.Errorf("event %d:\n got %+v\nwant %+v", i, got[i], test.want[i])
				}
			}
		})
	}
}

func TestDecodeBadRecords(t *testing.T) {
	leaves := make([]string, 100_000)
	for i := range leaves {
		leaves[i] = fmt.Sprintf(`"%d":1`, i)
	}
	const u = `{"userId":"u","type":`
	const track = u + `"track","event":"E",`
	const notTime = `is not a time, as 2026-11-21T10:00:00Z`
	const noOther = `, and there is no other id that can be used`
	const types = `identify, track, page, screen, group, alias`
	for _, test := range []struct{ name, record, reason string }{
		{"empty", ``, `record: empty`},
		{"only spaces", `   `, `record: not JSON at byte 2, at the end of "   "`},
		{"not JSON", `hello`, `record: not JSON at byte 0, at the end of "h"`},
		{"broken literal", `{"a":tru}`, `record: not JSON at byte 8, at the end of "{\"a\":tru}"`},
		{"truncated", `{"userId":"u","type":"tra`, `record: not JSON at byte 24, at the end of ":\"u\",\"type\":\"tra"`},
		{"tail", `{"userId":"u"} x`, `record: not JSON at byte 15, at the end of "{\"userId\":\"u\"} x"`},
		{"bad escape", `{"userId":"\x"}`, `record: not JSON at byte 12, at the end of "{\"userId\":\"\\x"`},
		{"short escape", `{"userId":"\u12"}`, `record: not JSON at byte 15, at the end of "{\"userId\":\"\\u12\""`},
		{"escape at the end", `{"userId":"\`, `record: not JSON at byte 11, at the end of "{\"userId\":\"\\"`},
		{"control character", "{\"userId\":\"a\nb\"}", `record: not JSON at byte 12, at the end of "{\"userId\":\"a\n"`},
		{"NaN alone", `NaN`, `record: not JSON at byte 0, at the end of "N"`},
		{"null", `null`, `record: null is not a JSON object`},
		{"array", `[{"userId":"u"}]`, `record: an array is not a JSON object`},
		{"string", `"x\u0041"`, `record: "xA" is not a JSON object`},
		{"number", `12`, `record: 12 is not a JSON object`},
		{"binary", "\x00\x01\x02\xff\xfe", `record: not UTF-8 at byte 3`},
		{"invalid UTF-8", u + "\"alias\",\"x\":\"\xc3\x28\"}", `record: not UTF-8 at byte 34`},
		{"10 MB", pad(u+`"alias"}`, 10<<20), `record: 10485760 bytes, the limit is 1048576`},
		{"10,000 deep", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), `record: nested more than 32 deep at byte 32`},

		{"no type", `{"userId":"u"}`, `type: absent; it must be one of ` + types},
		{"unknown type", u + `"purchase"}`, `type: "purchase" is not one of ` + types},
		{"type in capitals", u + `"Track"}`, `type: "Track" is not one of ` + types},
		{"type a number", u + `5}`, `type: 5 is not one of ` + types},

		{"no id", `{"type":"alias","userId":"","anonymousId":null}`, `userId: absent, and so is anonymousId`},
		{"id of 10 KB", `{"type":"alias","userId":"` + strings.Repeat("x", 10240) + `"}`, `userId: 10240 bytes, the limit is 1024`},
		{"integer id of 10 KB", `{"type":"alias","userId":` + strings.Repeat("1", 10240) + `}`, `userId: 10240 bytes, the limit is 1024`},
		{"fractional id", `{"type":"alias","userId":1.5}`, `userId: 1.5 is neither a string nor an integer` + noOther},
		{"id with exponent", `{"type":"alias","userId":1e3}`, `userId: 1e3 is neither a string nor an integer` + noOther},
		{"malformed integer id", `{"type":"alias","userId":007}`, `userId: 007 is neither a string nor an integer` + noOther},
		{"boolean id", `{"type":"alias","userId":true}`, `userId: true is neither a string nor an integer` + noOther},
		{"object id", `{"type":"alias","userId":{}}`, `userId: an object is neither a string nor an integer` + noOther},
		{"only a bad anonymousId", `{"type":"alias","userId":null,"anonymousId":false}`, `anonymousId: false is neither a string nor an integer` + noOther},
		{"two bad ids", `{"type":"alias","userId":false,"anonymousId":{}}`, `userId: false is neither a string nor an integer` + noOther},
		{"blocked id", `{"type":"alias","userId":"undefined"}`, `userId: "undefined" is one of the blocked ids` + noOther},
		{"blocked number", `{"type":"alias","userId":0}`, `userId: 0 is one of the blocked ids` + noOther},
		{"blocked anonymousId", `{"type":"alias","anonymousId":"[object Object]"}`, `anonymousId: "[object Object]" is one of the blocked ids` + noOther},
		{"two blocked ids", `{"type":"alias","userId":" None","anonymousId":"00000000-0000-0000-0000-000000000000"}`, `userId: " None" is one of the blocked ids` + noOther},
		{"a long userId beside an anonymousId", `{"type":"alias","anonymousId":"a","userId":"` + strings.Repeat("x", 1025) + `"}`, `userId: 1025 bytes, the limit is 1024`},
		{"a long anonymousId that is needed", `{"type":"alias","userId":"null","anonymousId":"` + strings.Repeat("x", 1025) + `"}`, `anonymousId: 1025 bytes, the limit is 1024`},
		{"long messageId", u + `"alias","messageId":"` + strings.Repeat("x", 1025) + `"}`, `messageId: 1025 bytes, the limit is 1024`},
		{"no group", u + `"group"}`, `groupId: absent from a group call`},
		{"blocked group", u + `"group","groupId":"NaN"}`, `groupId: "NaN" is one of the blocked ids`},
		{"long group", u + `"group","groupId":"` + strings.Repeat("x", 1025) + `"}`, `groupId: 1025 bytes, the limit is 1024`},
		{"bad group", u + `"group","groupId":0.5}`, `groupId: 0.5 is neither a string nor an integer`},

		{"no event name", u + `"track"}`, `event: absent from a track call`},
		{"empty event name", u + `"track","event":""}`, `event: empty`},
		{"numeric event name", u + `"track","event":12}`, `event: 12 is not a string`},

		{"NaN", track + `"properties":{"price":NaN}}`, `properties.price: NaN is not a JSON number`},
		{"infinity", track + `"properties":{"a":{"price":-inf}}}`, `properties.a.price: -inf is not a JSON number`},
		{"1e999", track + `"properties":{"items":[{"price":1},{"price":1e999}]}}`, `properties.items[1].price: 1e999 is too large for a number`},
		{"sloppy number", track + `"properties":{"m":[[1-2]]}}`, `properties.m[0][0]: 1-2 is not a JSON number`},
		{"long sloppy number", track + `"properties":{"n":0` + strings.Repeat("1", 100) + `}}`, `properties.n: 0` + strings.Repeat("1", 63) + `... is not a JSON number`},
		{"NaN under a long key", track + `"properties":{"x` + strings.Repeat("é", 100) + `":NaN}}`, `properties.x` + strings.Repeat("é", 31) + `...: NaN is not a JSON number`},
		{"context.traits beyond JSON", u + `"identify","context":{"traits":{"a":NaN}}}`, `context.traits.a: NaN is not a JSON number`},
		{"a name beyond JSON", u + `"page","name":NaN}`, `name: NaN is not a JSON number`},
		{"properties an array", track + `"properties":[1]}`, `properties: an array is neither an object nor null`},
		{"traits a string", u + `"identify","traits":"x"}`, `traits: "x" is neither an object nor null`},
		{"100,000 leaves", u + `"identify","traits":{"a":{` + strings.Join(leaves, ",") + `}}}`, `traits: 100000 leaves, the limit is 1000`},

		{"receivedAt unreadable", track + `"timestamp":"2026-11-21T10:00:00Z","receivedAt":"21.11.2026"}`, `receivedAt: "21.11.2026" ` + notTime},
		{"receivedAt of a wrong kind", track + `"receivedAt":[]}`, `receivedAt: an array ` + notTime},
		{"receivedAt long", track + `"receivedAt":"` + strings.Repeat("2", 100) + `"}`, `receivedAt: "` + strings.Repeat("2", 64) + `..." ` + notTime},
		{"receivedAt of 1969", track + `"receivedAt":"1969-12-31T23:59:59Z"}`, `receivedAt: "1969-12-31T23:59:59Z" is before 1970`},

		{"batch an object", `{"batch":{}}`, `batch: an object is not an array`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDecoder(t, Default())
			events, rej := d.Decode(nil, nil, []byte(test.record), recordTime, 0)
			if len(events) != 0 || len(rej) != 1 {
				t.Fatalf("got %d events and %d rejections, want one rejection", len(events), len(rej))
			}
			if rej[0].Reason != test.reason {
				t.Errorf("reason\n got %s\nwant %s", rej[0].Reason, test.reason)
			}
			if rej[0].Item != -1 || string(rej[0].Value) != test.record {
				t.Errorf("got item %d with %d bytes, want -1 and the record", rej[0].Item, len(rej[0].Value))
			}
			again, _ := d.Decode(nil, nil, []byte(u+`"alias"}`), recordTime, 0)
			if len(again) != 1 {
				t.Error("the decoder did not recover")
			}
		})
	}
}

func TestBadItemTakesOnlyItselfOut(t *testing.T) {
	record := `{"\u0062atch" : [ {"type":"alias","userId":"a"} ,null, {"type":"no\u0070e","x":"]}"},[1],"s\"t",
		{"batch":[],"type":"alias","userId":"x"},{"type":"alias","userId":"b"}],"receivedAt":"x","context":[{"a":"}"}]}`
	d := newDecoder(t, Default())
	events, rej := d.Decode(nil, nil, []byte(record), recordTime, 0)
	var profiles []string
	for _, e := range events {
		profiles = append(profiles, e.Profile)
	}
	var got []string
	for _, r := range rej {
		got = append(got, fmt.Sprintf("%d %s <- %s", r.Item, r.Reason, r.Value))
	}
	notTime := `receivedAt: "x" is not a time, as 2026-11-21T10:00:00Z`
	want := []string{
		`0 ` + notTime + ` <- {"type":"alias","userId":"a"}`,
		`2 type: "nope" is not one of identify, track, page, screen, group, alias <- {"type":"no\u0070e","x":"]}"}`,
		`3 item: an array is not a JSON object <- [1]`,
		`4 item: "s\"t" is not a JSON object <- "s\"t"`,
		`5 batch: a batch within a batch <- {"batch":[],"type":"alias","userId":"x"}`,
		`6 ` + notTime + ` <- {"type":"alias","userId":"b"}`,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(profiles) != 0 {
		t.Errorf("got %v and\n%s\nwant\n%s", profiles, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	events, rej = d.Decode(nil, nil, []byte(strings.Replace(record, `"receivedAt":"x"`, `"receivedAt":null`, 1)), recordTime, 0)
	if len(events) != 2 || events[0].Profile != "a" || events[1].Profile != "b" || len(rej) != 4 {
		t.Errorf("with a good envelope: got %+v and %d rejections, want a, b and 4", events, len(rej))
	}
}

// TestManyKeys decodes objects that would take minutes if repeated keys were
// found by comparing each with each.
func TestManyKeys(t *testing.T) {
	c := Default()
	c.MaxBytes, c.MaxTraits = 1<<24, 100_000
	var b strings.Builder
	b.WriteString(`{"type":"identify","userId":"u","traits":{`)
	for i := range 200_000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i%100_000, i)
	}
	b.WriteString(`"k0":{"k1":1,"k1":100000}}}`)
	d := newDecoder(t, c)
	events, rej := d.Decode(nil, nil, []byte(strings.Replace(b.String(), `"k99999":199999,`, "", 1)), recordTime, 0)
	if len(rej) != 0 {
		t.Fatalf("rejected: %s", rej[0].Reason)
	}
	body := events[0].Body
	if body.Len() != 100_000 {
		t.Fatalf("got %d fields, want 100000", body.Len())
	}
	for _, i := range []int{1, 5000, 99_998} {
		key, v := body.Field(i)
		if key != fmt.Sprintf("k%d", i) || v.Number() != float64(100_000+i) {
			t.Errorf("field %d is %s = %v", i, key, v.Number())
		}
	}
	if v := body.Get("k99999").Number(); v != 99_999 {
		t.Errorf("k99999 = %v, want 99999", v)
	}
	if v := body.Get("k0").Get("k1").Number(); v != 100_000 {
		t.Errorf("k0.k1 = %v, want 100000", v)
	}
}

func TestNegativeZero(t *testing.T) {
	d := newDecoder(t, Default())
	events, _ := d.Decode(nil, nil, []byte(`{"type":"page","userId":"u","properties":{"z":-0,"f":-0.0}}`), recordTime, 0)
	for _, key := range []string{"z", "f"} {
		if f := events[0].Body.Get(key).Number(); f != 0 || !math.Signbit(f) {
			t.Errorf("%s = %v, want -0 as strconv has it", key, f)
		}
	}
}
