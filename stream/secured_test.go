package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"muster/credentials"
	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/certificates"
	"muster/test/kit/kafka"
)

// newSecured is a fixture on a broker that wants TLS with a certificate and
// a user. The user has what reading and writing the keyed topic take.
func newSecured(t *testing.T) (*fixture, *kafka.Secured) {
	t.Helper()
	broker := kafka.StartSecured(t)
	f := newFixture(t, broker)
	f.client = f.newClient(broker.AdminOptions()...)
	f.createTopic("keyed", 1)
	f.createTopic("keyed.dead", 1)
	f.cfg.TLS = credentials.TLS{
		Enabled: true, CAFile: broker.Authority.File, CertFile: broker.Client.CertFile, KeyFile: broker.Client.KeyFile,
	}
	f.cfg.SASL = credentials.SASL{Mechanism: credentials.ScramSHA512, Username: kafka.User, Password: credentials.NewSecret(kafka.Password)}
	entry := func(resource kafkago.ResourceType, name string, operation kafkago.ACLOperationType) kafkago.ACLEntry {
		return kafkago.ACLEntry{ResourceType: resource, ResourceName: name, Operation: operation}
	}
	err := broker.Allow(f.ctx,
		entry(kafkago.ResourceTypeTopic, "keyed", kafkago.ACLOperationTypeRead),
		entry(kafkago.ResourceTypeTopic, "keyed.dead", kafkago.ACLOperationTypeWrite),
		entry(kafkago.ResourceTypeGroup, "workers", kafkago.ACLOperationTypeRead))
	if err != nil {
		t.Fatal(err)
	}
	return f, broker
}

// Group, source, offsets and dead letters each connect in a way of their own.
func TestEveryMechanismSignsIn(t *testing.T) {
	f, _ := newSecured(t)
	f.produce(f.client, numbered("keyed", 0, 0, 7)...)
	for i, mechanism := range []string{credentials.Plain, credentials.ScramSHA256, credentials.ScramSHA512} {
		f.cfg.SASL.Mechanism = mechanism
		c := f.connect(nil)
		ctx, cancel := context.WithCancel(f.ctx)
		read := make(chan int64, 1)
		done := make(chan error, 1)
		group := c.Group()
		go func() {
			done <- group.Run(ctx, func(ctx context.Context, partition int) error {
				source := c.Open(partition, -1, pipeline.Anchor{})
				defer source.Close()
				batch, err := source.Fetch(ctx)
				if err == nil {
					err = c.DeadLetters().Write(ctx, []pipeline.DeadLetter{{Topic: "keyed", Reason: "a test", Value: []byte("x")}})
				}
				if err == nil {
					read <- batch.Next
				}
				<-ctx.Done()
				return err
			})
		}()
		if got := await(f, read, mechanism+": records"); got != 7 {
			t.Errorf("%s: read up to %d", mechanism, got)
		}
		cancel()
		if err := await(f, done, "the group to end"); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
		if end := f.end("keyed.dead", 0); end != int64(i+1) {
			t.Errorf("%s: %d dead letters", mechanism, end)
		}
	}
}

// What an operator has to mend is named, whichever way it comes up, and no
// password with it.
func TestRefusalsSayWhatToDo(t *testing.T) {
	f, _ := newSecured(t)
	other, err := certificates.New(t.TempDir(), "other")
	if err != nil {
		t.Fatal(err)
	}
	const wrong = "a-wrong-word"
	password := func(mechanism string) func(*stream.Config) {
		return func(c *stream.Config) { c.SASL.Mechanism, c.SASL.Password = mechanism, credentials.NewSecret(wrong) }
	}
	for name, one := range map[string]struct {
		spoil func(*stream.Config)
		want  string
	}{
		"wrong password, PLAIN":         {password(credentials.Plain), `user "muster" with PLAIN: check sasl.username`},
		"wrong password, SCRAM-SHA-256": {password(credentials.ScramSHA256), `user "muster" with SCRAM-SHA-256: check sasl.username`},
		"wrong password, SCRAM-SHA-512": {password(credentials.ScramSHA512), `user "muster" with SCRAM-SHA-512: check sasl.username`},
		"unknown user":                  {func(c *stream.Config) { c.SASL.Username = "nobody" }, `user "nobody"`},
		"unknown authority":             {func(c *stream.Config) { c.TLS.CAFile = other.File }, "(tls.ca_file)"},
		"another name":                  {func(c *stream.Config) { c.TLS.ServerName = "elsewhere" }, "set tls.server_name"},
		"no certificate":                {func(c *stream.Config) { c.TLS.CertFile, c.TLS.KeyFile = "", "" }, "set tls.cert_file and tls.key_file"},
		"plaintext":                     {func(c *stream.Config) { c.TLS = credentials.TLS{} }, "set tls.enabled to true"},
		"no permission":                 {func(c *stream.Config) { c.Keyed = "secret" }, `user "muster" not do this: give it the permissions listed in docs/operations.md`},
		"no file":                       {func(c *stream.Config) { c.SASL.Password, c.SASL.PasswordFile = credentials.Secret{}, "/none" }, "sasl.password_file: open /none"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := f.cfg
			one.spoil(&cfg)
			err := refusal(f.ctx, t, cfg)
			if err == nil || !strings.Contains(err.Error(), one.want) || strings.Contains(fmt.Sprintf("%+v %#v", err, err), wrong) {
				t.Errorf("got %v\nwant %s", err, one.want)
			}
			groupErr := groupRefusal(f.ctx, t, f, cfg)
			if groupErr == nil || !strings.Contains(groupErr.Error(), one.want) {
				t.Errorf("the group says %v\nwant %s", groupErr, one.want)
			}
		})
	}
}

func refusal(ctx context.Context, t *testing.T, cfg stream.Config) error {
	t.Helper()
	c, err := stream.Connect(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Partitions(ctx)
	return err
}

// groupRefusal returns the error of joining a group, by kafka-go's other way
// of connecting: the first steps are spared by asking with what works.
func groupRefusal(ctx context.Context, t *testing.T, f *fixture, cfg stream.Config) error {
	t.Helper()
	if cfg.Keyed != f.cfg.Keyed {
		cfg.Keyed, cfg.Group = f.cfg.Keyed, "another"
	}
	errs := make(chan error, 100)
	observer := &stream.Observer{GroupError: func(_ string, err error) {
		select {
		case errs <- err:
		default:
		}
	}}
	c, err := stream.Connect(cfg, observer)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Group().Run(ctx, func(context.Context, int) error { return nil }) }()
	select {
	case err = <-errs:
		cancel()
		if left := <-done; left != nil {
			t.Errorf("leaving the group: %v", left)
		}
	case err = <-done:
	}
	return err
}

func TestTLSOnAPlaintextPortIsNamed(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	f.cfg.TLS.Enabled = true
	if err := refusal(f.ctx, t, f.cfg); err == nil || !strings.Contains(err.Error(), "set tls.enabled to false") {
		t.Errorf("got %v", err)
	}
}

// A password is changed at the brokers and in the file; connections made
// from then on use it.
func TestARotatedPasswordNeedsNoRestart(t *testing.T) {
	kafka.Beside(t)
	f, broker := newSecured(t)
	f.produce(f.client, numbered("keyed", 0, 0, 3)...)
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(kafka.Password)
	f.cfg.SASL.Password, f.cfg.SASL.PasswordFile = credentials.Secret{}, file
	failed := make(chan error, 1000)
	c := f.connect(&stream.Observer{FetchError: func(_ string, _ int, err error, _ time.Duration) { failed <- err }})
	if _, err := c.Partitions(f.ctx); err != nil {
		t.Fatal(err)
	}
	if err := broker.SetPassword(f.ctx, "the-next-word"); err != nil {
		t.Fatal(err)
	}
	source := c.Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	read := make(chan int64, 1)
	go func() {
		batch, _ := source.Fetch(f.ctx)
		read <- batch.Next
	}()
	if err := await(f, failed, "the old password to fail"); !errors.Is(err, kafkago.SASLAuthenticationFailed) {
		t.Errorf("the old password gives %v", err)
	}
	write("the-next-word")
	if got := await(f, read, "records with the new password"); got != 3 {
		t.Errorf("read up to %d", got)
	}
}
