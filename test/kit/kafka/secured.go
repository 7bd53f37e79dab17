package kafka

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	kafkascram "github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"muster/test/kit/certificates"
)

// The users of a Secured, each by every mechanism.
const (
	Admin         = "admin" // may do everything
	AdminPassword = "the-admins-own-word"
	User          = "muster" // may do what Allow says
	Password      = "the-users-own-word"
)

var mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// Secured is a broker that takes only clients who connect with TLS, show a
// certificate of its Authority and sign in.
type Secured struct {
	Broker
	Authority *certificates.Authority
	Client    certificates.Pair // what clients may show

	tls   *tls.Config
	admin *kafka.Client
}

// StartSecured starts the broker that MUSTER_E2E asks for, and ends it with
// the test.
func StartSecured(t testing.TB) *Secured {
	t.Helper()
	s, err := newSecured(t)
	if err != nil {
		t.Fatalf("starting a secured broker: %v", err)
	}
	return s
}

func newSecured(t testing.TB) (*Secured, error) {
	s := &Secured{}
	var err error
	if s.Authority, err = certificates.New(t.TempDir(), "kafka-authority"); err != nil {
		return nil, err
	}
	until := time.Now().Add(time.Hour)
	server, err := s.Authority.Issue("broker", until, "localhost", "127.0.0.1")
	if err != nil {
		return nil, err
	}
	if s.Client, err = s.Authority.Issue("kafka-client", until); err != nil {
		return nil, err
	}
	if s.tls, err = s.Authority.TLS(s.Client); err != nil {
		return nil, err
	}
	if err := s.start(t, server); err != nil {
		return nil, err
	}
	signIn, err := kafkascram.Mechanism(kafkascram.SHA256, Admin, AdminPassword)
	if err != nil {
		return nil, err
	}
	transport := &kafka.Transport{TLS: s.tls, SASL: signIn, MetadataTTL: 200 * time.Millisecond}
	t.Cleanup(transport.CloseIdleConnections)
	s.admin = &kafka.Client{Addr: kafka.TCP(s.Addresses()...), Transport: transport}
	return s, nil
}

func (s *Secured) start(t testing.TB, server certificates.Pair) error {
	if !Real() {
		config, err := s.Authority.TLS(server)
		if err != nil {
			return err
		}
		opts := []kfake.Opt{kfake.TLS(config), kfake.EnableSASL(), kfake.EnableACLs()}
		for _, mechanism := range mechanisms {
			opts = append(opts, kfake.Superuser(mechanism, Admin, AdminPassword), kfake.User(mechanism, User, Password))
		}
		s.Broker = StartFakeFor(t, opts...)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a first start downloads
	defer cancel()
	b, err := startReal(ctx, t.TempDir(), &lock{authority: s.Authority.File, server: server.BothFile}, nil)
	if err != nil {
		return err
	}
	t.Cleanup(func() {
		_ = b.Kill()
		b.release()
	})
	s.Broker = b
	return nil
}

// AdminClient returns a client that may do everything.
func (s *Secured) AdminClient() *kafka.Client { return s.admin }

// AdminOptions make a kgo client that may do everything.
func (s *Secured) AdminOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(s.Addresses()...), kgo.DialTLSConfig(s.tls),
		kgo.SASL(scram.Auth{User: Admin, Pass: AdminPassword}.AsSha256Mechanism()),
	}
}

// Allow lets User do what the entries say; their principal is filled in.
func (s *Secured) Allow(ctx context.Context, entries ...kafka.ACLEntry) error {
	for i := range entries {
		entries[i].Principal, entries[i].Host = "User:"+User, "*"
		entries[i].PermissionType = kafka.ACLPermissionTypeAllow
		if entries[i].ResourcePatternType == kafka.PatternTypeUnknown {
			entries[i].ResourcePatternType = kafka.PatternTypeLiteral
		}
	}
	for {
		res, err := s.admin.CreateACLs(ctx, &kafka.CreateACLsRequest{ACLs: entries})
		if err == nil {
			err = errors.Join(res.Errors...)
		}
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, kafka.BrokerNotAvailable) || ctx.Err() != nil: // not known yet who the controller is
			return fmt.Errorf("allowing: %w", err)
		}
	}
}

// SetPassword gives User another password with SCRAM-SHA-512. When it
// returns the broker goes by it.
func (s *Secured) SetPassword(ctx context.Context, password string) error {
	const iterations = 4096
	salt := []byte("a salt of a test")
	salted, err := pbkdf2.Key(sha512.New, password, salt, iterations, sha512.Size)
	if err != nil {
		return err
	}
	res, err := s.admin.AlterUserScramCredentials(ctx, &kafka.AlterUserScramCredentialsRequest{
		Upsertions: []kafka.UserScramCredentialsUpsertion{{
			Name: User, Mechanism: kafka.ScramMechanismSha512, Iterations: iterations, Salt: salt, SaltedPassword: salted,
		}},
	})
	if err != nil {
		return fmt.Errorf("setting a password: %w", err)
	}
	for _, result := range res.Results {
		err = errors.Join(err, result.Error)
	}
	if err != nil {
		return fmt.Errorf("setting a password: %w", err)
	}
	return s.awaitPassword(ctx, password)
}

// awaitPassword waits until User can sign in: the broker answers before it
// has taken a new password over.
func (s *Secured) awaitPassword(ctx context.Context, password string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Addresses()...), kgo.DialTLSConfig(s.tls),
		kgo.SASL(scram.Auth{User: User, Pass: password}.AsSha512Mechanism()))
	if err != nil {
		return err
	}
	defer client.Close()
	for err = client.Ping(ctx); err != nil && ctx.Err() == nil; err = client.Ping(ctx) {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("waiting for a password to be taken over: %w", err)
	}
	return nil
}
