// Command receiver is the endpoint that a benchmark's messages are sent to, as
// a process of its own, so that what it costs is not the evaluator's. It
// prints its address, answers every POST, and says on GET /count how many
// changes it has taken, and on GET /seen, with -keep, when each one came: a
// line with profile, version and nanoseconds since 1970 UTC.
//
// It reads the format muster. With -refuse N it answers 503 to N messages of
// ten, which are not counted. It verifies no signature: what it does costs as
// little as can be, because it shares the machine with what is measured.
//
// The trap: with -keep it holds all bodies in memory.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	r := &receiver{}
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	flags.BoolVar(&r.keep, "keep", false, "keep what comes, for /seen")
	flags.Int64Var(&r.refuse, "refuse", 0, "of ten messages, how many are answered with 503")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", r.take)
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, r.taken.Load()) })
	mux.HandleFunc("GET /seen", r.tell)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return fmt.Errorf("serving HTTP: %w", server.Serve(listener))
}

// receiver is what has come.
type receiver struct {
	keep   bool
	refuse int64

	messages atomic.Int64
	taken    atomic.Int64 // changes

	mu   sync.Mutex
	kept []arrival
}

// arrival is a message that was taken.
type arrival struct {
	at   time.Time
	body []byte
}

// mostBody is above what a message of activation.MaxBatch changes takes.
const mostBody = 1 << 20

// versionKey stands once in each change.
var versionKey = []byte(`"version":`)

func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, mostBody))
	if err != nil {
		http.Error(w, "the body can't be read", http.StatusBadRequest)
		return
	}
	// Refusals are spread among the others: a row of them would have the sender
	// leave this endpoint alone.
	if n := r.messages.Add(1); (n*r.refuse)/10 != ((n-1)*r.refuse)/10 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	at := time.Now()
	if r.keep {
		r.mu.Lock()
		r.kept = append(r.kept, arrival{at, body})
		r.mu.Unlock()
	}
	r.taken.Add(int64(bytes.Count(body, versionKey)))
	w.WriteHeader(http.StatusNoContent)
}

// change is what /seen says of one.
type change struct {
	Profile string `json:"profile"`
	Version uint64 `json:"version"`
}

func (r *receiver) tell(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	kept := r.kept
	r.mu.Unlock()
	for _, one := range kept {
		var message struct {
			change
			Changes []change `json:"changes"`
		}
		if err := json.Unmarshal(one.body, &message); err != nil {
			http.Error(w, errors.Join(errors.New("a body can't be read"), err).Error(), http.StatusInternalServerError)
			return
		}
		if message.Changes == nil {
			message.Changes = []change{message.change}
		}
		for _, c := range message.Changes {
			if _, err := fmt.Fprintln(w, c.Profile, c.Version, one.at.UnixNano()); err != nil {
				return // nobody listens any more
			}
		}
	}
}
