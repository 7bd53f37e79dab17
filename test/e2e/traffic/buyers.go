package traffic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"muster/event"
)

// Bought are rules about buyers that history can fill: of all time, of a
// window, of an order.
var Bought = map[string]string{
	"many":  `count(events("Bought")) >= 8`,
	"spent": `sum(events("Bought", "60d"), .price) > 60`,
	"order": `sequence("3d", events("Seen"), events("Bought"))`,
	"early": `first(events("Bought")).event_time < ago("80d")`,
}

// buyers is how many customers Buyers are.
const buyers = 60

// Buyers are what some customers, user 0, user 1 and so on, did over some
// time, in order of arrival. Every second event is up to a day late.
func Buyers(r *rand.Rand, n int, until time.Time, over time.Duration) []event.Event {
	log := make([]event.Event, n)
	for i := range log {
		at := until.Add(-over / time.Duration(n) * time.Duration(n-1-i)).UnixMilli()
		log[i] = buyer(r, buyers, fmt.Sprint("m", i), at)
	}
	return log
}

// buyer is what one of some customers did, under the id of a message, that
// arrived at an instant.
func buyer(r *rand.Rand, customers int, id string, at int64) event.Event {
	return event.Event{
		Type: event.Track, Profile: fmt.Sprint("user ", r.IntN(customers)), Name: []string{"Seen", "Bought"}[r.IntN(2)],
		MessageID: id, Arrival: at, Time: at - r.Int64N(1+day*int64(r.IntN(2))),
		Body: event.ObjectOf([]event.Value{event.StringOf("price"), event.NumberOf(float64(r.IntN(20)))}),
	}
}

// day is a day in ms.
const day = int64(24 * time.Hour / time.Millisecond)
