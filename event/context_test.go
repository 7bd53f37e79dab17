package event

import (
	"fmt"
	"strings"
	"testing"
)

func TestContext(t *testing.T) {
	small := Default()
	small.MaxTraits = 3
	long := make([]string, sharedFields+1)
	for i := range long {
		long[i] = fmt.Sprintf(`"f%d":1`, i)
	}
	for _, test := range []struct {
		name, record string // of one event behind what all have
		names        []string
		want         Value
	}{
		{"all", `{CALL,"context":{"ip":"::1","device":{"type":"tv","ids":[1,null]},"gone":null}}`, nil, object("ip", "::1", "device", object("type", "tv", "ids", ArrayOf([]Value{NumberOf(1), {}})))},
		{"those asked for", `{CALL,"context":{"ip":"::1","device":{"type":"tv"},"app":{}}}`, []string{"device", "page"}, object("device", object("type", "tv"))},
		{"the last of repeated ones", `{CALL,"context":{"ip":1,"ip":2,"app":1,"app":null}}`, nil, object("ip", 2.0)},
		{"an escaped name", `{CALL,"context":{"\u0069p":1}}`, nil, object("ip", 1.0)},
		{"none", `{CALL}`, nil, Value{}},
		{"null", `{CALL,"context":null}`, nil, Value{}},
		{"of PHP", `{CALL,"context":[]}`, nil, Value{}},
		{"of a wrong kind", `{CALL,"context":"web"}`, nil, Value{}},
		{"a field with a malformed number", `{CALL,"context":{"screen":{"w":1,"h":{"x":1e999}},"ip":1}}`, nil, object("ip", 1.0)},
		{"a field of too many leaves", `{CALL,"context":{"page":{"a":1,"b":2,"c":3,"d":4},"app":{"a":1,"b":2,"c":3},"ip":1}}`, nil, object("app", object("a", 1.0, "b", 2.0, "c", 3.0), "ip", 1.0)},
		{"of the batch", `{"context":{"ip":1},"batch":[{CALL}]}`, nil, object("ip", 1.0)},
		{"of both, field by field", `{"context":{"ip":1,"app":{"a":1},"os":"x"},"batch":[{CALL,"context":{"app":{"b":1},"os":null,"page":2}}]}`, nil, object("app", object("b", 1.0), "os", "x", "page", 2.0, "ip", 1.0)},
		{"of a batch that says too much", `{"context":{` + strings.Join(long, ",") + `},"batch":[{CALL,"context":{"ip":1}}]}`, nil, object("ip", 1.0)},
		{"of a batch, where the item's is none", `{"context":{"ip":1},"batch":[{CALL,"context":[]}]}`, nil, object("ip", 1.0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			record := []byte(strings.ReplaceAll(test.record, "CALL", `"type":"alias","userId":"u","messageId":"m"`))
			d := newDecoder(t, small)
			if test.names != nil {
				d.ReadContext(test.names)
			}
			events, rej := d.Decode(nil, nil, record, recordTime, 0)
			if len(rej) != 0 || len(events) != 1 || fmt.Sprint(events[0].Context) != fmt.Sprint(test.want) {
				t.Fatalf("got %+v, %+v; want the context %v", events, rej, test.want)
			}
			compareSplit(t, record, "t/0/0")
			compareNarrow(t, record)
		})
	}
}

// compareNarrow checks that a decoder that reads a few fields of contexts
// reads of them what one does that reads all.
func compareNarrow(t *testing.T, record []byte) {
	t.Helper()
	names := []string{"app", "device", "ip", "os", "page", "c", "1", "2", "3"}[:6+3*(len(record)%2)] // few or many
	d, narrow := newDecoder(t, Default()), newDecoder(t, Default())
	narrow.ReadContext(names)
	all, _ := d.Decode(nil, nil, record, recordTime, 0)
	some, _ := narrow.Decode(nil, nil, record, recordTime, 0)
	for i := range all {
		for _, name := range names {
			if want := all[i].Context.Get(name); !some[i].Context.Get(name).Equal(want) {
				t.Fatalf("context.%s of event %d is %v, want %v", name, i, some[i].Context.Get(name), want)
			}
		}
		if some[i].Context.Len() > len(names) {
			t.Fatalf("more was read than asked for: %v", some[i].Context)
		}
	}
	narrow.ReadContext(nil)
	if none, _ := narrow.Decode(nil, nil, record, recordTime, 0); len(none) > 0 && !none[0].Context.IsMissing() {
		t.Fatalf("nothing was asked for, and got %v", none[0].Context)
	}
}

func TestContextOfABatchOfIdentifies(t *testing.T) {
	record := []byte(`{"context":{"traits":{"a":1},"ip":1},"batch":[` +
		`{"type":"identify","userId":"u","messageId":"m","traits":{"b":2}},{"type":"identify","userId":"u","messageId":"n","context":{"traits":{"c":3}}}]}`)
	events, _ := newDecoder(t, Default()).Decode(nil, nil, record, recordTime, 0)
	if len(events) != 2 || !events[0].Body.Equal(object("a", 1.0, "b", 2.0)) || !events[1].Body.Equal(object("c", 3.0)) {
		t.Errorf("got %+v", events)
	}
	compareSplit(t, record, "t/0/0")
}

func TestChannel(t *testing.T) {
	for channel, want := range map[string]string{`"server"`: "server", `"browser"`: "browser", `"mobile"`: "mobile", `"web"`: "web", `"kiosk \u00e9"`: "kiosk é", `null`: "", `1`: "", `""`: "", `{}`: ""} {
		record := []byte(`{"type":"track","event":"E","userId":"u","channel":` + channel + `,"properties":{"channel":"mail"}}`)
		events, rej := newDecoder(t, Default()).Decode(nil, nil, record, recordTime, 0)
		if len(rej) != 0 || len(events) != 1 || events[0].Channel != want || events[0].Body.Get("channel").Text() != "mail" {
			t.Errorf("channel %s: got %+v, %+v, want %q", channel, events, rej, want)
		}
	}
}
