package access

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is a kind of thing that a token lets its holder do.
type Scope string

// The scopes. None contains another.
const (
	// Read is asking: segments, members, profiles, changes.
	Read Scope = "read"
	// Write is changing what Muster does: segments, destinations, backfills.
	Write Scope = "write"
	// Ingest is sending events.
	Ingest Scope = "ingest"
	// Admin is what can't be taken back, as forgetting a profile.
	Admin Scope = "admin"
)

// Scopes returns all of them.
func Scopes() []Scope { return []Scope{Read, Write, Ingest, Admin} }

// ParseScopes reads scopes with commas between them.
func ParseScopes(text string) ([]Scope, error) {
	var scopes []Scope
	for word := range strings.SplitSeq(text, ",") {
		one := Scope(word)
		if !slices.Contains(Scopes(), one) {
			return nil, fmt.Errorf("%q is no scope; there are read, write, ingest and admin", word)
		}
		if !slices.Contains(scopes, one) {
			scopes = append(scopes, one)
		}
	}
	return scopes, nil
}
