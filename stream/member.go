package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// rejoinWait is the pause before joining again after a failure.
const rejoinWait = time.Second

// minGroupTimeout is the least time that a request to the group's broker may
// take; one to join may take RebalanceTimeout more. A member that gives up
// on joining stays behind in the group as one that never answers, which
// holds up the others: it is better to wait too long.
const minGroupTimeout = 10 * time.Second

// topicPartition is one partition of one topic.
type topicPartition struct {
	topic     string
	partition int
}

// member is this program's part in one consumer group.
type member struct {
	cluster *Cluster
	group   string
	topics  []string
	watch   bool // whether new partitions of the topics lead to a rebalance
}

// run joins the group and calls begin for every generation until ctx ends.
// begin must not block; what it starts by hold or gen.Start ends before the
// next generation begins. run returns after that and after leaving the group.
func (m *member) run(ctx context.Context, begin func(*kafka.Generation)) error {
	if err := m.topicsExist(ctx); err != nil {
		return err
	}
	predecessors := m.predecessors(ctx)
	cfg := &m.cluster.cfg
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                    m.group,
		Brokers:               cfg.Brokers,
		Dialer:                m.cluster.groupDialer(),
		Topics:                m.topics,
		HeartbeatInterval:     cfg.HeartbeatInterval,
		SessionTimeout:        cfg.SessionTimeout,
		RebalanceTimeout:      cfg.RebalanceTimeout,
		Timeout:               max(minGroupTimeout, cfg.SessionTimeout),
		JoinGroupBackoff:      rejoinWait,
		WatchPartitionChanges: m.watch,
		StartOffset:           kafka.FirstOffset,
	})
	if err != nil {
		return fmt.Errorf("preparing group %s: %w", m.group, err)
	}
	defer group.Close() // ends the generation, waits for its work, leaves the group
	var succession sync.WaitGroup
	succession.Go(func() { m.succeed(ctx, predecessors) })
	defer succession.Wait()
	for {
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			m.cluster.observer.groupError(m.group, m.cluster.explain(err))
		default:
			m.cluster.observer.assigned(m.group, gen.ID, assignedPartitions(gen))
			gen.Start(func(lasting context.Context) { m.attend(lasting, gen.MemberID) })
			begin(gen)
		}
	}
}

// attend looks for twins of this member, and says when the generation ends. Of
// one that ended before it began nobody waits for this goroutine, so it must
// not speak after the next began.
func (m *member) attend(lasting context.Context, own string) {
	if lasting.Err() != nil {
		return
	}
	m.lookForTwins(lasting, own)
	<-lasting.Done()
	m.cluster.observer.unassigned(m.group)
}

// topicsExist guards against kafka-go's group, which would make the broker
// create a missing topic with a number of partitions nobody chose.
func (m *member) topicsExist(ctx context.Context) error {
	for _, topic := range m.topics {
		_, err := m.cluster.awaitTopic(ctx, topic)
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			return fmt.Errorf("joining group %s: topic %s does not exist", m.group, topic)
		}
		if err != nil {
			return fmt.Errorf("joining group %s: looking for topic %s: %w", m.group, topic, err)
		}
	}
	return nil
}

func assignedPartitions(gen *kafka.Generation) map[string][]int {
	partitions := map[string][]int{}
	for topic, assigned := range gen.Assignments {
		for _, a := range assigned {
			partitions[topic] = append(partitions[topic], a.ID)
		}
	}
	return partitions
}

// hold runs work on one partition for as long as gen lasts, in its own
// goroutine. The ctx of work ends with the generation; kafka-go ends that of
// a whole member as soon as one of its funcs returns, and so hold stays until
// then whatever work does. Work that fails is run again after a wait of at
// least a heartbeat, by when a partition lost meanwhile would have been
// withdrawn; work that fails for good leaves the partition idle. done is
// called at the end, work or no work.
func (m *member) hold(ctx context.Context, gen *kafka.Generation, at topicPartition, work func(context.Context) error, done func()) {
	gen.Start(func(lasting context.Context) {
		defer done()
		if lasting.Err() != nil { // over before it began, and nobody waits for this goroutine
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		withdrawn := make(chan time.Time, 1)
		stop := context.AfterFunc(lasting, func() {
			withdrawn <- time.Now()
			cancel()
		})
		defer stop()
		m.repeat(ctx, at, work)
		<-lasting.Done()
		m.cluster.observer.released(at.topic, at.partition, time.Since(<-withdrawn))
	})
}

func (m *member) repeat(ctx context.Context, at topicPartition, work func(context.Context) error) {
	observer := m.cluster.observer
	first := 2 * m.cluster.cfg.HeartbeatInterval
	retry := backoff{first: first, most: max(first, 30*time.Second)}
	for {
		began := time.Now()
		err := work(ctx)
		switch {
		case ctx.Err() != nil:
			if err != nil && !errors.Is(err, context.Canceled) {
				observer.workError(at.topic, at.partition, err, 0)
			}
			return
		case err == nil:
			err = errors.New("the work on the partition returned although the partition is still owned")
		case IsFatal(err):
			observer.poisoned(at.topic, at.partition, err)
			<-ctx.Done()
			return
		}
		if time.Since(began) > retry.most {
			retry.reset()
		}
		wait := retry.next()
		observer.workError(at.topic, at.partition, err, wait)
		if pause(ctx, wait) != nil {
			return
		}
		observer.resumed(at)
	}
}
