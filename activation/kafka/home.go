package kafka

import "muster/credentials"

// Home is the service that sends.
type Home struct {
	// ID is the deployment's: no other has it. Who sends for the same shard of
	// another deployment is not fenced off.
	ID string
	// Agent is what the service calls itself in the brokers' logs.
	Agent string
	// Brokers, TLS and SASL are those of the service, for destinations that
	// name no brokers.
	Brokers []string
	TLS     credentials.TLS
	SASL    credentials.SASL
	// Dial opens every connection. Default nil: TCP.
	Dial credentials.Dial
	// Shards is how many partitions a topic gets that is not there yet, as many
	// as the keyed topic has. 0: a topic that is not there is not made.
	Shards int
	// Partition returns the partition of a profile, of so many.
	Partition func(profile string, partitions int) int
}
