package oracle_test

import (
	"fmt"
	"time"

	"muster/event"
	"muster/test/kit/oracle"
)

// The oracle keeps the whole history, and can be asked about any instant that
// is not before it.
func Example() {
	o, err := oracle.New(map[string]string{
		"loyal": `count(events("Order Completed", "30d")) >= 2`,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	first := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	for _, day := range []int{0, 10} {
		at := first.AddDate(0, 0, day).UnixMilli()
		o.Apply(&event.Event{Type: event.Track, Profile: "ann", Name: "Order Completed", Time: at, Arrival: at})
		fmt.Printf("after %d days: %v\n", day, o.Members("loyal"))
	}

	// The first order leaves the window when it is exactly 30 days old.
	left := first.AddDate(0, 0, 30).UnixMilli()
	fmt.Println("just before 30 days:", o.InAt("loyal", "ann", left-1))
	fmt.Println("after 30 days:", o.InAt("loyal", "ann", left))

	// Output:
	// after 0 days: []
	// after 10 days: [ann]
	// just before 30 days: true
	// after 30 days: false
}
