package wire

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// The requests that tell a topic's id. Brokers before Kafka 2.8 have none, and
// some others never got them; they say so by the versions that they take.
const (
	versionsKey     = 18
	versionsVersion = 0
	metadataKey     = 3
	metadataVersion = 10
)

const idSize = 16

// TopicID returns the id of a topic as Kafka's tools show it, "" where the
// broker has none. An error of the topic itself is a kafka.Error.
func (c *Conn) TopicID(ctx context.Context, topic string) (string, error) {
	c.id++
	c.request = appendHeader(c.request[:0], versionsKey, versionsVersion, c.id, c.client)
	answer, err := c.exchange(ctx, 0, nil)
	if err != nil {
		return "", fmt.Errorf("asking for versions: %w", err)
	}
	knows, err := takesMetadata(answer)
	if err != nil || !knows {
		return "", err
	}
	c.id++
	c.request = appendMetadataRequest(c.request[:0], c.id, c.client, topic)
	if answer, err = c.exchange(ctx, 0, answer); err != nil {
		return "", fmt.Errorf("asking for metadata: %w", err)
	}
	return parseTopicID(answer)
}

// takesMetadata reads an answer about versions.
func takesMetadata(answer []byte) (bool, error) {
	d := decoder{rest: answer}
	if code := d.int16(); code != 0 {
		return false, kafka.Error(code)
	}
	takes := false
	for range d.count() {
		key, first, last := d.int16(), d.int16(), d.int16()
		takes = takes || key == metadataKey && first <= metadataVersion && metadataVersion <= last
	}
	if d.err != nil {
		return false, fmt.Errorf("parsing versions: %w", d.err)
	}
	return takes, nil
}

// appendMetadataRequest appends the length-prefixed request about one topic,
// which never makes the broker create it.
func appendMetadataRequest(b []byte, id int32, client, topic string) []byte {
	const (
		no     = 0
		noTags = 0
	)
	start := len(b)
	b = appendHeader(b, metadataKey, metadataVersion, id, client)
	b = append(b, noTags)
	b = append(b, 2) // topics and one, as lengths are here
	b = append(b, make([]byte, idSize)...)
	b = binary.AppendUvarint(b, uint64(len(topic))+1)
	b = append(b, topic...)
	b = append(b, noTags, no, no, no, noTags) // no creation, no permissions of cluster and topic
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// parseTopicID reads an answer about one topic as far as its id.
func parseTopicID(answer []byte) (string, error) {
	d := decoder{rest: answer}
	d.skipTags()
	d.int32() // throttle time
	for range d.compactCount() {
		d.int32() // broker
		d.skipCompact()
		d.int32() // port
		d.skipCompact()
		d.skipTags()
	}
	d.skipCompact() // cluster
	d.int32()       // controller
	topics := d.compactCount()
	code := kafka.Error(d.int16())
	d.skipCompact()
	id := d.take(idSize)
	switch {
	case d.err != nil:
		return "", fmt.Errorf("parsing metadata: %w", d.err)
	case topics != 1:
		return "", fmt.Errorf("parsing metadata: %d topics instead of 1", topics)
	case code != 0:
		return "", code
	case [idSize]byte(id) == [idSize]byte{}:
		return "", nil
	}
	return base64.RawURLEncoding.EncodeToString(id), nil
}
