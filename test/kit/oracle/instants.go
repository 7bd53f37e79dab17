package oracle

import (
	"math"
	"slices"
	"strings"

	"muster/event"
)

// Instants returns, in ascending order, every instant in (from, to] at
// which the profile may enter or leave a segment although nothing happens:
// where an event crosses an edge of a window, or a time crosses now(),
// ago() or from_now(), each with the millisecond before and after. Most of
// them change nothing. It does not foresee times that a rule puts together
// by joining strings or by arithmetic.
func (o *Oracle) Instants(profile string, from, to int64) []int64 {
	h := o.profiles[profile]
	if h == nil {
		return nil
	}
	var list []int64
	h = o.foreseen(h, from)
	for ahead := plan(h, o.rules, from, true); ; {
		at, rules := ahead.next(h, to)
		if rules == nil {
			return list
		}
		o.walk(h, at)
		list = append(list, at)
	}
}

// instants names every instant at which the answer of one rule may flip, in
// no order and with repetitions. An event enters or leaves a window at one
// instant, its time + the width. Two times are compared differently when
// they become equal, and again a millisecond later.
func (u *rule) instants(h *history, name func(at int64)) {
	for _, width := range u.windows {
		for _, t := range h.times {
			name(t + width)
		}
	}
	for _, move := range u.moves {
		for _, times := range [][]int64{h.crossed, u.times} {
			for _, t := range times {
				name(t + move)
				name(t + move + 1)
			}
		}
	}
}

// around names the milliseconds before and after an instant too.
func around(name func(at int64)) func(at int64) {
	return func(at int64) {
		name(at - 1)
		name(at)
		name(at + 1)
	}
}

// cross adds the times that an event brings and that a rule could compare
// with now: its own, and every text and number of it or of the profile that
// reads as one. Traits that are overwritten later stay, which does no harm.
func (h *history) cross(e *event.Event) {
	list := append(h.crossed, e.Time, e.Time-e.Time%day)
	list = gather(list, h.id)
	list = gather(list, e.GroupID)
	list = gather(list, e.Name)
	list = gather(list, plain(e.Body))
	list = gather(list, plain(e.Context))
	list = gather(list, e.Channel)
	slices.Sort(list)
	h.crossed = slices.Compact(list)
}

// gather appends the times that are found anywhere within a value.
func gather(list []int64, x any) []int64 {
	switch v := x.(type) {
	case string:
		for _, text := range []string{v, strings.TrimSpace(v), strings.ToUpper(v)} {
			if t, ok := parseTime(text); ok {
				list = append(list, int64(t))
			}
			if n, ok := toFloat(text).(float64); ok {
				list = gather(list, n)
			}
		}
	case float64:
		for _, n := range []float64{v, math.Trunc(v)} {
			if t, ok := numberTime(n); ok {
				list = append(list, int64(t))
			}
		}
	case []any:
		for _, element := range v {
			list = gather(list, element)
		}
	case map[string]any:
		for _, element := range v {
			list = gather(list, element)
		}
	}
	return list
}
