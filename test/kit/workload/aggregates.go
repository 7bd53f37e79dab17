package workload

import (
	"fmt"
	"math"
	"math/rand/v2"

	"muster/event"
)

// counted are the kinds of behaviour that have a counter over 7 days and one
// over 30 days.
var counted = []string{"view", "cart", "purchase", "search", "login", "click", "email_open", "push_open", "share", "support"}

// aggregates makes 20 counters, 10 sums of revenue and 10 ages in seconds.
func aggregates() []*Attribute {
	var all []*Attribute
	for _, name := range counted {
		all = append(all, counter("cnt_"+name+"_7d", 3), counter("cnt_"+name+"_30d", 10))
	}
	for i := range 10 {
		all = append(all, revenue(fmt.Sprintf("sum_rev%d", i)))
	}
	for i := range 10 {
		all = append(all, lastSeen(fmt.Sprintf("age_last%d", i)))
	}
	return all
}

// zeroShare is the share of new profiles that never did what is counted.
const zeroShare = 0.4

// counter goes up by one, or down by one when something leaves its window.
func counter(name string, mean float64) *Attribute {
	a := number(Integer, name, func(r *rand.Rand) float64 {
		if r.Float64() < zeroShare {
			return 0
		}
		return math.Floor(mean * r.ExpFloat64())
	})
	a.step = func(r *rand.Rand, current event.Value) event.Value {
		n := current.Number() + 1
		if r.IntN(4) == 0 {
			n = max(0, current.Number()-1)
		}
		if n > 200 {
			n = 0
		}
		return event.NumberOf(n)
	}
	return a
}

// revenue grows by an order, or starts anew when much has left its window.
func revenue(name string) *Attribute {
	draw := func(r *rand.Rand) float64 {
		if r.Float64() < zeroShare {
			return 0
		}
		return cents(math.Exp(r.NormFloat64() + 4))
	}
	a := number(Float, name, draw)
	a.step = func(r *rand.Rand, current event.Value) event.Value {
		if r.IntN(4) == 0 || current.Number() >= 1000 {
			return event.NumberOf(draw(r))
		}
		return event.NumberOf(cents(current.Number() + 5 + 30*r.ExpFloat64()))
	}
	return a
}

// lastSeen is the seconds since something last happened: often none.
func lastSeen(name string) *Attribute {
	const tenDays = 10 * 86400
	draw := func(r *rand.Rand) float64 { return math.Floor(tenDays * r.ExpFloat64()) }
	a := number(Integer, name, draw)
	a.step = func(r *rand.Rand, _ event.Value) event.Value {
		if r.IntN(2) == 0 {
			return event.NumberOf(0)
		}
		return event.NumberOf(draw(r))
	}
	return a
}
