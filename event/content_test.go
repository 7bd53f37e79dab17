package event

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func decodeOne(t *testing.T, d *Decoder, record string) Event {
	t.Helper()
	events, rej := d.Decode(nil, nil, []byte(record), recordTime, 0)
	if len(rej) != 0 || len(events) != 1 {
		t.Fatalf("%s: got %d events, %+v", record, len(events), rej)
	}
	return events[0]
}

// TestWhereTraitsAndPropertiesStand: in every place that the specification
// and the official clients know.
func TestWhereTraitsAndPropertiesStand(t *testing.T) {
	for _, test := range []struct {
		call string
		want Value
	}{
		{`"identify","traits":{"a":1}`, object("a", 1)},
		{`"identify","traits":[]`, object()},
		{`"identify","traits":null,"context":null`, Value{}},
		{`"identify","context":{"traits":{"a":1}}`, object("a", 1)},
		{`"identify","traits":null,"context":{"traits":{"a":1}}`, object("a", 1)},
		{`"identify","traits":[],"context":{"traits":{"a":1}}`, object("a", 1)},
		{`"identify","traits":{},"context":{"traits":{"a":1}}`, object("a", 1)},
		{`"identify","traits":{"a":1},"context":{"traits":{"a":2,"b":3}}`, object("a", 1, "b", 3)},
		{`"identify","traits":{"a":null},"context":{"traits":{"a":2}}`, object("a", nil)},
		{`"identify","traits":{"a":1},"context":{"traits":{"a":null,"b":null}}`, object("a", 1, "b", nil)},
		{`"identify","traits":{"a":{"x":1}},"context":{"traits":{"a":{"x":2,"y":3},"b":{}}}`, object("a", object("x", 1, "y", 3), "b", object())},
		{`"identify","traits":{"a":{"x":{"y":1}}},"context":{"traits":{"a":{"x":{"z":2}}}}`, object("a", object("x", object("y", 1, "z", 2)))},
		{`"identify","traits":{"a":"text"},"context":{"traits":{"a":{"x":2}}}`, object("a", "text")},
		{`"identify","traits":{"a":{"x":1}},"context":{"traits":{"a":"text"}}`, object("a", object("x", 1))},
		{`"identify","traits":{"a":[1]},"context":{"traits":{"a":[2,3]}}`, object("a", ArrayOf([]Value{NumberOf(1)}))},
		{`"identify","traits":{"a":1},"context":{"traits":{"b":1},"traits":{"c":2}}`, object("a", 1, "c", 2)},
		{`"identify","traits":{"a":1},"context":{"traits":{"b":1},"traits":null}`, object("a", 1)},
		{`"identify","traits":{"a":1},"context":{"traits":[]}`, object("a", 1)},
		{`"identify","traits":{"a":1},"context":{"traits":"x"}`, object("a", 1)},
		{`"identify","traits":{"a":1},"context":[]`, object("a", 1)},
		{`"identify","traits":{"a":1},"context":"x"`, object("a", 1)},
		{`"group","groupId":"g","traits":{"a":1},"context":{"traits":{"b":1}}`, object("a", 1)},
		{`"group","groupId":"g","traits":[]`, object()},
		{`"track","event":"E","properties":[],"name":"N","category":"C","context":{"traits":{"b":1}}`, object()},
		{`"page","name":"Home"`, object("name", "Home")},
		{`"page","name":"Home","category":"Docs","properties":{"a":1}`, object("a", 1, "name", "Home", "category", "Docs")},
		{`"screen","category":"Docs","properties":[]`, object("category", "Docs")},
		{`"screen","name":null,"category":null,"properties":{"a":1}`, object("a", 1)},
		{`"page","name":"Home","category":"Docs","properties":{"name":"Other","category":false}`, object("name", "Other", "category", BoolOf(false))},
		{`"page","name":"Home","properties":{"name":null,"a":1}`, object("name", "Home", "a", 1)},
		{`"page","name":"Home","properties":{"name":""}`, object("name", "")},
		{`"page","name":404,"category":["a"]`, object("name", 404, "category", ArrayOf([]Value{StringOf("a")}))},
		{`"page","name":{"en":"Home"}`, object("name", object("en", "Home"))},
		{`"page","properties":null`, Value{}},
	} {
		got := decodeOne(t, newDecoder(t, Default()), `{"userId":"u","type":`+test.call+`}`)
		if fmt.Sprint(got.Body) != fmt.Sprint(test.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.call, got.Body, test.want)
		}
	}
}

// TestLeavesInTwoPlaces: what both places say counts once.
func TestLeavesInTwoPlaces(t *testing.T) {
	c := Default()
	c.MaxTraits = 4
	const own, same, more = `"a":1,"b":{"c":2,"d":3}`, `"b":{"d":4,"c":5},"a":[6]`, `"b":{"e":7},"f":{}`
	call := func(traits, others string) string {
		return `{"type":"identify","userId":"u","traits":{` + traits + `},"context":{"traits":{` + others + `}}}`
	}
	decodeOne(t, newDecoder(t, c), call(own, same))
	decodeOne(t, newDecoder(t, c), call(own, more))
	_, rej := newDecoder(t, c).Decode(nil, nil, []byte(call(own, more+`,"g":8`)), recordTime, 0)
	if len(rej) != 1 || rej[0].Reason != "traits: 5 leaves, the limit is 4" {
		t.Errorf("got %+v", rej)
	}
	_, rej = newDecoder(t, c).Decode(nil, nil, []byte(`{"type":"page","userId":"u","name":"N","properties":{`+own+`,"e":4}}`), recordTime, 0)
	if len(rej) != 1 || rej[0].Reason != "properties: 5 leaves, the limit is 4" {
		t.Errorf("got %+v", rej)
	}
}

// TestManyTraitsInTwoPlaces merges objects that would take minutes if each
// key were compared with each.
func TestManyTraitsInTwoPlaces(t *testing.T) {
	c := Default()
	c.MaxBytes, c.MaxTraits = 1<<24, 100_000
	var own, others strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&own, `"k%d":1,`, i)
		fmt.Fprintf(&others, `"k%d":2,`, i+30_000)
	}
	record := `{"type":"identify","userId":"u","traits":{` + own.String() + `"z":1},"context":{"traits":{` + others.String() + `"z":2}}}`
	began := time.Now()
	body := decodeOne(t, newDecoder(t, c), record).Body
	if body.Len() != 90_001 || body.Get("k59999").Number() != 1 || body.Get("k60000").Number() != 2 || body.Get("z").Number() != 1 {
		t.Errorf("got %d fields", body.Len())
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
