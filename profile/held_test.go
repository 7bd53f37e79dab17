package profile

import (
	"slices"
	"testing"
)

func conditionSchema(keys ...string) *Schema {
	s := NewSchema(nil, nil)
	s.Conditions = keys
	return s
}

type heldPair struct {
	condition int
	since     int64
}

func allHeld(p *Profile) []heldPair {
	var list []heldPair
	p.EachHeld(func(condition int, since int64) { list = append(list, heldPair{condition, since}) })
	return list
}

func TestHoldAndRelease(t *testing.T) {
	p := New("p")
	for _, h := range []heldPair{{5, 50}, {1, 10}, {3, 30}, {5, 51}, {9, 90}} {
		p.Hold(h.condition, h.since)
	}
	p.Release(3)
	p.Release(4)
	if got := allHeld(p); !slices.Equal(got, []heldPair{{1, 10}, {5, 51}, {9, 90}}) {
		t.Errorf("held %v", got)
	}
	if since, is := p.Since(5); since != 51 || !is {
		t.Errorf("since %d, %t", since, is)
	}
	if _, is := p.Since(3); is {
		t.Error("what was released is held")
	}
}

// TestHeldIsStored reads conditions back under another schema and other
// segments: those that are no more are dropped, and are in no segment.
func TestHeldIsStored(t *testing.T) {
	first, names := NewCodec(conditionSchema("x", "y", "z"), []string{"a"}, nil)
	p := New("p")
	for i, since := range []int64{start, start + 5, start + 7} {
		p.Hold(i, since)
		p.Members.Set(1+i, true)
	}
	p.Members.Set(0, true)
	blob := first.Append(nil, p, start)
	second, _ := NewCodec(conditionSchema("z", "new", "x"), []string{"b", "a"}, names)
	q, err := second.Decode("p", string(blob))
	if err != nil {
		t.Fatal(err)
	}
	if got := allHeld(q); !slices.Equal(got, []heldPair{{0, start + 7}, {2, start}}) {
		t.Errorf("held %v", got)
	}
	if got := slices.Collect(q.Members.All()); !slices.Equal(got, []int{1, 2, 4}) || len(q.Retired) > 0 {
		t.Errorf("members %v, retired %v", got, q.Retired)
	}
	if q.Bytes() <= New("p").Bytes() {
		t.Error("what is held takes no room")
	}
}

// TestNothingHeldIsNotStored: rules with conditions cost a profile nothing
// until one holds.
func TestNothingHeldIsNotStored(t *testing.T) {
	with, _ := NewCodec(conditionSchema("x"), nil, nil)
	without, _ := NewCodec(conditionSchema(), nil, nil)
	if a, b := with.Append(nil, New("p"), start), without.Append(nil, New("p"), start); !slices.Equal(a, b) {
		t.Errorf("%x is not %x", a, b)
	}
}

func TestDecodeRefusesBrokenHeld(t *testing.T) {
	codec, _ := NewCodec(conditionSchema("x"), nil, nil)
	p := New("p")
	blob := codec.Append(nil, p, start)
	for _, tail := range [][]byte{{0}, {1}, {1, 0}, {1, 7, 2}, {1, 0, 2, 9}} {
		if _, err := codec.Decode("p", string(append(slices.Clone(blob), tail...))); err == nil {
			t.Errorf("% x was read", tail)
		}
	}
	if _, err := codec.Decode("p", string(append(slices.Clone(blob), 1, 0, 2))); err != nil {
		t.Error(err)
	}
}
