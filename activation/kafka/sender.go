package kafka

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"muster/activation"
)

// Sender sends messages to the topics of one destination. It is safe for
// concurrent use.
type Sender struct {
	name string
	to   activation.Kafka
	home Home
}

var _ activation.Fenced = (*Sender)(nil)

// New returns the Sender of a destination in Kafka. It opens no connection.
func New(d *activation.Destination, home Home) (*Sender, error) {
	if err := d.Kafka.Check(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	to := *d.Kafka
	if len(to.Brokers) == 0 {
		to.Brokers, to.TLS, to.SASL = home.Brokers, home.TLS, home.SASL
	}
	return &Sender{name: d.Name, to: to, home: home}, nil
}

// Format implements fmt.Formatter: it prints the topic, and nothing of what
// else the configuration has.
func (s *Sender) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, "kafka topic "+s.to.Topic) }

// Send implements activation.Sender, for a message that is no shard's: a
// sample. It fences off nobody but other samples.
func (s *Sender) Send(ctx context.Context, m activation.Message) activation.Answer {
	one := s.under("sample", func(context.Context) error { return nil })
	defer one.Close()
	return one.Send(ctx, m)
}

// Of implements activation.Fenced.
func (s *Sender) Of(shard int, holds func(context.Context) error) activation.ShardSender {
	return s.under(strconv.Itoa(shard), holds)
}

// under returns what sends under a transactional id that ends with a text.
// Kafka knows a producer by that id: the newest one fences off those before.
func (s *Sender) under(ending string, holds func(context.Context) error) *shardSender {
	return &shardSender{Sender: s, id: fmt.Sprintf("muster.%s.%s.%s", s.home.ID, s.name, ending), holds: holds}
}

// shardSender sends for one shard.
type shardSender struct {
	*Sender
	id    string // transactional
	holds func(context.Context) error

	mu       sync.Mutex
	producer *producer // nil before the first message, and after a failure
}

// Send implements activation.Sender.
func (s *shardSender) Send(ctx context.Context, m activation.Message) activation.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.to.Timeout)
	defer cancel()
	answer := s.send(ctx, m.Changes)
	answer.Took = time.Since(began)
	return answer
}

func (s *shardSender) send(ctx context.Context, changes []activation.Change) activation.Answer {
	err := s.commit(ctx, changes)
	if isTooLarge(err) && len(changes) > 1 {
		return s.sendApart(ctx, changes)
	}
	return s.judge(err)
}

// sendApart sends changes of which one at least makes the message too large,
// each in a transaction of its own. What is too large by itself is left out,
// so the message as a whole is refused; the others are there.
func (s *shardSender) sendApart(ctx context.Context, changes []activation.Change) activation.Answer {
	var refused activation.Answer
	count := 0
	for i := range changes {
		answer := s.judge(s.commit(ctx, changes[i:i+1]))
		switch answer.Verdict {
		case activation.Delivered:
		case activation.Refused:
			refused = answer
			count++
		default:
			return answer // all are sent again
		}
	}
	if count == 0 {
		return activation.Answer{Verdict: activation.Delivered}
	}
	refused.Reason = shorten(fmt.Sprintf("%d of %d changes, the others were taken: %s", count, len(changes), refused.Reason))
	return refused
}

// commit has changes on their topics in one transaction. After an error what
// has become of it is not known, so the next one begins with a producer that
// breaks it off, if it is still open.
func (s *shardSender) commit(ctx context.Context, changes []activation.Change) error {
	if s.producer == nil {
		p, err := s.open(ctx)
		if err != nil {
			return err
		}
		s.producer = p
	}
	records, err := s.recordsOf(ctx, changes)
	if err != nil {
		return err
	}
	if err = s.producer.commit(ctx, records); err != nil {
		s.drop()
	}
	return err
}

func (s *shardSender) drop() {
	s.producer.client.Close()
	s.producer = nil
}

// Close implements activation.ShardSender.
func (s *shardSender) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.producer != nil {
		s.drop()
	}
}
