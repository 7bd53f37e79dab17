package segments

import (
	"errors"
	"fmt"
	"strings"

	"muster/rules"
)

// ErrNotFound is returned for a definition that there is not.
var ErrNotFound = errors.New("there is no such definition")

// ErrNoCatalogue is returned for a catalogue that there is not.
var ErrNoCatalogue = errors.New("there is no such catalogue")

// ErrForgotten is returned for a version that is not kept any more, or that
// there never was.
var ErrForgotten = errors.New("this version is not kept")

// ErrReadOnly is returned for changes of definitions where files rule.
var ErrReadOnly = errors.New("the segments are those of files, as segments.from says: change the files")

// ConflictError says that a definition, or with an empty ID all of them, has
// another version than a change was made for.
type ConflictError struct {
	ID   string
	Want int64 // 0 for a definition that was not to be there
	Have int64 // 0 for one that is not there
}

// Error implements error.
func (e *ConflictError) Error() string {
	what := "the definitions are"
	if e.ID != "" {
		what = "definition " + e.ID + " is"
	}
	return fmt.Sprintf("%s of version %d, and not %d: somebody else has changed it; look at what it is now and decide again", what, e.Have, e.Want)
}

// CatalogueConflictError says that a catalogue has another content than a change
// was made for.
type CatalogueConflictError struct {
	ID   string
	Want string // digest; "" for a catalogue that was not to be there
	Have string // "" for one that is not there
}

// Error implements error.
func (e *CatalogueConflictError) Error() string {
	switch {
	case e.Have == "":
		return fmt.Sprintf("the catalogue %s is not there: somebody has removed it; look at what there is now and decide again", e.ID)
	case e.Want == "":
		return fmt.Sprintf("the catalogue %s is there already: look at what it is and decide again", e.ID)
	}
	return fmt.Sprintf("the catalogue %s has another content by now: somebody else has changed it; look at what it is and decide again", e.ID)
}

// RefusedError says why a change of definitions would not do. Nothing of the
// change was stored.
type RefusedError struct {
	Mistakes rules.Errors // of texts and rules
	Failures []Failure    // tests that do not come out as they say
	Bound    string       // what is too much, "" for nothing
}

// Error implements error.
func (e *RefusedError) Error() string {
	var lines []string
	if e.Bound != "" {
		lines = append(lines, e.Bound)
	}
	if len(e.Mistakes) > 0 {
		lines = append(lines, e.Mistakes.Error())
	}
	for _, f := range e.Failures {
		lines = append(lines, fmt.Sprintf("%s:%d: segment %s: %s: %s", f.File, f.Line, f.Segment, f.Test, f.Message))
	}
	return strings.Join(lines, "\n\n")
}

// Unwrap makes the mistakes reachable.
func (e *RefusedError) Unwrap() []error { return e.Mistakes.Unwrap() }
