package profile

import (
	"testing"

	"muster/event"
)

// basket makes an event A whose price is a list of numbers.
func basket(at int64, numbers ...float64) event.Event {
	list := make([]event.Value, len(numbers))
	for i, n := range numbers {
		list[i] = event.NumberOf(n)
	}
	ev := track(at, 0)
	ev.Body = object("price", event.ArrayOf(list))
	return ev
}

// spreading is a schema with one series, the values of whose lists count each
// by itself.
func spreading(k Keep, window int64) *Schema {
	one := seriesOf(k, window)
	one.Spread = true
	return NewSchema(nil, []Series{one})
}

func distinctOf(p *Profile, s *Schema, window, now int64) float64 {
	return p.Read(s, Query{Reduce: ReduceDistinct, From: window}, now).Number()
}

// TestSpread counts the values of lists, of lists in lists, and what is none.
func TestSpread(t *testing.T) {
	deep := track(start+2, 0)
	deep.Body = object("price", event.ArrayOf([]event.Value{event.ArrayOf([]event.Value{event.NumberOf(2), event.StringOf("2")}), event.NumberOf(4)}))
	for _, k := range []Keep{KeepTotalDistinct, KeepSlidingValues} {
		s, p := spreading(k, 100), New("p")
		for i, one := range []struct {
			ev      event.Event
			want    float64
			changes bool
		}{
			{basket(start, 1, 2, 1), 2, true},
			{basket(start + 1), 2, false},
			{deep, 4, true},
			{basket(start+3, 2, 1), 4, k == KeepSlidingValues},
			{track(start+4, 4), 4, k == KeepSlidingValues},
			{track(start+5, 7), 5, true},
		} {
			if changed := apply(t, p, s, Default(), one.ev); len(changed.Series) > 0 != one.changes {
				t.Errorf("%s: event %d changes %v", keepNames[k], i, changed.Series)
			}
			if got := distinctOf(p, s, 100, one.ev.Time); got != one.want {
				t.Errorf("%s: %v distinct values after event %d, want %v", keepNames[k], got, i, one.want)
			}
		}
	}
	s, p := spreading(KeepSlidingValues, 100), New("p")
	apply(t, p, s, Default(), basket(start, 1, 1, 1, 2))
	if n := p.find(s, 0).len(); n != 2 {
		t.Errorf("%d entries of two values", n)
	}
	late := basket(start+1, 9)
	late.Time, late.Arrival = start-100, start
	if changed := apply(t, p, s, Default(), late); len(changed.Series) > 0 || distinctOf(p, s, 100, start) != 2 {
		t.Error("what is older than the window counts")
	}
	if got := distinctOf(p, s, 100, start+100); got != 0 {
		t.Errorf("%v distinct values when the window is over", got)
	}
}

// TestSpreadIsBounded: no event brings more values than a series may keep.
func TestSpreadIsBounded(t *testing.T) {
	many := make([]float64, 500)
	for i := range many {
		many[i] = float64(i)
	}
	cfg := Default()
	cfg.Entries = 100
	for _, k := range []Keep{KeepTotalDistinct, KeepSlidingValues} {
		s, p := spreading(k, 1<<40), New("p")
		apply(t, p, s, cfg, basket(start, many...))
		if got := distinctOf(p, s, 1<<40, start); got > 100 || got < 50 {
			t.Errorf("%s: %v values are kept of a bound of 100", keepNames[k], got)
		}
	}
}

// TestSpreadRefusesWhatIsNew: past the bound of bytes, an event's new values of
// all time are taken back, and those that were known stay.
func TestSpreadRefusesWhatIsNew(t *testing.T) {
	var list []Series
	for i := range 9 {
		one := seriesOf(KeepTotalDistinct, 0)
		one.Key, one.Spread = one.Key+string(rune('a'+i)), true
		list = append(list, one)
	}
	s, p, cfg := NewSchema(nil, list), New("p"), Default()
	cfg.StateBytes = 4096
	for i := range int64(100) {
		apply(t, p, s, cfg, basket(start+i, float64(i)+0.5))
	}
	known := distinctOf(p, s, 0, start)
	if known == 100 {
		t.Fatal("the bound is not reached")
	}
	changed := apply(t, p, s, cfg, basket(start+200, 0.5, 1.5, 777.5))
	if got := distinctOf(p, s, 0, start); !changed.Relieved || got != known || p.stateBytes > cfg.StateBytes {
		t.Errorf("%v values, %v before; %d bytes: %+v", got, known, p.stateBytes, changed)
	}
	if changed := apply(t, p, s, cfg, basket(start+201, 0.5, 1.5)); len(changed.Series) > 0 {
		t.Errorf("known values are new: %+v", changed)
	}
}
