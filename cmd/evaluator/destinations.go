package main

import (
	"muster/activation"
	"muster/activation/webhook"
	"muster/rules"
)

// readDestinations reads destinations and checks them beside the segments
// that they ask for; "" is none.
func readDestinations(path string, set *rules.Set) ([]activation.Destination, error) {
	if path == "" {
		return nil, nil
	}
	destinations, err := activation.Read(path, webhook.Check)
	if err != nil {
		return nil, unusable(err)
	}
	if err := activation.Resolve(destinations, set.IDs()); err != nil {
		return nil, unusable(err)
	}
	return destinations, nil
}
