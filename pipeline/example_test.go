package pipeline_test

import (
	"context"
	"fmt"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
)

// A Driver without a Port replays events in memory: it applies them in their
// order, has time pass between them, and tells what followed.
func ExampleDriver() {
	set, err := rules.Load(rules.Source{Name: "shop.yaml", Data: []byte(`
segments:
  - id: loyal
    rule: count(events("Order Completed", "30d")) >= 2
`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	driver := pipeline.NewDriver(set, pipeline.Default(), pipeline.State{Next: -1}, nil)
	first := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	for _, day := range []int{0, 10} {
		at := first.AddDate(0, 0, day).UnixMilli()
		ordered := event.Event{Type: event.Track, Profile: "ann", Name: "Order Completed", Time: at, Arrival: at}
		if _, err := driver.Apply(ctx, &ordered); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := driver.Advance(ctx, first.AddDate(0, 0, 40).UnixMilli()); err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range driver.Changes() {
		at := time.UnixMilli(change.At).UTC().Format(time.DateTime)
		fmt.Printf("%s: %s entered %s is %v, because of %s\n", at, change.Profile, change.Segment, change.Entered, change.Cause)
	}

	// Output:
	// 2026-11-11 10:00:00: ann entered loyal is true, because of event
	// 2026-12-01 10:00:00: ann entered loyal is false, because of time
}
