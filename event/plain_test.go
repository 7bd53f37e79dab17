package event

import (
	"encoding/json"
	"testing"
)

func TestPlain(t *testing.T) {
	v := ObjectOf([]Value{
		StringOf("b"), BoolOf(true), StringOf("l"), ArrayOf([]Value{NumberOf(1.5), {}}), StringOf("t"), TimeOf(1767225600001),
		StringOf("x"), StringOf("é"),
	})
	got, err := json.Marshal(v.Plain())
	if want := `{"b":true,"l":[1.5,null],"t":"2026-01-01T00:00:00.001Z","x":"é"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
