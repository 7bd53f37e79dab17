package queue

import (
	"time"

	"muster/history/account"
	"muster/history/projection"
)

// Phase is what a request is about.
type Phase string

// The phases.
const (
	Waiting     Phase = "waiting" // for its turn
	Running     Phase = "running"
	Done        Phase = "done"
	Failed      Phase = "failed"
	Cancelled   Phase = "cancelled"
	Interrupted Phase = "interrupted" // its process was stopped, or is gone without a word
	Ordered     Phase = "asked"       // of an Order: it is no request yet
)

// Active reports whether a process has the request.
func (p Phase) Active() bool { return p == Waiting || p == Running }

// State is how far a request is, as state.json has it.
type State struct {
	Phase  Phase   `json:"phase"`
	Why    string  `json:"why,omitempty"` // what it waits for
	Stages []Stage `json:"stages,omitempty"`
	Error  string  `json:"error,omitempty"` // why it failed

	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Attempt int    `json:"attempt"` // of this request, from 1
	// Deaths is how many attempts before this one, one behind the other, ended without a
	// word while they ran.
	Deaths int `json:"deaths,omitempty"`
	// Began is when this attempt's turn came, zero before. Beat is when the
	// process last wrote this.
	Began time.Time `json:"began,omitzero"`
	Beat  time.Time `json:"beat"`
	Ended time.Time `json:"ended,omitzero"`

	// Left is how many seconds the request will take yet, 0 where that is not
	// known.
	Left float64 `json:"seconds_left,omitempty"`

	// Account is what this attempt has cost.
	Account account.Account `json:"account,omitzero"`

	// Keeps is what is kept of events that are read now: for this request, and
	// for those that waited when its turn came.
	Keeps projection.Projection `json:"keeps,omitzero"`
}

// Figures are how far a request is: its stages up to the one at hand, and what
// they have cost.
type Figures struct {
	Stages  []Stage
	Account account.Account
}

// Stage is how far one part of the work is.
type Stage struct {
	Name string `json:"name"`
	// Done of All are done, both in Unit. All is 0 as long as it is not known.
	Done int64  `json:"done"`
	All  int64  `json:"all"`
	Unit string `json:"unit,omitempty"`
	// Rate is what is done in a second, over the last minute. Left is how many
	// seconds it will take at this rate, 0 where that is not known.
	Rate float64 `json:"rate,omitempty"`
	Left float64 `json:"seconds_left,omitempty"`
	// Took is how many seconds it has taken so far.
	Took float64 `json:"seconds,omitempty"`
	// Reads says that it reads the archive.
	Reads bool `json:"reads,omitempty"`
	// Rest is how long the stages behind this one take, as a share of the time
	// that this one takes: a guess, as long as they have not begun.
	Rest float64 `json:"-"`
}

// Stage returns the stage at hand, the zero Stage before the first.
func (s *State) Stage() Stage {
	if len(s.Stages) == 0 {
		return Stage{}
	}
	return s.Stages[len(s.Stages)-1]
}

// left is how long the request will take yet, in seconds, 0 for unknown.
func (s *Stage) left() float64 {
	if s.Left == 0 {
		return 0
	}
	return s.Left + s.Rest*(s.Took+s.Left)
}

// deaths is what Deaths is for the next attempt.
func (s *State) deaths() int {
	switch {
	case s.Phase != Interrupted || !s.Ended.IsZero():
		return 0
	case s.Began.IsZero(): // it was killed while it waited for its turn
		return s.Deaths
	}
	return s.Deaths + 1
}

// reading reports whether the archive is still being read.
func (s *State) reading() bool {
	return s.Phase == Running && (len(s.Stages) == 0 || s.Stage().Reads)
}
