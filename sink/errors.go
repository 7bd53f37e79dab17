package sink

import (
	"errors"
	"fmt"
)

// ErrNotInitialised is returned by New's checks when Init was never run.
var ErrNotInitialised = errors.New("redis holds no Muster deployment under this prefix: run init first")

// ErrMismatch is returned when what Redis holds was made for another number
// of shards, another number of buckets or another schema.
var ErrMismatch = errors.New("redis holds a deployment of another shape")

// ErrEvicts is returned by New when Redis would drop keys to save memory.
var ErrEvicts = errors.New("redis may evict keys, which would lose profiles silently")

// ErrBroken is returned by Open for a shard that a PartialError has hit.
var ErrBroken error = fatalError("a transaction of this shard was applied in part")

// ErrSealed is returned by Open for a shard whose profiles have gone, or are
// going, to other shards.
var ErrSealed error = fatalError("the deployment was resharded")

// ErrCursor is returned by MembersFrom for a cursor of another layout.
var ErrCursor = errors.New("begin anew without it")

type fatalError string

// Error implements error.
func (e fatalError) Error() string { return string(e) }

// Fatal says that trying again can't help: an operator has to look.
func (fatalError) Fatal() bool { return true }

// PartialError is returned by Commit when Redis applied a transaction but for
// some of its commands: something else writes at Muster's keys. The shard is
// marked as broken, and Open refuses it from then on.
type PartialError struct {
	Shard   int
	Command string // the first one that failed, with its key
	Err     error  // what Redis said about it
}

// Error implements error.
func (e *PartialError) Error() string {
	return fmt.Sprintf("shard %d: the transaction was applied, but for %q: %v; "+
		"another program writes at this key: stop it and restore the shard from a backup", e.Shard, e.Command, e.Err)
}

// Fatal says that trying again can't help: an operator has to look.
func (e *PartialError) Fatal() bool { return true }

// Unwrap returns what Redis said.
func (e *PartialError) Unwrap() error { return e.Err }

func isPartial(err error) bool {
	var partial *PartialError
	return errors.As(err, &partial)
}
