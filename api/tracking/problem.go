package tracking

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// none is the index of a problem that no single event has.
const none = -1

// problem is why a request is refused, and becomes its answer in the form of
// RFC 9457.
type problem struct {
	status int
	detail string // what is wrong, and what to do
	index  int    // of the event at fault, or none
	again  bool   // whether the answer says to come again in a second
}

func (p *problem) Error() string { return p.detail }

func refuse(status int, format string, args ...any) *problem {
	return &problem{status: status, detail: fmt.Sprintf(format, args...), index: none}
}

// write answers. Clients that do not read it go by the status.
func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.again {
		w.Header().Set("Retry-After", "1")
	}
	body := map[string]any{"status": p.status, "title": http.StatusText(p.status), "detail": p.detail}
	if p.index != none {
		body["index"] = p.index
	}
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no concern
}

// success is the answer to a request whose events are all in the log.
type success struct {
	Success bool `json:"success"`
	// Rejected are the events that can't be used. They are in the log too.
	Rejected []rejected `json:"rejected,omitempty"`
}

// rejected is an event that can't be used.
type rejected struct {
	Index  int    `json:"index"` // in the batch; 0 for the only one
	Reason string `json:"reason"`
}

func (s success) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s) // a client that went away is no concern
}
