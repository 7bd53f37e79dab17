package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzDecode checks on any bytes that decoding does not panic and does not
// depend on what was decoded before, that Split agrees with Decode, and that
// encoding/json, used strictly, sees the same values.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"type":"track","userId":"u","event":"E","properties":{"a":[1,{"b":null}],"c":"\ud83d\u0041\ud83d\ude00","a":-0.10e-3}}`,
		`{"type":"identify","userId":12345678901234567890,"traits":{"a":{"b":{"c":true}},"a":{},"\u0061":1.5,"":""},"timestamp":"2026-11-21T10:00:00.5Z"}`,
		`{"type":"group","anonymousId":"a","groupId":1,"receivedAt":"2026-11-21T10:00:00+01:00","sentAt":"2026-11-21T10:00:00Z","originalTimestamp":"2026-11-21T09:00:00Z"}`,
		`{"batch":[{"type":"page","userId":"u","messageId":"m"},null,{"type":"alias","userId":"v","sentAt":null}],"receivedAt":"2026-11-21T10:00:00Z","sentAt":"x"}`,
		` {"b\u0061tch" : [ {"type":"screen","userId":"u","properties":{"x":NaN}} , [] ] } `,
		`{"type":"page","userId":"u","properties":{"x":[01,1e999,-inf,.5,1.,1-2]}}`,
		`{"type":"track","userId":"u","event":"\x","properties":[]}`,
		`{"type":"identify","userId":"u","anonymousId":[],"traits":{"a":{"b":1,"c":null}},"context":{"traits":{"a":{"b":2,"d":[]},"c":{"d":1}}}}`,
		`{"type":"screen","userId":"none","anonymousId":"a","name":"N","category":{"x":[1]},"properties":{"name":null}}`,
		`{"type":"page","userId":0,"anonymousId":1,"name":"N","category":null,"properties":[],"timestamp":1e3,"context":[]}`,
		`{"context":{"ip":"::1","app":{"v":1},"os":null,"traits":{"p":1}},"batch":[{"type":"identify","userId":"u","channel":"server","context":{"ip":null,"app":[],"c":1e999}}]}`,
		"{\"type\":\"alias\",\"userId\":\"\xff\n\"}",
		`[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{"a":"[[["}`, `null`, `NaN`, `"\ud800`, `{"type":"alias","userId":"\\\"` + `u"}`, ``,
	} {
		f.Add([]byte(seed))
	}
	used := newDecoder(f, Default())
	f.Fuzz(func(t *testing.T, record []byte) {
		used.Reset()
		original := string(record)
		events, rej := used.Decode(nil, nil, record, recordTime, recordTime)
		if string(record) != original {
			t.Fatal("Decode changed the record")
		}
		again, againRej := newDecoder(t, Default()).Decode(nil, nil, record, recordTime, recordTime)
		if !slices.EqualFunc(events, again, sameEvent) || fmt.Sprint(rej) != fmt.Sprint(againRej) {
			t.Fatalf("a used decoder differs from a new one:\n%+v %+v\n%+v %+v", events, rej, again, againRej)
		}
		compareSplit(t, record, "t/0/1")
		compareNarrow(t, record)
		compareRead(t, record)
		compareWithStandard(t, record, events, rej)
	})
}

// compareWithStandard holds the bodies of events against encoding/json's.
func compareWithStandard(t *testing.T, record []byte, events []Event, rej []Rejection) {
	valid := json.Valid(record)
	for _, r := range rej {
		if strings.HasPrefix(r.Reason, "record: not JSON") && valid {
			t.Fatalf("%s, but encoding/json accepts it", r.Reason)
		}
		if r.Item >= 0 && valid && !json.Valid(r.Value) {
			t.Fatalf("item %d is cut badly: %q", r.Item, r.Value)
		}
	}
	var root map[string]any
	if json.Unmarshal(record, &root) != nil {
		return
	}
	calls := []any{root}
	if batch, ok := root["batch"].([]any); ok {
		calls = batch
	}
	for _, r := range rej {
		if r.Item < 0 {
			return // nothing of the record was used
		}
		calls[r.Item] = nil
	}
	calls = slices.DeleteFunc(calls, func(call any) bool { return call == nil })
	if len(calls) != len(events) {
		t.Fatalf("encoding/json leaves %d calls, Decode %d events", len(calls), len(events))
	}
	for i, e := range events {
		call := calls[i].(map[string]any)
		if want := standardBody(e.Type, call); !sameAsStandard(e.Body, want) {
			t.Fatalf("event %d: got %+v, encoding/json has %v", i, e.Body, want)
		}
	}
}

// standardBody is the body that a call has, as encoding/json sees it.
func standardBody(of Type, call map[string]any) any {
	switch of {
	case Alias:
		return nil
	case Group:
		return mapOf(call["traits"])
	case Identify:
		var others any
		if context, ok := call["context"].(map[string]any); ok {
			others, _ = context["traits"].(map[string]any)
		}
		return overlay(mapOf(call["traits"]), mapOf(others))
	}
	body := mapOf(call["properties"])
	for _, key := range []string{"name", "category"} {
		if object, _ := body.(map[string]any); of != Track && call[key] != nil && object[key] == nil {
			body = overlay(map[string]any{key: call[key]}, body)
		}
	}
	return body
}

// mapOf is a value where an object belongs.
func mapOf(v any) any {
	if list, ok := v.([]any); ok && len(list) == 0 {
		return map[string]any{}
	}
	if object, ok := v.(map[string]any); !ok || object == nil {
		return nil
	}
	return v
}

// overlay lays one value over another, field by field where both are objects.
func overlay(over, below any) any {
	x, ok := over.(map[string]any)
	y, alsoOK := below.(map[string]any)
	if !ok && alsoOK && over == nil {
		return below
	}
	if !ok || !alsoOK {
		return over
	}
	all := maps.Clone(y)
	for key, value := range x {
		if under, has := y[key]; has && value != nil {
			value = overlay(value, under)
		}
		all[key] = value
	}
	return all
}

func sameAsStandard(v Value, w any) bool {
	switch w := w.(type) {
	case nil:
		return v.IsMissing()
	case bool:
		return v.Kind() == KindBool && v.True() == w
	case float64:
		return v.Kind() == KindNumber && v.Number() == w
	case string:
		return v.Kind() == KindString && v.Text() == w
	case []any:
		return v.Kind() == KindArray && slices.EqualFunc(v.Elements(), w, sameAsStandard)
	}
	object := w.(map[string]any)
	if v.Kind() != KindObject || v.Len() != len(object) {
		return false
	}
	for i := range v.Len() {
		key, child := v.Field(i)
		want, ok := object[key]
		if !ok || !sameAsStandard(child, want) {
			return false
		}
	}
	return true
}
