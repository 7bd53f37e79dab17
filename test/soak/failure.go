package soak

import (
	"errors"
	"fmt"
)

// Failure is a case on which the engine and the oracle part, made small.
type Failure struct {
	Seed   uint64 // of the case, 0 when it was not drawn
	Reason error
	Script string
}

// Error gives the reason and the script.
func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d: %v\nSmallest case, for rules/testdata:\n\n%s", f.Seed, f.Reason, f.Script)
}

// Diagnose makes a case that fails small.
func Diagnose(c Case, build func(*Case) (Engine, error)) *Failure {
	var last *Mismatch
	least := Shrink(c, func(c *Case) bool {
		_, err := Compare(c, build)
		return errors.As(err, &last)
	})
	_, err := Compare(&least, build)
	if err == nil {
		err = fmt.Errorf("the failure comes and goes, last as: %w", last)
	}
	script, wrong := Script(&least)
	if wrong != nil {
		script = wrong.Error()
	}
	return &Failure{Reason: err, Script: script}
}
