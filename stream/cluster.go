package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// dialTimeout bounds opening a connection and looking up a leader.
	dialTimeout = 10 * time.Second
	// answerTimeout bounds how long a broker may take to answer beyond the
	// wait it was asked for.
	answerTimeout = 10 * time.Second
	// metadataAge bounds how long a moved leader may go unnoticed.
	metadataAge = time.Second
	// topicWait bounds how long a topic may be unknown to a broker, and
	// metadataAge more to us, after it was created.
	topicWait = 3 * time.Second
)

// Cluster is the way to one Kafka cluster. It is safe for concurrent use.
type Cluster struct {
	cfg       Config
	observer  *Observer
	dialer    *kafka.Dialer
	transport *kafka.Transport
	client    *kafka.Client
	door      door
}

// Connect prepares for a cluster; it does not dial yet. The observer may be
// nil. Close the Cluster when everything made from it has ended.
func Connect(cfg Config, observer *Observer) (*Cluster, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking stream configuration: %w", err)
	}
	if observer == nil {
		observer = &Observer{}
	}
	c := &Cluster{cfg: cfg, observer: observer}
	c.prepare()
	return c, nil
}

// prepare builds the two ways in which kafka-go connects, the one place for
// encryption and authentication. TLS belongs into dial, not into the
// Dialer's field, because dialLeader keeps the connection that dial made.
func (c *Cluster) prepare() {
	dial := c.cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	dial = c.door.through(c.cfg.TLS.Over(dial))
	login := mechanism(c.cfg.SASL)
	c.dialer = &kafka.Dialer{ClientID: c.cfg.ClientID, Timeout: dialTimeout, DialFunc: dial, SASLMechanism: login}
	c.transport = &kafka.Transport{
		ClientID:       c.cfg.ClientID,
		Dial:           dial,
		DialTimeout:    dialTimeout,
		SASL:           login,
		MetadataTTL:    metadataAge,
		MetadataTopics: c.topics(),
	}
	c.client = &kafka.Client{Addr: kafka.TCP(c.cfg.Brokers...), Transport: c.transport}
}

// groupDialer connects with the client id of the groups' members.
func (c *Cluster) groupDialer() *kafka.Dialer {
	dialer := *c.dialer
	dialer.ClientID = c.cfg.groupClient()
	return &dialer
}

// topics returns every topic this package touches.
func (c *Cluster) topics() []string {
	topics := []string{c.cfg.Keyed, c.cfg.DeadTopic(c.cfg.Keyed)}
	for _, source := range c.cfg.Sources {
		topics = append(topics, source, c.cfg.DeadTopic(source))
	}
	return topics
}

// Close drops the idle connections.
func (c *Cluster) Close() { c.transport.CloseIdleConnections() }

// dialLeader connects to the leader of a partition. The bare connection
// that kafka-go has opened and authenticated is what is returned.
func (c *Cluster) dialLeader(ctx context.Context, topic string, partition int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	leader, err := c.leader(ctx, topic, partition)
	if err != nil {
		return nil, fmt.Errorf("looking up leader: %w", err)
	}
	var opened net.Conn
	dialer := *c.dialer
	dialer.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		opened, err = c.dialer.DialFunc(ctx, network, address)
		return opened, err
	}
	if _, err := dialer.DialContext(ctx, "tcp", leader); err != nil {
		return nil, fmt.Errorf("dialing leader: %w", err)
	}
	return opened, nil
}

// leader returns the address of a partition's leader. It asks in a way that
// never makes the broker create the topic, which kafka-go's Dialer would.
func (c *Cluster) leader(ctx context.Context, topic string, partition int) (string, error) {
	partitions, err := c.partitions(ctx, topic)
	if err != nil {
		return "", err
	}
	for _, p := range partitions {
		if p.ID != partition {
			continue
		}
		if p.Leader.Host == "" {
			return "", kafka.LeaderNotAvailable
		}
		return net.JoinHostPort(p.Leader.Host, strconv.Itoa(p.Leader.Port)), nil
	}
	return "", kafka.UnknownTopicOrPartition
}

// partitions returns the partitions of a topic, or
// kafka.UnknownTopicOrPartition when there is no such topic.
func (c *Cluster) partitions(ctx context.Context, topic string) ([]kafka.Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	res, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, fmt.Errorf("asking for metadata: %w", err)
	}
	for _, t := range res.Topics {
		if t.Name == topic && (t.Error != nil || len(t.Partitions) > 0) {
			return t.Partitions, t.Error
		}
	}
	return nil, kafka.UnknownTopicOrPartition
}

// awaitTopic returns the partitions of a topic that may just have been
// created. A topic still unknown after topicWait does not exist.
func (c *Cluster) awaitTopic(ctx context.Context, topic string) ([]kafka.Partition, error) {
	for deadline := time.Now().Add(topicWait); ; {
		partitions, err := c.partitions(ctx, topic)
		if !errors.Is(err, kafka.UnknownTopicOrPartition) || time.Now().After(deadline) {
			return partitions, c.explain(err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// bounds returns the first offset a partition holds and the one its next
// record will get.
func (c *Cluster) bounds(ctx context.Context, topic string, partition int) (first, last int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	res, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)},
	}})
	if err != nil {
		return 0, 0, fmt.Errorf("listing offsets: %w", err)
	}
	for _, p := range res.Topics[topic] {
		if p.Partition != partition {
			continue
		}
		if p.Error != nil {
			return 0, 0, fmt.Errorf("listing offsets: %w", p.Error)
		}
		if p.FirstOffset < 0 || p.LastOffset < 0 {
			return 0, 0, fmt.Errorf("listing offsets: %w", kafka.LeaderNotAvailable)
		}
		return p.FirstOffset, p.LastOffset, nil
	}
	return 0, 0, fmt.Errorf("listing offsets: %w", kafka.UnknownTopicOrPartition)
}
