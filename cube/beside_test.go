package cube

import (
	"math"
	"testing"

	"muster/hyperloglog"
)

// What a row and a sketch have in common is near the truth, and where it can't be
// told the answer says so.
func TestBeside(t *testing.T) {
	for _, one := range []struct {
		row, sketch, both int
		off               float64
		wide              bool
	}{
		{100, 100, 50, 0.1, false}, {100, 30_000, 0, 0, true}, {20_000, 30_000, 10_000, 0.06, false},
		{10_000, 10_000, 0, 0, true}, {0, 1000, 0, 0, false}, {1000, 0, 0, 0, false},
	} {
		var cell Cell
		var other hyperloglog.Sketch
		for i := range one.row {
			cell.Crowd.Add(hashOf(i))
			cell.Events++
		}
		for i := range one.sketch {
			other.Add(hashOf(i + one.row - one.both))
		}
		row := rowOf(&Cube{}, nil, &cell)
		before := other.Estimate()
		b := row.Beside(&other)
		either := one.row + one.sketch - one.both
		if b.Low > int64(one.both) || int64(one.both) > b.High || b.High > row.High || b.Wide != one.wide {
			t.Errorf("%+v: %+v", one, b)
		}
		if one.off > 0 && math.Abs(float64(b.Both)/float64(one.both)-1) > one.off {
			t.Errorf("%+v: %d in both", one, b.Both)
		}
		if math.Abs(float64(b.Either-int64(either))) > 0.02*float64(either)+1 {
			t.Errorf("%+v: %d in either, want %d", one, b.Either, either)
		}
		if other.Estimate() != before {
			t.Errorf("%+v: the sketch has changed", one)
		}
	}
}
