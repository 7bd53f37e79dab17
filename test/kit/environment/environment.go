// Package environment reads what a test is told to do by the environment.
//
// It promises that what is set and can't be read fails the test: a test that
// quietly did something else would be believed.
package environment

import (
	"os"
	"strconv"
	"testing"
)

// Number returns a number below 2^63, or the usual one where the variable is
// not set or empty.
func Number(t testing.TB, name string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		t.Fatalf("%s is %q, it must be a number", name, text)
	}
	return n
}
