package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kerr"

	"muster/activation"
)

// judge says what an error means for a message. What lies in the message is
// refused; all else may pass, by itself or because somebody mends it.
func (s *Sender) judge(err error) activation.Answer {
	switch {
	case err == nil:
		return activation.Answer{Verdict: activation.Delivered}
	case isTooLarge(err):
		return refusal("it is too large for the topic: raise the topic's max.message.bytes", err)
	case errors.Is(err, kerr.InvalidRecord), errors.Is(err, kerr.InvalidTimestamp):
		return refusal("the topic takes no such record: see its settings", err)
	}
	return activation.Answer{Verdict: activation.Deferred, Reason: shorten(s.explain(err))}
}

func refusal(what string, err error) activation.Answer {
	return activation.Answer{Verdict: activation.Refused, Reason: shorten(fmt.Sprintf("%s (%v)", what, err))}
}

func isTooLarge(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

// explain says in a few words what to do about an error.
func (s *Sender) explain(err error) string {
	user := "nobody"
	if s.to.SASL.Mechanism != "" {
		user = s.to.SASL.Username
	}
	var advice string
	switch {
	case errors.Is(err, activation.ErrTaken):
		return "another process sends for this shard now"
	case errors.Is(err, kerr.ProducerFenced), errors.Is(err, kerr.InvalidProducerEpoch), errors.Is(err, kerr.TransactionCoordinatorFenced):
		return "another process has taken the transactional id of this shard"
	case errors.Is(err, errNoTopic):
		advice = "make it, or let an evaluator that runs make it"
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.UnsupportedSaslMechanism), errors.Is(err, kerr.IllegalSaslState):
		advice = "signing in as " + user + ": check sasl.username, sasl.mechanism and the password"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // some brokers say no more to who may not sign in
		advice = "kafka hung up on " + user + ": check sasl.username, sasl.mechanism and the password, and tls, if it goes on doing so"
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed), errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		advice = "let " + user + " do it, with the permissions listed in docs/operations.md"
	case errors.Is(err, context.DeadlineExceeded):
		advice = fmt.Sprintf("it did not end within %s", s.to.Timeout)
	default:
		return err.Error()
	}
	return fmt.Sprintf("%s (%v)", advice, err)
}

// mostReason bounds a reason, in characters.
const mostReason = 300

func shorten(text string) string {
	if letters := []rune(text); len(letters) > mostReason {
		return string(letters[:mostReason-3]) + "..."
	}
	return text
}
