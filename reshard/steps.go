package reshard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/service"
	"muster/sink"
	"muster/stream"
)

// reshard checks, copies and switches.
func (r *resharding) reshard(ctx context.Context, cluster *stream.Cluster) (*Outcome, error) {
	if err := r.store.CheckTopic(ctx, r.config.Kafka.Keyed); err != nil {
		return nil, err
	}
	if err := alone(ctx, cluster, r.config.Kafka.SessionTimeout); err != nil {
		return nil, err
	}
	extents, err := r.extents(ctx, cluster)
	if err != nil {
		return nil, err
	}
	offsets, err := r.store.Offsets(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.drained(extents, offsets); err != nil {
		return nil, err
	}
	from := r.layouts.Current
	from.Topic = r.config.Kafka.Keyed
	to := sink.Layout{Number: from.Number + 1, Shards: r.request.Shards, Topic: r.topic()}
	outcome := &Outcome{State: Would, From: &from, To: to}
	var weight sink.Weight
	if r.request.DryRun {
		weight, err = r.store.Weigh(ctx)
	} else {
		outcome.State = Done
		weight, err = r.make(ctx, cluster, extents)
	}
	outcome.weigh(weight, r.config.Redis.OutboxMax)
	return outcome, err
}

// make makes the new topic and the new shards.
func (r *resharding) make(ctx context.Context, cluster *stream.Cluster, extents []stream.Extent) (sink.Weight, error) {
	if err := r.createTopic(ctx, extents); err != nil {
		return sink.Weight{}, err
	}
	return r.move(ctx, cluster)
}

// topic returns the name of the new keyed topic.
func (r *resharding) topic() string {
	switch {
	case r.request.Keyed != "":
		return r.request.Keyed
	case r.layouts.Next != nil: // as it was begun
		return r.layouts.Next.Topic
	}
	return fmt.Sprintf("%s-%d", r.config.Kafka.Keyed, r.request.Shards)
}

// alone refuses while there are evaluators. Those that nobody sees are
// fenced later, when the shards are sealed.
func alone(ctx context.Context, cluster *stream.Cluster, session time.Duration) error {
	members, err := cluster.Members(ctx)
	if err != nil {
		return err
	}
	if len(members) > 0 {
		return fmt.Errorf("evaluators are running: %s; stop them first (one that was killed is missed after %s)",
			strings.Join(members, ", "), session)
	}
	return nil
}

func (r *resharding) extents(ctx context.Context, cluster *stream.Cluster) ([]stream.Extent, error) {
	extents, err := cluster.Extents(ctx)
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		return nil, fmt.Errorf("%w: %w", err, errTopic)
	}
	if err == nil && len(extents) < r.layouts.Current.Shards {
		err = fmt.Errorf("topic %s has %d partitions, redis holds %d shards: %w",
			r.config.Kafka.Keyed, len(extents), r.layouts.Current.Shards, errTopic)
	}
	return extents, err
}

// drained refuses shards that have not applied all that their partition
// holds: nobody would read it any more.
func (r *resharding) drained(extents []stream.Extent, offsets []int64) error {
	var behind []string
	for shard, e := range extents {
		next := int64(-1)
		if shard < len(offsets) {
			next = offsets[shard]
		}
		switch {
		case next == e.End, next < 0 && e.First == e.End:
		case shard >= len(offsets):
			behind = append(behind, fmt.Sprintf("  partition %d was added to the topic and has %s that nobody reads: see "+
				"\"Partitions were added to the keyed topic\" in docs/operations.md", shard, number(e.End-e.First, "record")))
		case next > e.End:
			behind = append(behind, fmt.Sprintf("  shard %d has applied records up to offset %d, and the partition ends at %d: see "+
				"\"When Kafka no longer holds what was to be read\" in docs/operations.md", shard, next, e.End))
		default:
			behind = append(behind, fmt.Sprintf("  shard %d has %s to read, from offset %d", shard, number(e.End-max(next, e.First), "record"), max(next, 0)))
		}
	}
	if len(behind) == 0 {
		return nil
	}
	return fmt.Errorf("%s of topic %s not at the end:\n%s\nstop what produces to the topic, and let an evaluator read it: "+
		"run it with \"sources: []\" until muster_lag_records is 0 everywhere, and stop it",
		number(len(behind), "shard"), r.config.Kafka.Keyed, strings.Join(behind, "\n"))
}

// createTopic creates the new keyed topic. One that is there already must
// never have had a record, as the shards begin with its first.
func (r *resharding) createTopic(ctx context.Context, old []stream.Extent) error {
	next := r.config
	next.Kafka.Keyed = r.topic()
	cfg := next.Kafka
	if cfg.Keyed == r.config.Kafka.Keyed {
		return fmt.Errorf("--keyed %s is the present topic: a new one is needed: %w", cfg.Keyed, errTopic)
	}
	cluster, err := stream.Connect(cfg, nil)
	if err != nil {
		return &settledError{err}
	}
	defer cluster.Close()
	replication := r.request.Replication
	if replication == 0 {
		replication = max(1, old[0].Replicas)
	}
	if _, err := cluster.Init(ctx, r.request.Shards, replication); err != nil {
		return fmt.Errorf("preparing kafka at %s: %w", strings.Join(cfg.Brokers, ", "), err)
	}
	if err := service.Claim(ctx, &next, cluster, r.store); err != nil {
		return fmt.Errorf("%w: %w", err, errTopic)
	}
	extents, err := cluster.Extents(ctx)
	if err != nil {
		return err
	}
	for partition, e := range extents {
		if e.End > 0 {
			return fmt.Errorf("topic %s has had records in partition %d: choose another with --keyed: %w", cfg.Keyed, partition, errTopic)
		}
	}
	return nil
}

// move seals the old shards, and opens them again if they are not at the end
// after all; then it copies them and switches.
func (r *resharding) move(ctx context.Context, cluster *stream.Cluster) (sink.Weight, error) {
	before, err := stream.NewPartitioner(r.config.Kafka.Partitioner, r.layouts.Current.Shards)
	if err != nil {
		return sink.Weight{}, &settledError{err}
	}
	after, err := stream.NewPartitioner(r.config.Kafka.Partitioner, r.request.Shards)
	if err != nil {
		return sink.Weight{}, &settledError{err}
	}
	s, err := r.store.Reshard(ctx, sink.Plan{
		From: r.config.Kafka.Keyed, To: r.topic(), Shards: r.request.Shards,
		Before: before.Partition, After: after.Partition, Progress: r.request.Progress,
	})
	if err != nil {
		return sink.Weight{}, err
	}
	offsets, err := s.Seal(ctx)
	if err != nil {
		return sink.Weight{}, err
	}
	if err := r.stillDrained(ctx, cluster, offsets); err != nil {
		return sink.Weight{}, err
	}
	weight, err := s.Copy(ctx)
	if err != nil {
		return sink.Weight{}, err
	}
	// A producer that nobody has stopped would lose what it wrote meanwhile.
	if err := r.stillDrained(ctx, cluster, offsets); err != nil {
		return sink.Weight{}, err
	}
	return weight, s.Switch(ctx)
}

// stillDrained gives the reshard up when there are records to read: only the
// old shards can.
func (r *resharding) stillDrained(ctx context.Context, cluster *stream.Cluster, offsets []int64) error {
	extents, err := r.extents(ctx, cluster)
	if err != nil {
		return err
	}
	behind := r.drained(extents, offsets)
	if behind == nil {
		return nil
	}
	if _, err := r.store.Abandon(ctx, r.request.Progress); err != nil {
		return fmt.Errorf("%w\ngiving it up failed, run it with --abandon: %w", behind, err)
	}
	return fmt.Errorf("%w\nthe old shards are open again, and nothing is changed", behind)
}
