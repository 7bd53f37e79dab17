package delivered

import (
	"io"
	"net/http"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Secret is what messages to an Endpoint are signed with.
const Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// Manner is what an Endpoint does about one attempt.
type Manner int

// The manners.
const (
	Accept      Manner = iota // process and answer 204
	Fail                      // answer 500 and process nothing
	Hang                      // close the connection and process nothing
	ProcessHang               // process, and close the connection without an answer
	ProcessHalf               // process, and close it in the middle of the answer's body
	ProcessFail               // process, and answer 502
	ProcessLate               // process, and answer when the sender has given up
)

// Endpoint takes webhooks into a Log. Its zero value is not usable: set Log
// and T.
type Endpoint struct {
	T   testing.TB
	Log *Log
	// Manner says what to do about an attempt, by the message's id, how often
	// it has come, from 1, and how many have come in all. Default: Accept.
	Manner func(id string, attempt, all int) Manner

	mu       sync.Mutex
	attempts map[string]int
	all      int
}

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed
	}
	e.verify(r, body)
	id := r.Header.Get("Webhook-Id")
	manner := e.manner(id)
	if manner != Fail && manner != Hang {
		items, err := Parse(body)
		if err != nil {
			e.T.Error(err)
		}
		e.Log.Tell(0, id, string(body), items)
	}
	answer(w, r, manner)
}

func (e *Endpoint) verify(r *http.Request, body []byte) {
	verifier, err := standardwebhooks.NewWebhook(Secret)
	if err == nil {
		err = verifier.Verify(body, r.Header)
	}
	if err != nil {
		e.T.Errorf("a signature does not verify: %v", err)
	}
}

func (e *Endpoint) manner(id string) Manner {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.attempts == nil {
		e.attempts = map[string]int{}
	}
	e.attempts[id]++
	e.all++
	if e.Manner == nil {
		return Accept
	}
	return e.Manner(id, e.attempts[id], e.all)
}

func answer(w http.ResponseWriter, r *http.Request, manner Manner) {
	switch manner {
	case Fail:
		w.WriteHeader(http.StatusInternalServerError)
	case ProcessFail:
		w.WriteHeader(http.StatusBadGateway)
	case ProcessLate:
		<-r.Context().Done()
	case ProcessHalf:
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "half of")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Hang, ProcessHang:
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
