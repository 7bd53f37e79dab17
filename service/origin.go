package service

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"muster/activation"
	"muster/activation/kafka"
	"muster/activation/webhook"
	"muster/config"
	"muster/stream"
)

// Origin is who sends to destinations.
type Origin struct {
	Config *config.Config
	// Agent is what the process calls itself.
	Agent string
	// ID is the deployment's, and Shards how many it has. "" and 0 where they
	// are not known: then topics that are missing are not made.
	ID     string
	Shards int
}

// Sender returns what sends to a destination. It opens no connection.
func (o *Origin) Sender(d *activation.Destination) (activation.Sender, error) {
	var sender activation.Sender
	var err error
	if d.Kafka == nil {
		sender, err = webhook.New(d.Webhook, o.Agent)
	} else if err = o.leadsBack(d.Kafka); err == nil {
		sender, err = kafka.New(d, o.home())
	}
	if err != nil {
		return nil, fmt.Errorf("destination %s: %w", d.Name, err)
	}
	return sender, nil
}

// Check returns what keeps destinations from being sent to, whatever Kafka and
// Redis hold, as an *UnusableError.
func (o *Origin) Check(destinations []activation.Destination) error {
	var errs []error
	for i := range destinations {
		_, err := o.Sender(&destinations[i])
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return unusable(err)
	}
	return nil
}

// leadsBack refuses topics that are this deployment's own: changes would be
// read as events.
func (o *Origin) leadsBack(to *activation.Kafka) error {
	if len(to.Brokers) > 0 {
		return nil
	}
	k := &o.Config.Kafka
	own := append([]string{k.Keyed}, k.Sources...)
	for _, topic := range own {
		own = append(own, k.DeadTopic(topic))
	}
	for _, topic := range []string{to.Topic, to.MembersTopic} {
		if slices.Contains(own, topic) {
			return fmt.Errorf("kafka: the topic %s is one that this deployment reads or keeps dead letters in: write another one", topic)
		}
	}
	return nil
}

func (o *Origin) home() kafka.Home {
	k := &o.Config.Kafka
	return kafka.Home{
		ID: o.ID, Agent: k.ClientID, Brokers: k.Brokers, TLS: k.TLS, SASL: k.SASL, Dial: k.Dial, Shards: o.Shards,
		Partition: partitionBy(k.Partitioner),
	}
}

// partitionBy returns the rule by which the keyed topic's partitions are
// chosen, for any number of them.
func partitionBy(name string) func(profile string, partitions int) int {
	var known sync.Map // by number
	return func(profile string, partitions int) int {
		p, ok := known.Load(partitions)
		if !ok {
			made, err := stream.NewPartitioner(name, partitions)
			if err != nil { // the configuration was validated, and Kafka has no topic without partitions
				return 0
			}
			p, _ = known.LoadOrStore(partitions, made)
		}
		return p.(*stream.Partitioner).Partition(profile)
	}
}
