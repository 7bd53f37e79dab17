package oracle

import (
	"slices"
	"strings"
)

// Instants returns, in ascending order, every instant in (from, to] at
// which the profile may enter or leave a segment although nothing happens:
// where an event crosses an edge of a window, or a time crosses now(),
// ago() or from_now(), each with the millisecond before and after. Most of
// them change nothing. It does not foresee times that a rule puts together
// by joining strings.
func (o *Oracle) Instants(profile string, from, to int64) []int64 {
	h := o.profiles[profile]
	if h == nil {
		return nil
	}
	var list []int64
	times := h.crossings()
	for _, u := range o.rules {
		list = append(list, u.instants(h, times, from, to)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// instants lists those of one rule, unsorted and with repetitions.
func (u *rule) instants(h *history, times []int64, from, to int64) []int64 {
	var list []int64
	note := func(t int64) {
		for _, at := range []int64{t - 1, t, t + 1} {
			if from < at && at <= to {
				list = append(list, at)
			}
		}
	}
	for _, width := range u.windows {
		for _, t := range h.times {
			note(t + width)
		}
	}
	for _, move := range u.moves {
		for _, t := range times {
			note(t + move)
		}
		for _, t := range u.times {
			note(t + move)
		}
	}
	return list
}

// crossings lists all times that a rule could compare with now: those of
// the events, and every text of the profile that reads as one. Traits that
// were overwritten are listed too, which does no harm.
func (h *history) crossings() []int64 {
	if h.crossed != nil {
		return h.crossed
	}
	var list []int64
	for _, t := range h.times {
		list = append(list, t, t-t%day)
	}
	for _, w := range h.writes {
		list = gather(list, w.value)
	}
	for _, behaviour := range h.events {
		list = gather(list, behaviour)
	}
	list = gather(list, h.id)
	for _, id := range h.groups {
		list = gather(list, id)
	}
	slices.Sort(list)
	h.crossed = slices.Compact(list)
	return h.crossed
}

// gather appends the times that are found anywhere within a value.
func gather(list []int64, x any) []int64 {
	switch v := x.(type) {
	case string:
		for _, text := range []string{v, strings.TrimSpace(v), strings.ToUpper(v)} {
			if t, ok := parseTime(text); ok {
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
