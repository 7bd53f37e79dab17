package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/activation"
)

const (
	// mostHeaderBytes bounds the headers of an answer.
	mostHeaderBytes = 64 << 10
	// idleConnections bounds the connections that are kept to a destination.
	idleConnections = 16
	idleTimeout     = 90 * time.Second
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
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if to.CAFile != "" {
		var err error
		if trusted.RootCAs, err = authority(to.CAFile); err != nil {
			return nil, err
		}
	}
	s.client = client(to, trusted)
	return s, nil
}

// client makes requests that are checked when they are dialled. It uses no
// proxy: a proxy would be dialled in place of the destination, and could reach
// what must not be reached.
func client(to activation.Webhook, trusted *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: to.Timeout, Control: guard{to.AllowNetworks}.control}
	return &http.Client{
		Timeout: to.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: trusted, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: mostHeaderBytes, MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: idleTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// authority reads the certificates of a file.
func authority(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca_file can't be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file %s has no certificate in PEM", file)
	}
	return pool, nil
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
	return judge(response, now)
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
