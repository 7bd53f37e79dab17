// Package wire reads the record batches of one partition from its leader.
//
// It exists beside kafka-go because kafka-go's readers do not tell a
// transaction marker from a record, deliver the records of aborted
// transactions, and cannot step over a batch that compaction emptied. It
// speaks Fetch version 10 (Kafka 2.1 to 4.x) and one record format, version 2
// (Kafka 0.11 and later), and asks brokers that have one (Kafka 2.8 and later)
// for a topic's id, which kafka-go's metadata lacks. Opening and authenticating
// the connection stay with kafka-go.
//
// It promises that no input makes it panic and that no length found in the
// input makes it allocate more than MaxResponse or MaxInflated bytes.
//
// The trap: keys and values are slices of the response or of the inflated
// batch. They live as long as the buffer the caller passed in.
package wire
