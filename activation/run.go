package activation

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// RunID returns an id for a snapshot run: why it is asked for, when, and some
// signs that no other run has.
func RunID(why string, at time.Time) string {
	var own [4]byte
	_, _ = rand.Read(own[:]) // never fails
	return why + "-" + at.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(own[:])
}
