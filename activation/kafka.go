package activation

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"muster/credentials"
)

// DefaultTopic is the topic of a Kafka that names none.
const DefaultTopic = "muster.memberships"

// DefaultKafkaBatch is the batch of a destination in Kafka that says none: one
// message of it costs a transaction.
const DefaultKafkaBatch = 500

// Kafka is where and how changes are sent as records.
type Kafka struct {
	// Brokers are host:port addresses of some brokers of another cluster.
	// Empty: the one that the service reads from, with TLS and SASL as there.
	Brokers []string
	// Topic gets a record for each change, see package kafka.
	Topic string
	// MembersTopic gets a record for each member, and a tombstone for each who
	// has left. Empty: there is none.
	MembersTopic string
	// TLS encrypts the connections to Brokers. The zero value: plaintext.
	TLS credentials.TLS
	// SASL signs in at Brokers, with a Password. The zero value: as nobody.
	SASL credentials.SASL
	// Timeout bounds one attempt from dialling to the end of the transaction.
	Timeout time.Duration
}

// topicName is what Kafka takes as the name of a topic.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// Check returns everything that is wrong, joined: errors that begin with the
// setting that they are about. It reads the files of TLS.
func (k *Kafka) Check() error {
	var errs []error
	for _, broker := range k.Brokers {
		errs = append(errs, credentials.ValidateAddress("brokers", broker))
	}
	errs = append(errs, checkTopic("topic", k.Topic))
	if k.MembersTopic != "" {
		errs = append(errs, checkTopic("members_topic", k.MembersTopic))
	}
	if k.MembersTopic == k.Topic {
		errs = append(errs, fmt.Errorf("members_topic: it is %s as topic is; changes would be compacted away", k.Topic))
	}
	if len(k.Brokers) == 0 && k.secured() {
		errs = append(errs, errors.New("brokers: there are none although tls or sasl are set; without brokers, the service's own are used with what its section kafka says"))
	}
	if wrong := errors.Join(k.TLS.Validate(), k.SASL.Validate()); wrong != nil {
		return errors.Join(append(errs, wrong)...)
	}
	return errors.Join(append(errs, k.TLS.Check())...)
}

func (k *Kafka) secured() bool { return k.TLS != credentials.TLS{} || k.SASL != credentials.SASL{} }

func checkTopic(setting, name string) error {
	if !topicName.MatchString(name) || name == "." || name == ".." {
		return fmt.Errorf("%s: %q can't be a topic; write 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and -", setting, name)
	}
	return nil
}
