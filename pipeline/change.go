package pipeline

// Cause says what moved a membership.
type Cause string

// The causes of a Change.
const (
	CauseEvent Cause = "event"
	CauseTime  Cause = "time"
	CauseRules Cause = "rules" // the rule set has changed
	// CauseBackfill is of what history brought, by a patch.
	CauseBackfill Cause = "backfill"
	// CauseErased is of the exits of a profile that was erased.
	CauseErased Cause = "erased"
)

// Change is one profile entering or leaving one segment.
type Change struct {
	Segment string
	Profile string
	Entered bool
	At      int64  // stream time of the change, milliseconds since 1970 UTC
	Version uint64 // per profile 1, 2, 3, ... over all its changes
	Cause   Cause
	Run     string // id of the run that computed the patch, of CauseBackfill; else ""
}
