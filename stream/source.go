package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/pipeline"
	"muster/stream/internal/wire"
)

const (
	fetchFirstWait = 50 * time.Millisecond
	fetchMostWait  = 5 * time.Second
	// corruptAttempts is how often an unreadable batch is asked for before
	// it counts as corrupt in the log and not on the way.
	corruptAttempts = 4
)

// source reads one partition from its leader, dialing again as needed.
type source struct {
	cluster   *Cluster
	topic     string
	partition int
	limit     int             // records a Fetch may return
	next      int64           // offset to ask for; -1 for the first there is
	anchor    pipeline.Anchor // of next
	forgotten bool            // whether next is -1 although the anchor says that there was another
	known     bool            // whether the log is the anchor's
	id        string          // of a topic that is not the anchor's
	high      int64
	answered  time.Time // when the last answer with anything in it came
	heard     time.Time // when the last answer came
	conn      *wire.Conn
	unpack    unpacker
	retry     backoff
	corrupt   int // attempts in a row that ended in an unreadable batch
}

// Open returns the source of a partition of the keyed topic, starting at an
// offset; -1 starts at the first one the log holds. Nothing is dialed until
// the first Fetch. Fetch goes on through lost connections and moved leaders
// until its ctx ends, telling the Observer, and returns *GapError when the
// log does not hold the offset or is not the anchor's, unless
// Config.AcceptGaps, and *CorruptError when it can't be read.
//
// High counts records of open transactions that Fetch does not return yet:
// while a transaction hangs, Next stays below High.
func (c *Cluster) Open(partition int, offset int64, anchor pipeline.Anchor) pipeline.Source {
	return c.openTopic(topicPartition{c.cfg.Keyed, partition}, offset, anchor, c.cfg.BatchRecords)
}

func (c *Cluster) openTopic(at topicPartition, offset int64, anchor pipeline.Anchor, limit int) *source {
	return &source{
		cluster: c, topic: at.topic, partition: at.partition, limit: limit,
		next: offset, anchor: anchor, forgotten: offset < 0 && anchor.Sum != 0,
		retry: backoff{first: fetchFirstWait, most: fetchMostWait},
	}
}

// Close closes the connection.
func (s *source) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

// Fetch returns the next records. See pipeline.Source.
func (s *source) Fetch(ctx context.Context) (pipeline.Batch, error) {
	failed := false
	defer func() {
		if failed {
			s.cluster.observer.fetchSettled(topicPartition{s.topic, s.partition})
		}
	}()
	for {
		batch, err := s.attempt(ctx)
		if err == nil {
			s.retry.reset()
			return batch, nil
		}
		var gap *GapError
		if s.cluster.cfg.AcceptGaps && errors.As(err, &gap) {
			return s.pass(gap), nil
		}
		_ = s.Close() // whatever went wrong, the connection's state is unknown
		s.unpack.drop()
		switch {
		case ctx.Err() != nil:
			return pipeline.Batch{}, fmt.Errorf("fetching topic %s partition %d: %w", s.topic, s.partition, ctx.Err())
		case IsFatal(err):
			return pipeline.Batch{}, err
		}
		wait := s.retry.next()
		failed = true
		s.cluster.observer.fetchError(s.topic, s.partition, s.cluster.explain(err), wait)
		if err := pause(ctx, wait); err != nil {
			return pipeline.Batch{}, fmt.Errorf("fetching topic %s partition %d: %w", s.topic, s.partition, err)
		}
	}
}

// attempt returns what is left of the last answer, or asks for a new one.
func (s *source) attempt(ctx context.Context) (pipeline.Batch, error) {
	if err := ctx.Err(); err != nil {
		return pipeline.Batch{}, err
	}
	if s.unpack.empty() {
		if err := s.poll(ctx); err != nil {
			return pipeline.Batch{}, err
		}
	}
	records, next, err := s.unpack.take(s.next, s.limit, s.cluster.cfg.MaxBytes)
	if err != nil {
		return pipeline.Batch{}, s.unreadable(err)
	}
	s.next, s.corrupt = next, 0
	if last := len(records) - 1; last >= 0 {
		s.anchor = pipeline.AnchorAt(s.anchor.Topic, &records[last])
	}
	return pipeline.Batch{Records: records, Next: next, High: s.high, Anchor: s.anchor}, nil
}

// poll asks the leader for the next batches.
func (s *source) poll(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.linger(ctx); err != nil {
		return err
	}
	if !s.known || time.Since(s.heard) > knownFor {
		if err := s.identify(ctx); err != nil {
			return err
		}
	}
	cfg := &s.cluster.cfg
	res, buffer, err := s.conn.Fetch(ctx, wire.Ask{
		Topic: s.topic, Partition: s.partition, Offset: s.next,
		MinBytes: cfg.MinBytes, MaxBytes: cfg.MaxBytes, Wait: cfg.PollWait,
	}, s.unpack.spare())
	if err != nil {
		return err
	}
	s.heard = time.Now()
	if errors.Is(res.Code, kafka.OffsetOutOfRange) {
		return s.outOfRange(ctx)
	}
	if res.Code != 0 {
		return fmt.Errorf("fetching offset %d: %w", s.next, res.Code)
	}
	if len(res.Batches) > 0 {
		s.answered = s.heard
	}
	s.high = res.High
	s.unpack.give(res, buffer)
	return nil
}

// linger lets records gather at the end of the log.
func (s *source) linger(ctx context.Context) error {
	wait := s.cluster.cfg.Linger - time.Since(s.answered)
	if wait <= 0 || s.next < s.high {
		return nil
	}
	return pause(ctx, wait)
}

// connect makes sure of a connection to the leader and of an offset to ask for.
func (s *source) connect(ctx context.Context) error {
	if s.next < 0 {
		first, _, err := s.cluster.bounds(ctx, s.topic, s.partition)
		if err != nil {
			return err
		}
		s.next = first
	}
	if s.conn != nil {
		return nil
	}
	opened, err := s.cluster.dialLeader(ctx, s.topic, s.partition)
	if err != nil {
		return err
	}
	s.conn, s.known = wire.NewConn(opened, s.cluster.cfg.ClientID, answerTimeout), false
	return nil
}

// outOfRange tells a gap from a broker that has not caught up with being the leader.
func (s *source) outOfRange(ctx context.Context) error {
	first, last, err := s.cluster.bounds(ctx, s.topic, s.partition)
	if err != nil {
		return err
	}
	if s.next >= first && s.next <= last {
		return fmt.Errorf("fetching offset %d: %w", s.next, kafka.OffsetOutOfRange)
	}
	return &GapError{Topic: s.topic, Partition: s.partition, Asked: s.next, First: first, Last: last}
}

// pass goes on behind a gap. What was read before says nothing of what comes.
func (s *source) pass(gap *GapError) pipeline.Batch {
	s.next, s.forgotten = gap.goesOn(), false
	if gap.Anew || gap.Cut {
		s.anchor = pipeline.Anchor{Topic: s.id}
	} else {
		s.anchor = pipeline.Anchor{Topic: s.anchor.Topic}
	}
	return pipeline.Batch{
		Next: s.next, High: gap.Last, Gap: &pipeline.Gap{From: gap.Asked, To: s.next}, Anchor: s.anchor,
	}
}

func (s *source) unreadable(err error) error {
	if s.corrupt++; s.corrupt < corruptAttempts {
		return err
	}
	s.corrupt = 0
	return &CorruptError{Topic: s.topic, Partition: s.partition, Offset: s.next, Err: err}
}
