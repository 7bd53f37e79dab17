package main

import (
	"muster/activation"
	"muster/activation/webhook"
	"muster/config"
	"muster/rules"
	"muster/service"
)

// agent is what this program calls itself at destinations.
const agent = "muster/" + version

// checkDestinations returns what keeps the destinations of a configuration
// from being sent to, whatever Kafka and Redis hold.
func checkDestinations(cfg *config.Config, set *rules.Set) error {
	destinations, err := readDestinations(cfg.Destinations.Path, set)
	if err != nil {
		return err
	}
	origin := service.Origin{Config: cfg, Agent: agent}
	return origin.Check(destinations)
}

// readDestinations reads destinations and checks them beside the segments
// that they ask for, unless set is nil; "" is none.
func readDestinations(path string, set *rules.Set) ([]activation.Destination, error) {
	if path == "" {
		return nil, nil
	}
	destinations, err := activation.Read(path, webhook.Check)
	if err != nil {
		return nil, unusable(err)
	}
	if set == nil {
		return destinations, nil
	}
	if err := activation.Resolve(destinations, set.IDs()); err != nil {
		return nil, unusable(err)
	}
	return destinations, nil
}
