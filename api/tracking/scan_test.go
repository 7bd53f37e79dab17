package tracking

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzScan holds what is found in JSON against what encoding/json finds.
func FuzzScan(f *testing.F) {
	for _, text := range []string{
		`{}`, ` {"a":1} `, "{\n\t\"a\" : [1, {\"b\":\"}\\\"\"}] ,\r\"a\":null , \"c\\u0041\\\"\":true}\n", `[]`, `[ ]`, `[1,2 , -3e5,"x]",[[],{}],null]`,
		`{"":{"":{}}}`, `"text"`, `5`, `null`, `{"a":"\\"}`, `["\\","\\\""]`, `{"é":"` + "\u2028" + `"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		text = skipSpace(text)
		var want fields
		ok := json.Unmarshal(text, &want) == nil && want != nil
		if got, is := object(text); is != ok || ok && !equal(t, got, want) {
			t.Errorf("%q has the fields %q, %t, want %q, %t", text, got, is, want, ok)
		}
		var list []json.RawMessage
		ok = json.Unmarshal(text, &list) == nil && list != nil
		if got, is := elements(text, len(text)); is != ok || ok && !reflect.DeepEqual(got, list) {
			t.Errorf("%q has the elements %q, %t, want %q, %t", text, got, is, list, ok)
		}
	})
}

// equal compares fields, under names as JSON writes them: encoding/json mends
// names that are no UTF-8.
func equal(t *testing.T, got, want fields) bool {
	t.Helper()
	mended := fields{}
	for name, value := range got {
		key, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		var read string
		if err := json.Unmarshal(key, &read); err != nil {
			t.Fatal(err)
		}
		mended[read] = value
	}
	return len(mended) < len(got) || reflect.DeepEqual(mended, want) // two names may be mended to one
}
