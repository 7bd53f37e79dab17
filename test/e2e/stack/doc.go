// Package stack runs a whole Muster for tests: a broker, a Redis, and the
// evaluator's own binary as processes, and compares what they leave behind
// with the oracle.
//
// The broker is kfake in the test's process, or a real Apache Kafka when the
// environment says MUSTER_E2E=real. Redis is always real. Everything a test
// starts ends with it.
//
// It promises that nothing of the product is used to find out what the
// product did: topics are written and read with another client, and Redis is
// read by the documented keys. Only events are decoded with the one decoder
// there is.
//
// The trap: with several source partitions nobody knows in which order the
// router interleaves them. What counts is the order on the keyed topic, so
// that is what the oracle is fed.
package stack
