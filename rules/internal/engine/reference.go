package engine

// ruleRef leads to a rule: its position and, in the bits above, what is known
// of the rule and of the rest that the reference stands in.
type ruleRef uint32

// exit is a posting of a rule whose literal may become false, so that profiles
// may leave: its position and, in the bits above, what is known of the rule.
type exit uint32

// positionBits are the lowest bits of both.
const (
	positionBits = 24
	positionMask = 1<<positionBits - 1
)

// What is known of a rule and of a rest.
const (
	refLate     ruleRef = 1 << (positionBits + iota) // the rule mentions segments: to be run behind them
	refComplete                                      // literal, gate and guards make the rule true
	refMore                                          // the next rest has more guards
	refSet                                           // the first guard is a set of cells; the next bit, the second is
	refOdd      = refMore | refSet | refSet<<1
)

// What is known of an exit.
const (
	exitLate exit = 1 << (positionBits + iota) // the rule mentions segments: to be run behind them
	exitSure                                   // the rule can't hold any more
)

func (r ruleRef) position() uint32 { return uint32(r) & positionMask }

// late reports whether the rule mentions segments.
func (r ruleRef) late() bool { return r&refLate != 0 }

// complete is 1 if literal, gate and guards make the rule true, else 0.
func (r ruleRef) complete() uint32 { return uint32(r/refComplete) & 1 }

// more reports whether the next rest has more guards.
func (r ruleRef) more() bool { return r&refMore != 0 }

// isSet reports whether a guard of the rest is a set of cells.
func (r ruleRef) isSet(guard int) bool { return r>>guard&refSet != 0 }

// odd reports whether the rest is another than two guards that are ranges.
func (r ruleRef) odd() bool { return r&refOdd != 0 }

// exitOf is the exit of a rule.
func exitOf(r ruleRef, sure bool) exit {
	e := exit(r.position())
	if r.late() {
		e |= exitLate
	}
	if sure {
		e |= exitSure
	}
	return e
}

func (e exit) position() uint32 { return uint32(e) & positionMask }

// late reports whether the rule mentions segments.
func (e exit) late() bool { return e&exitLate != 0 }

// sure reports whether the rule can't hold any more.
func (e exit) sure() bool { return e&exitSure != 0 }
