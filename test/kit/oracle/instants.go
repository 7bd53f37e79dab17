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
	for ahead := plan(o.rules, from, around); ; {
		at, rules := ahead.next(h, to)
		if rules == nil {
			return list
		}
		o.walk(h, at)
		list = append(list, at)
	}
}

// next is the first instant after another at which the answer of one rule may
// flip, if there is one. An event enters or leaves a window at one instant, its
// time + the width. Two times are compared differently when they become equal,
// and again a millisecond later.
func (u *rule) next(h *history, after int64) (at int64, ever bool) {
	look := func(times []int64, shift int64) {
		// The first time that comes later when it is moved.
		i, _ := slices.BinarySearch(times, after-shift+1)
		if i < len(times) && (!ever || times[i]+shift < at) {
			at, ever = times[i]+shift, true
		}
	}
	for _, width := range u.windows {
		look(h.times, width)
	}
	for _, move := range u.moves {
		for _, times := range [][]int64{h.crossed, u.times} {
			look(times, move)
			look(times, move+1)
		}
	}
	return at, ever
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
