package workload

import (
	"fmt"
	"math/rand/v2"

	"muster/event"
)

// Window is what an Attribute of customers is read from: their events of a
// name within some days.
type Window struct {
	Event string
	Days  int
	Sum   bool // of the events' property value; else their number
}

func (w *Window) text() string {
	if w.Sum {
		return fmt.Sprintf(`sum(events(%q, "%dd"), .value)`, w.Event, w.Days)
	}
	return fmt.Sprintf(`count(events(%q, "%dd"))`, w.Event, w.Days)
}

// Behaviours are the names of the events that Customers have.
var Behaviours = []string{
	"Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started", "Order Completed", "Order Cancelled",
	"Order Refunded", "Coupon Applied", "Wishlist Filled", "Products Searched", "List Viewed", "List Filtered", "Product Shared",
	"Product Reviewed", "Signed In", "Email Opened", "Email Clicked", "Push Opened", "Support Asked",
}

// Customers returns 60 traits and 40 aggregates: of every behaviour the
// number within 7 or 30 days and the sum within 30 or 7.
func Customers() []*Attribute {
	all := traits()
	for i, name := range Behaviours {
		days := [2]int{7, 30}
		all = append(all,
			aggregate(Integer, fmt.Sprintf("count%d", i), &Window{Event: name, Days: days[i%2]}, func(r *rand.Rand) float64 {
				return float64(Done(r))
			}),
			aggregate(Float, fmt.Sprintf("sum%d", i), &Window{Event: name, Days: days[1-i%2], Sum: true}, func(r *rand.Rand) float64 {
				sum := 0.0
				for range Done(r) {
					sum += Worth(r)
				}
				return sum
			}))
	}
	for i, a := range all {
		a.Index = i
	}
	return all
}

func aggregate(kind Kind, name string, w *Window, draw func(*rand.Rand) float64) *Attribute {
	return &Attribute{Name: name, Kind: kind, Window: w, draw: func(r *rand.Rand) event.Value { return event.NumberOf(draw(r)) }}
}

// Done draws how often a new customer has shown a behaviour: mostly never, on
// average every other one once.
func Done(r *rand.Rand) int {
	if r.IntN(10) < 7 {
		return 0
	}
	return 1 + int(r.ExpFloat64())
}

// Worth draws the property value of an event, with two digits behind the point.
func Worth(r *rand.Rand) float64 { return cents(5 + 30*r.ExpFloat64()) }
