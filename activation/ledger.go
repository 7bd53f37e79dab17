package activation

import (
	"context"
	"errors"
)

// Outbox is the changes of one shard, in order.
type Outbox interface {
	// Changes returns up to most changes behind an entry, "" for the oldest
	// that is kept.
	Changes(ctx context.Context, behind string, most int) ([]Change, error)
}

// ErrTaken is returned by a Ledger that somebody else has claimed, or that has
// lost what was saved last.
var ErrTaken = errors.New("another process delivers to this destination now, or what was delivered has been lost")

// Ledger is what is stored of one destination in one shard: how far it has
// come, and the messages that wait.
type Ledger interface {
	// Claim makes the caller the only one whose Save is accepted. The first
	// Claim of a destination lets it begin behind the newest change.
	Claim(ctx context.Context) (Standing, error)
	// Find returns what is asked for of the messages that wait, or ErrTaken:
	// without those that were saved, what they hold back would be sent first.
	Find(ctx context.Context, q Question) (Found, error)
	// Save stores a step as a whole, or returns ErrTaken and stores nothing.
	Save(ctx context.Context, s Step) error
}

// Standing is how far a destination has come in a shard.
type Standing struct {
	// Behind is the outbox entry up to which all changes are delivered or
	// wait, and Number its number; "" and 0 before the first one.
	Behind string
	Number int64
	// Until is the number up to which changes were being sent when Save was
	// last called; they are sent again in the same messages. At most Number
	// when none were.
	Until int64
	// Asked is the snapshot run that was begun last because somebody asked for
	// it, "" before the first one.
	Asked string
	// Run is the snapshot run that is carried out, "" for none, and Mark where
	// its next page begins: "" for the first one, "end" behind the last.
	Run, Mark string
	// Named is how many memberships the newest run has named, Owed how many of
	// its messages wait, and Lost how many memberships were given up with them.
	Named, Owed, Lost int64
	// Gap is how many changes the outbox has dropped that no run has made good,
	// and Torn what keeps the one that is carried out from that: changes that were
	// dropped since, or older messages that were taken. Began is the Number that
	// it began with.
	Gap, Torn, Began int64
	// Serial is how many numbers all runs have used, and Paged the number of the
	// newest change that the last page of any run knew.
	Serial, Paged int64
	// Waiting is how many messages wait, and Breaker what was stored last by
	// Step.Breaker. Save looks at neither.
	Waiting int64
	Breaker string
}

// Question is what is asked of the messages that wait.
type Question struct {
	// Due asks for messages that are due at an instant, ms since 1970 UTC, and
	// Most for how many of them at most.
	Due  int64
	Most int
	// Profiles asks which messages hold these back.
	Profiles []string
	// Numbers asks for the messages of these numbers.
	Numbers []int64
	// Behind asks for the messages behind the first of those of each profile,
	// the newest ones, and at most so many of all profiles together.
	Behind int
}

// Found answers a Question.
type Found struct {
	// Due has the messages that are due, those due first coming first.
	Due []Waiting
	// Numbered has the messages that were asked for by number and wait.
	Numbered []Waiting
	// Held has, by profile, the numbers of the messages that hold it back, in
	// the order in which they are sent; nothing for a profile that is free.
	Held map[string][]int64
	// Behind has, by profile, the newest of the messages behind the first one
	// that holds it back, in the order in which they are sent.
	Behind map[string][]Waiting
	// Waiting is how many messages wait in all.
	Waiting int64
}

// Waiting is a message that waits for its next attempt. Its number is that of
// its first change; those of snapshot runs are negative.
type Waiting struct {
	Number int64
	Text   []byte
}

// Step is what delivering has changed.
type Step struct {
	Standing
	// Wait has messages that wait from now on, by number, and nil for those
	// that do not any more.
	Wait map[int64][]byte
	// Due says when messages are sent next, ms since 1970 UTC, or 0 for those
	// that wait for another one from now on.
	Due map[int64]int64
	// Held has the numbers of the messages that hold back a profile from now
	// on, none for one that is free.
	Held map[string][]int64
	// Dead has the messages that were given up, oldest first.
	Dead [][]byte
	// Log has the entries of the destination's log, oldest first.
	Log [][]byte
	// Breaker is what is shown of the breaker, see DecodeCircuit; nil while that
	// is as it was.
	Breaker *string
	// Add is what is counted: see the constants.
	Add map[string]int64
}

// What a Ledger counts.
const (
	CountDelivered = "delivered" // changes that were taken
	CountDead      = "dead"      // changes that were given up
	CountMissed    = "missed"    // changes that the outbox had dropped before they were read
	CountDeferred  = "deferred"  // attempts that were not taken
	CountCoalesced = "coalesced" // changes that were left out, see Destination.Coalesce
)
