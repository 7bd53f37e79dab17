package event

import "testing"

// TestValues keeps one value of every kind; each equals itself and nothing
// else.
func TestValues(t *testing.T) {
	values := []Value{
		{}, BoolOf(true), BoolOf(false), NumberOf(1), NumberOf(0), StringOf("1"), StringOf(""), TimeOf(1), VersionOf("v1.0.0"),
		ArrayOf(nil), ArrayOf([]Value{NumberOf(1)}), ArrayOf([]Value{NumberOf(2)}), object(), object("a", 1), object("a", 2), object("b", 1),
		object("a", 1, "b", nil), object("a", nil),
	}
	for i, v := range values {
		for j, w := range values {
			if v.Equal(w) != (i == j) {
				t.Errorf("%v.Equal(%v) is %v", v, w, v.Equal(w))
			}
		}
	}
	if !object("a", 1, "b", 2).Equal(object("b", 2, "a", 1)) {
		t.Error("the order of an object's fields counts")
	}
}

func TestValueAccessors(t *testing.T) {
	list := ArrayOf([]Value{NumberOf(1), StringOf("x")})
	o := object("a", list)
	switch {
	case !BoolOf(true).True(), BoolOf(false).True(), NumberOf(1).True(), Value{}.True():
		t.Error("True holds for something else than true")
	case TimeOf(5).Millis() != 5, NumberOf(2).Number() != 2, VersionOf("v1.0.0").Text() != "v1.0.0":
		t.Error("a value has lost its content")
	case list.Len() != 2, o.Len() != 1, len(list.Elements()) != 2, o.Elements() != nil, StringOf("x").Len() != 0:
		t.Error("wrong length")
	case !o.Get("a").Equal(list), !o.Get("b").IsMissing(), !list.Get("a").IsMissing():
		t.Error("wrong field")
	case KindObject.String() != "object", KindMissing.String() != "missing", KindVersion.String() != "version":
		t.Error("wrong name of a kind")
	}
}

func TestIsBehaviour(t *testing.T) {
	for kind, want := range map[Type]bool{Track: true, Page: true, Screen: true, Identify: false, Group: false, Alias: false} {
		if e := (Event{Type: kind}); e.IsBehaviour() != want {
			t.Errorf("type %d: got %v, want %v", kind, !want, want)
		}
	}
}
