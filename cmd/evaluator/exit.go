package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/credentials"
	"muster/lookup"
	"muster/service"
)

// The exit codes.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUnusable = 2
	exitNothing  = 3
)

// unusableError is an error in what the user gave: a command line, a
// configuration, a rule file, an input file. What Kafka and Redis hold is
// judged by the service, which has a service.UnusableError of its own.
type unusableError struct{ error }

// Unwrap returns what is wrong with the input.
func (e unusableError) Unwrap() error { return e.error }

func unusable(err error) error { return unusableError{err} }

// errSilent ends a command with a failure that it has already explained.
var errSilent = errors.New("failed")

// errNothing ends a command that had events to apply and could use none.
var errNothing = errors.New("no line could be used")

// told is the text of an error, after what it comes down to when that stands
// deep in it.
func told(err error) string {
	if lead := credentials.Lead(err); lead != "" && !strings.HasPrefix(err.Error(), lead) {
		return lead + "\n  while " + err.Error()
	}
	return err.Error()
}

// report prints an error and returns its exit code.
func report(out io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errSilent) {
		_, _ = fmt.Fprintf(out, "evaluator: %s\n", told(err))
	}
	if errors.Is(err, errNothing) {
		return exitNothing
	}
	var input unusableError
	var refused *service.UnusableError
	var asked *lookup.InputError
	var missing *lookup.AbsentError
	var unreadable *lookup.UnreadableError
	if errors.As(err, &input) || errors.As(err, &refused) || errors.As(err, &asked) || errors.As(err, &missing) || errors.As(err, &unreadable) {
		return exitUnusable
	}
	return exitFailure
}
