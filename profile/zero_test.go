package profile

import (
	"math"
	"testing"

	"muster/event"
)

// TestMinusZeroIsStoredAsItIs in traits and in the columns of numbers.
func TestMinusZeroIsStoredAsItIs(t *testing.T) {
	minus := math.Copysign(0, -1)
	schema := NewSchema([]Path{PathOf("n")}, []Series{seriesOf(KeepSlidingNumbers, 1000), seriesOf(KeepTotalLast, 0)})
	codec, _ := NewCodec(schema, nil, nil)
	p := New("p")
	apply(t, p, schema, Default(), identify(start, object("n", event.NumberOf(minus))))
	apply(t, p, schema, Default(), track(start, minus))
	q := decoded(t, codec, p, start)
	for name, got := range map[string]event.Value{
		"trait":   q.Traits.Get(PathOf("n")),
		"minimum": q.Read(schema, Query{Series: 0, Reduce: ReduceMin, From: 1000}, start),
		"last":    q.Read(schema, Query{Series: 1, Reduce: ReduceLast}, start),
	} {
		if f := got.Number(); got.Kind() != event.KindNumber || f != 0 || !math.Signbit(f) {
			t.Errorf("%s: %v is no minus zero", name, got)
		}
	}
}

// TestMinusZeroIsNoOtherDistinctValue, alone and within lists and objects,
// in a window and over all time.
func TestMinusZeroIsNoOtherDistinctValue(t *testing.T) {
	zero, minus := event.NumberOf(0), event.NumberOf(math.Copysign(0, -1))
	for _, pair := range [][2]event.Value{
		{zero, minus},
		{event.ArrayOf([]event.Value{event.NumberOf(1), zero}), event.ArrayOf([]event.Value{event.NumberOf(1), minus})},
		{object("a", object("b", zero)), object("a", object("b", minus))},
	} {
		if encodeKey(pair[0]) != encodeKey(pair[1]) {
			t.Errorf("%v and %v are two distinct values", pair[0], pair[1])
		}
		if n := distinct([]string{encodeValue(pair[0]), encodeValue(pair[1])}); n != 1 {
			t.Errorf("%v and %v are %d distinct values", pair[0], pair[1], n)
		}
	}
}
