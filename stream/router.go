package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"

	"muster/event"
	"muster/pipeline"
)

// routedRecords is how many source records are routed at a time, so that
// what goes to each keyed partition makes large produce calls. What they
// hold is bounded by Config.MaxBytes.
const routedRecords = 4000

// Splitter cuts a source record into records of one profile each, or says
// why it can't. Routed and rejected values live until Reset.
// *event.Decoder is one.
type Splitter interface {
	Split(dst []event.Routed, rejected []event.Rejection, data []byte, origin string) ([]event.Routed, []event.Rejection)
	Reset()
}

// Anchors keeps which log a source partition's offset is of. It is not kept
// with the offset, because Kafka forgets that together with the topic.
type Anchors interface {
	// SourceAnchor returns what is kept of a partition, zero for nothing.
	SourceAnchor(ctx context.Context, topic string, partition int) (pipeline.Anchor, error)
	// KeepSourceAnchor keeps it and, for good, a gap that was passed over
	// before it, nil for none.
	KeepSourceAnchor(ctx context.Context, topic string, partition int, a pipeline.Anchor, gap *pipeline.Gap) error
}

// Router moves the records of the source topics onto the keyed topic,
// keyed by profile and with the time they had on the source topic. The
// events of a profile that are on one source partition stay in order.
// Source offsets are committed to the router's own group after everything
// before them is acknowledged, so a crash routes some records twice and
// none never.
type Router struct {
	// Anchors tells source topics from others of their names; nil for not.
	Anchors Anchors

	cluster  *Cluster
	shards   int
	splitter func() (Splitter, error)
}

// Router returns the router of this cluster to so many shards: partitions
// that the keyed topic has got since belong to none. Splitter makes one
// Splitter for every source partition this member gets.
func (c *Cluster) Router(shards int, splitter func() (Splitter, error)) *Router {
	return &Router{cluster: c, shards: shards, splitter: splitter}
}

// Run routes the source partitions that this member of the router's group
// gets, until ctx ends; then it returns nil. It returns an error only when
// there is no splitter, or the keyed topic or a source topic does not exist
// or can't be asked for.
func (r *Router) Run(ctx context.Context) error {
	cfg := &r.cluster.cfg
	if len(cfg.Sources) == 0 {
		return errors.New("routing: there are no source topics")
	}
	switch have, err := r.cluster.Partitions(ctx); {
	case err != nil:
		return fmt.Errorf("routing: %w", err)
	case have < r.shards:
		return fmt.Errorf("routing: topic %s has %d partitions for %d shards", cfg.Keyed, have, r.shards)
	}
	partitioner, err := NewPartitioner(cfg.Partitioner, r.shards)
	if err != nil {
		return fmt.Errorf("routing: %w", err)
	}
	if _, err := r.splitter(); err != nil { // the same would fail for every partition, for ever
		return fmt.Errorf("routing: making splitter: %w", err)
	}
	m := &member{cluster: r.cluster, group: cfg.routerGroup(), topics: cfg.Sources, watch: true}
	return m.run(ctx, func(gen *kafka.Generation) {
		for topic, assigned := range gen.Assignments {
			for _, a := range assigned {
				route := &route{
					cluster: r.cluster, gen: gen, from: topicPartition{topic, a.ID}, next: a.Offset,
					partitioner: partitioner, newSplitter: r.splitter, anchors: r.Anchors,
				}
				m.hold(ctx, gen, route.from, route.run, func() {})
			}
		}
	})
}

// route moves the records of one source partition during one generation.
type route struct {
	cluster     *Cluster
	gen         *kafka.Generation
	from        topicPartition
	next        int64 // offset before which everything is acknowledged; negative for the first
	partitioner *Partitioner
	newSplitter func() (Splitter, error)
	anchors     Anchors
	anchor      pipeline.Anchor // of next
	anchored    bool            // whether anchor was asked for
}

func (r *route) run(ctx context.Context) error {
	splitter, err := r.newSplitter()
	if err != nil {
		return fmt.Errorf("making splitter: %w", err)
	}
	if err := r.recall(ctx); err != nil {
		return err
	}
	source := r.cluster.openTopic(r.from, max(r.next, -1), r.anchor, routedRecords)
	defer source.Close()
	load := newLoad(r.from, r.partitioner)
	for {
		batch, err := source.Fetch(ctx)
		if err != nil {
			return err
		}
		if batch.Gap != nil {
			if err := r.pass(ctx, &batch); err != nil {
				return err
			}
		}
		if batch.Next == r.next {
			continue
		}
		load.of(batch.Anchor.Topic)
		for i := range batch.Records {
			load.add(splitter, &batch.Records[i])
		}
		if err := r.deliver(ctx, load); err != nil {
			return err
		}
		r.cluster.observer.routed(r.from.topic, r.from.partition, len(batch.Records), load.events)
		r.cluster.observer.tombstones(r.from.topic, r.from.partition, load.tombstones)
		load.reset()
		splitter.Reset()
		r.next, r.anchor = batch.Next, batch.Anchor
		r.commit(ctx)
	}
}

// deliver returns when the load is on the keyed topic and its dead letters are kept.
func (r *route) deliver(ctx context.Context, load *load) error {
	refused, err := load.produce(ctx, r.cluster)
	if err != nil {
		return err
	}
	letters := append(load.letters, refused...)
	if len(letters) == 0 {
		return nil
	}
	return r.cluster.DeadLetters().Write(ctx, letters)
}

// commit tells the group how far the routing is. When it fails the next
// commit makes up for it, or the next owner routes the records again.
func (r *route) commit(ctx context.Context) {
	err := r.gen.CommitOffsets(map[string]map[int]int64{r.from.topic: {r.from.partition: r.next}})
	if err != nil && ctx.Err() == nil {
		r.cluster.observer.commitError(r.cluster.cfg.routerGroup(), r.cluster.explain(err))
	}
	r.keep(ctx)
}
