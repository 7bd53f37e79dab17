package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/activation"
)

// Sender sends messages to one URL. It is safe for concurrent use.
type Sender struct {
	to      activation.Webhook
	signers []*standardwebhooks.Webhook
	client  *http.Client
	agent   string
	now     func() time.Time
}

var _ activation.Sender = (*Sender)(nil)

// New returns a Sender that calls itself agent. It returns what Check does.
func New(to activation.Webhook, agent string) (*Sender, error) {
	if err := Check(to); err != nil {
		return nil, err
	}
	s := &Sender{to: to, agent: agent, now: time.Now}
	for _, secret := range to.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret.Reveal())
		if err != nil {
			return nil, errors.New("a secret can't be used") // what the library says may show it
		}
		s.signers = append(s.signers, signer)
	}
	var err error
	if s.client, err = client(to, newDialer(to)); err != nil {
		return nil, err
	}
	return s, nil
}

// Format implements fmt.Formatter: it prints the host that is sent to, and
// nothing of what else the configuration has, as a query or a header may hold
// a secret. Verbs such as %d would go past String.
func (s *Sender) Format(out fmt.State, _ rune) {
	host := ""
	if to, err := url.Parse(s.to.URL); err == nil {
		host = to.Host
	}
	_, _ = io.WriteString(out, "webhook to "+host)
}

// Send implements activation.Sender.
func (s *Sender) Send(ctx context.Context, m activation.Message) activation.Answer {
	began := s.now()
	answer := s.send(ctx, m, began)
	answer.Took = s.now().Sub(began)
	return answer
}

func (s *Sender) send(ctx context.Context, m activation.Message, now time.Time) activation.Answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.URL, bytes.NewReader(m.Body))
	if err != nil {
		return activation.Answer{Verdict: activation.Refused, Reason: "the request can't be made"}
	}
	for name, value := range s.to.Headers {
		request.Header.Set(name, value.Reveal())
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", s.agent)
	}
	request.Header.Set("Content-Type", m.ContentType)
	request.Header.Set("Webhook-Id", m.ID)
	request.Header.Set("Webhook-Timestamp", fmt.Sprint(now.Unix()))
	signature, err := s.sign(m, now)
	if err != nil {
		return activation.Answer{Verdict: activation.Refused, Reason: "the message can't be signed"}
	}
	request.Header.Set("Webhook-Signature", signature)
	response, err := s.client.Do(request)
	if err != nil {
		return activation.Answer{Verdict: activation.Deferred, Reason: explain(err, s.to.Timeout)}
	}
	defer response.Body.Close()
	return judge(response, s.now())
}

// sign returns a signature by each secret, with spaces between them.
func (s *Sender) sign(m activation.Message, now time.Time) (string, error) {
	signatures := make([]string, len(s.signers))
	for i, signer := range s.signers {
		signature, err := signer.Sign(m.ID, now, m.Body)
		if err != nil {
			return "", fmt.Errorf("signing: %w", err)
		}
		signatures[i] = signature
	}
	return strings.Join(signatures, " "), nil
}
