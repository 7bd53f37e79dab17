package stream

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"muster/credentials"
)

// login is a mechanism of kafka-go that takes the password that holds when a
// connection is made.
type login struct{ credentials.SASL }

// mechanism returns nil for not signing in.
func mechanism(s credentials.SASL) sasl.Mechanism {
	if s.Mechanism == "" {
		return nil
	}
	return login{s}
}

// Name returns the mechanism's name.
func (l login) Name() string { return l.Mechanism }

// Start begins to sign in.
func (l login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password, err := l.Read()
	if err != nil {
		return nil, nil, err
	}
	if l.Mechanism == credentials.Plain {
		return plain.Mechanism{Username: l.Username, Password: password}.Start(ctx)
	}
	algorithm := scram.SHA256
	if l.Mechanism == credentials.ScramSHA512 {
		algorithm = scram.SHA512
	}
	mechanism, err := scram.Mechanism(algorithm, l.Username, password)
	if err != nil { // it would name the character
		return nil, nil, fmt.Errorf("preparing %s: the username or the password has a character that is not allowed (RFC 4013)", l.Mechanism)
	}
	return mechanism.Start(ctx)
}
