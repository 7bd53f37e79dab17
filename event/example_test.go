package event_test

import (
	"fmt"
	"time"

	"muster/event"
)

// A record holds one call or a batch of them. What can't be used comes back
// with the reason, and the rest of the batch is not affected.
func ExampleDecoder_Decode() {
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	record := []byte(`{"batch": [
		{"type": "track", "userId": "ann", "event": "Order Completed",
		 "timestamp": "2026-11-20T10:00:00Z", "properties": {"total": 40}},
		{"type": "identify", "userId": "bob", "timestamp": "2026-11-20T10:00:05Z", "traits": {"plan": "pro"}},
		{"type": "page", "timestamp": "2026-11-20T10:00:06Z"}
	]}`)
	arrived := time.Date(2026, 11, 20, 10, 0, 10, 0, time.UTC).UnixMilli()

	events, rejections := decoder.Decode(nil, nil, record, arrived, arrived)
	for _, one := range events {
		happened := time.UnixMilli(one.Time).UTC()
		fmt.Printf("%s at %s: %q\n", one.Profile, happened.Format(time.TimeOnly), one.Name)
	}
	for _, one := range rejections {
		fmt.Printf("item %d: %s\n", one.Item, one.Reason)
	}

	// Output:
	// ann at 10:00:00: "Order Completed"
	// bob at 10:00:05: ""
	// item 2: userId: absent, and so is anonymousId
}
