package service

import (
	"fmt"

	"muster/api/access"
	"muster/api/tracking"
	"muster/config"
	"muster/observe"
	"muster/stream"
)

// Tracking returns what takes in events over HTTP, from whoever gets past the
// guard, for the paths of tracking.Patterns, and what it puts them on Kafka
// with, to be closed behind it and before the cluster. shards is the number of
// partitions of the keyed topic that the deployment has.
func Tracking(cfg config.Config, cluster *stream.Cluster, shards int, guard access.Guard, watch *observe.Watch) (
	*tracking.Handler, *stream.Appender, error,
) {
	appender, err := cluster.Appender(cfg.TrackingTopic(), shards)
	if err != nil {
		return nil, nil, fmt.Errorf("taking in events: %w", err)
	}
	observer := tracking.Observer{Answered: watch.TrackingAnswered, LogFailed: watch.TrackingFailed}
	handler, err := tracking.New(cfg.Tracking, appender, guard, cfg.Pipeline.Events, observer)
	if err != nil {
		appender.Close()
		return nil, nil, fmt.Errorf("taking in events: %w", err)
	}
	return handler, appender, nil
}
