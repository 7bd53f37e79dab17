package activation

// Change is a membership that began or ended, as the outbox of a shard has it.
type Change struct {
	// Entry is the id of the outbox entry, behind which reading goes on.
	Entry string
	// Number counts the changes of the shard from 1, without gaps. What a
	// snapshot run names has negative ones.
	Number  int64
	Profile string
	Segment string
	Entered bool  // false when the membership ended
	At      int64 // ms since 1970 UTC, of the shard's clock
	// Version counts the changes of the profile from 1. A change of a higher
	// version is the newer one.
	Version uint64
	Cause   string // event, time, rules or backfill; snapshot for what a snapshot run names
	// Run is the snapshot run that names the membership, or the backfill that has
	// changed it, "" for others.
	Run string `json:",omitempty"`
	// Part is set where this is no membership but the beginning or the end of a
	// part of Run; Profile and Segment are "" then.
	Part *Part `json:",omitempty"`
	// Traits is a JSON object of the traits that a destination asks for, as they
	// were when the message was composed; "" for one that asks for none.
	Traits string `json:",omitempty"`
}
