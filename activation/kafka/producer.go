package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"muster/credentials"
)

const (
	// leastTransaction and longestTransaction bound how long brokers leave a
	// transaction open that nobody ends. Until then those who read committed
	// records wait. Brokers take up to transaction.max.timeout.ms, 15 minutes.
	leastTransaction   = 10 * time.Second
	longestTransaction = time.Minute
	// retries is how often the client asks a broker again by itself, within
	// four seconds. Then the reason is told, and the message waits.
	retries = 4
	// lookAgain is how soon it is looked again where a partition's leader is.
	lookAgain = 250 * time.Millisecond
)

// producer has a transactional id for itself until somebody else begins with
// it.
type producer struct {
	client *kgo.Client
	dialed *dialed
}

// open connects, makes topics that are missing, and fences off whoever had the
// id before.
func (s *shardSender) open(ctx context.Context) (*producer, error) {
	p := &producer{dialed: &dialed{}}
	var err error
	if p.client, err = kgo.NewClient(s.options(p.dialed)...); err != nil {
		return nil, fmt.Errorf("preparing for kafka: %w", err)
	}
	if err := s.begin(ctx, p.client); err != nil {
		p.client.Close()
		return nil, p.dialed.explain(err)
	}
	return p, nil
}

// begin makes a client ready. To ask whether the claim still holds comes last:
// an owner that came later has then yet to take the id, and takes it from us.
func (s *shardSender) begin(ctx context.Context, client *kgo.Client) error {
	if err := s.findTopics(ctx, client); err != nil {
		return err
	}
	if _, _, err := client.ProducerID(ctx); err != nil {
		return fmt.Errorf("taking the transactional id %s: %w", s.id, err)
	}
	return s.holds(ctx)
}

func (s *shardSender) options(d *dialed) []kgo.Opt {
	dial := s.home.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(s.to.Brokers...),
		kgo.ClientID(s.home.Agent + " " + s.name),
		kgo.Dialer(d.through(s.to.TLS.Over(dial))),
		kgo.TransactionalID(s.id),
		kgo.TransactionTimeout(min(max(2*s.to.Timeout, leastTransaction), longestTransaction)),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(s.partitioner)),
		kgo.ManualFlushing(),
		kgo.RequestRetries(retries),
		kgo.MetadataMinAge(lookAgain),
		kgo.DisableClientMetrics(),
	}
	if mechanism := mechanismOf(s.to.SASL); mechanism != nil {
		options = append(options, kgo.SASL(mechanism))
	}
	return options
}

// partitioner has the records of both topics on the partition of their
// profile.
func (s *Sender) partitioner(topic string) func(*kgo.Record, int) int {
	return func(r *kgo.Record, partitions int) int {
		if r.Key == nil {
			return int(r.Partition) // of parts
		}
		profile := string(r.Key)
		if topic == s.to.MembersTopic {
			profile, _ = splitMember(r.Key)
		}
		return s.home.Partition(profile, partitions)
	}
}

// mechanismOf returns nil for not signing in. The password is read for every
// connection.
func mechanismOf(s credentials.SASL) sasl.Mechanism {
	switch s.Mechanism {
	case "":
		return nil
	case credentials.Plain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := s.Read()
			return plain.Auth{User: s.Username, Pass: password}, err
		})
	}
	auth := func(context.Context) (scram.Auth, error) {
		password, err := s.Read()
		return scram.Auth{User: s.Username, Pass: password}, err
	}
	if s.Mechanism == credentials.ScramSHA512 {
		return scram.Sha512(auth)
	}
	return scram.Sha256(auth)
}

// commit produces records in one transaction, and ends it.
func (p *producer) commit(ctx context.Context, records []*kgo.Record) error {
	if err := p.client.BeginTransaction(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	var first firstError
	for _, r := range records {
		p.client.Produce(ctx, r, func(_ *kgo.Record, err error) { first.note(err) })
	}
	if err := errors.Join(p.client.Flush(ctx), first.get()); err != nil {
		return p.dialed.explain(fmt.Errorf("producing: %w", err))
	}
	if err := p.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return p.dialed.explain(fmt.Errorf("committing: %w", err))
	}
	return nil
}

// firstError keeps the first error that it is given. It is safe for concurrent
// use.
type firstError struct {
	mu  sync.Mutex
	err error
}

func (f *firstError) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *firstError) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// dialed remembers why no connection came about, as the client only says that
// time is up. It is safe for concurrent use.
type dialed struct {
	mu  sync.Mutex
	err error // of the newest connection, nil when it came about
}

func (d *dialed) through(dial credentials.Dial) credentials.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.err = err
		return conn, err
	}
}

// explain adds to an error why there is no connection.
func (d *dialed) explain(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil || strings.Contains(err.Error(), d.err.Error()) {
		return err
	}
	return fmt.Errorf("%w: %w", err, d.err)
}
