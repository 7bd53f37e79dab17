package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"muster/credentials"
)

// The mechanisms of SASL, by Kafka's names.
const (
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

var mechanisms = []string{Plain, ScramSHA256, ScramSHA512}

// SASL says as whom to sign in at the brokers. The zero value is nobody.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. PLAIN sends the
	// password as it is, so use it with TLS only. Default: empty, for not
	// signing in.
	Mechanism string `yaml:"mechanism"`
	// Username is who signs in. Required with a mechanism.
	Username string `yaml:"username"`
	// Password or PasswordFile, a file with one line that is read for every
	// connection. One of them is required with a mechanism.
	Password     credentials.Secret `yaml:"password"`
	PasswordFile string             `yaml:"password_file"`
}

// Validate returns what is missing or unknown, joined, in the order of the
// fields.
func (s SASL) Validate() error {
	if s.Mechanism == "" {
		if s != (SASL{}) {
			return fmt.Errorf("sasl.mechanism: it is missing although other fields of sasl are set; it is one of %s", strings.Join(mechanisms, ", "))
		}
		return nil
	}
	var errs []error
	if !slices.Contains(mechanisms, s.Mechanism) {
		errs = append(errs, fmt.Errorf("sasl.mechanism: %q is none of %s", s.Mechanism, strings.Join(mechanisms, ", ")))
	}
	if s.Username == "" {
		errs = append(errs, errors.New("sasl.username: it is missing"))
	}
	if s.Password.Empty() && s.PasswordFile == "" {
		errs = append(errs, errors.New("sasl.password: it is missing, and so is password_file"))
	}
	errs = append(errs, credentials.ValidatePassword("sasl.password", s.Password, s.PasswordFile))
	return errors.Join(errs...)
}

// password returns the password as it is now.
func (s SASL) password() (string, error) {
	return credentials.ReadPassword(s.Password, "sasl.password_file", s.PasswordFile)
}

// login is a mechanism of kafka-go that takes the password that holds when a
// connection is made.
type login struct{ SASL }

// mechanism returns nil for not signing in.
func (s SASL) mechanism() sasl.Mechanism {
	if s.Mechanism == "" {
		return nil
	}
	return login{s}
}

// Name returns the mechanism's name.
func (l login) Name() string { return l.Mechanism }

// Start begins to sign in.
func (l login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password, err := l.password()
	if err != nil {
		return nil, nil, err
	}
	if l.Mechanism == Plain {
		return plain.Mechanism{Username: l.Username, Password: password}.Start(ctx)
	}
	algorithm := scram.SHA256
	if l.Mechanism == ScramSHA512 {
		algorithm = scram.SHA512
	}
	mechanism, err := scram.Mechanism(algorithm, l.Username, password)
	if err != nil { // it would name the character
		return nil, nil, fmt.Errorf("preparing %s: the username or the password has a character that is not allowed (RFC 4013)", l.Mechanism)
	}
	return mechanism.Start(ctx)
}
