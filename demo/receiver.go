package demo

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"muster/activation"
	"muster/credentials"
)

// Temper is how a Receiver behaves.
type Temper string

// The tempers.
const (
	Steady Temper = "steady" // it takes everything at once
	Flaky  Temper = "flaky"  // it answers late, fails, and drops connections, for some messages
)

// Of a hundred messages a flaky receiver
const (
	failing  = 10 // answers so many with 500,
	late     = 5  // so many late,
	dropping = 3  // and none to so many, of which it has taken note all the same
)

const (
	// answerWithin bounds a late answer, and sendWithin how long the sender waits
	// for it: so long that only a machine that stands still lets it give up.
	answerWithin = time.Second
	sendWithin   = 30 * time.Second
	// messageBytes bounds a message, and is far above what receiverBatch
	// changes take.
	messageBytes  = 1 << 20
	receiverBatch = 10
)

// Receiver is the shop's other system: an endpoint within this process that
// verifies what it is sent and takes it.
type Receiver struct {
	tally    *Tally
	temper   Temper
	secret   string
	verifier *standardwebhooks.Webhook
	address  string
	server   *http.Server

	mu   sync.Mutex
	draw *mathrand.Rand
}

// StartReceiver starts a receiver on a free port of this machine, which tells
// the tally what it gets until Close. The seed decides which messages a flaky
// one treats badly.
func StartReceiver(t *Tally, temper Temper, seed uint64) (*Receiver, error) {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	r := &Receiver{
		tally: t, temper: temper, secret: "whsec_" + base64.StdEncoding.EncodeToString(key[:]),
		draw: mathrand.New(mathrand.NewPCG(seed, 0xc4)),
	}
	var err error
	if r.verifier, err = standardwebhooks.NewWebhook(r.secret); err != nil {
		return nil, fmt.Errorf("making a secret for the receiver: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting receiver: %w", err)
	}
	r.address = listener.Addr().String()
	r.server = &http.Server{Handler: http.HandlerFunc(r.receive), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // until Close
	return r, nil
}

// Close ends the receiver, whatever it is about to answer.
func (r *Receiver) Close() { _ = r.server.Close() }

// ReceiverName is what the receiver is called as a destination.
const ReceiverName = "crm"

// Destination is the receiver as the service knows it: it is sent all
// changes, some in one message.
func (r *Receiver) Destination() activation.Destination {
	return activation.Destination{
		Name: ReceiverName, Segments: []string{"all"}, Format: activation.DefaultFormat, Batch: receiverBatch, Concurrency: 4,
		Webhook: activation.Webhook{
			URL: "http://" + r.address, Secrets: []credentials.Secret{credentials.NewSecret(r.secret)}, Timeout: sendWithin,
			AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		},
	}
}

// receive answers a message as the receiver's temper has it.
func (r *Receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, messageBytes))
	if err == nil {
		err = r.verifier.Verify(body, request.Header)
	}
	if err != nil {
		http.Error(w, "the message is not signed by the demo", http.StatusUnauthorized)
		return
	}
	id := request.Header.Get("Webhook-Id")
	switch n := r.chance(); {
	case n < failing:
		r.tally.refused(id)
		w.WriteHeader(http.StatusInternalServerError)
		return
	case n < failing+dropping:
		_ = r.take(id, body) // nobody gets an answer, whatever it is
		panic(http.ErrAbortHandler)
	case n < failing+dropping+late:
		pause(request.Context(), r.lateness())
	}
	if err := r.take(id, body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take notes the changes of a message.
func (r *Receiver) take(id string, body []byte) error {
	var message struct {
		Changes []arrived `json:"changes"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return fmt.Errorf("reading a message: %w", err)
	}
	if len(message.Changes) == 0 {
		return errors.New("reading a message: it has no changes")
	}
	r.tally.delivered(id, message.Changes, time.Now())
	return nil
}

// chance draws from 0 to 99, and 100 for a steady receiver.
func (r *Receiver) chance() int {
	if r.temper != Flaky {
		return 100
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.draw.IntN(100)
}

// lateness draws how late an answer is.
func (r *Receiver) lateness() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Duration(r.draw.Int64N(int64(answerWithin)))
}
