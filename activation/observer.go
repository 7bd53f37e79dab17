package activation

// Observer is told what happens to deliveries. Fields may be nil. The
// functions are called from many goroutines and must not block.
type Observer struct {
	Attempted func(destination string, changes int, a Answer)      // a message was sent
	Dead      func(destination string, changes int, reason string) // a message was given up
	Coalesced func(destination string, changes int)                // changes were left out
	Circuit   func(destination string, c Circuit)                  // a breaker has opened, stays open for longer, or has closed
	Missed    func(destination string, changes int64)              // the outbox had dropped changes before they were read
	Named     func(destination string, memberships int)            // a snapshot run has named some
	Ended     func(destination string, e Ended)                    // a snapshot run has come to its end in a shard
	Disabled  func(destination, reason string)                     // a destination wants nothing any more
	Failed    func(destination string, shard int, err error)       // what is stored can't be read or written
}

func (o *Observer) attempted(destination string, changes int, a Answer) {
	if o != nil && o.Attempted != nil {
		o.Attempted(destination, changes, a)
	}
}

func (o *Observer) dead(destination string, changes int, reason string) {
	if o != nil && o.Dead != nil {
		o.Dead(destination, changes, reason)
	}
}

func (o *Observer) circuit(destination string, c Circuit) {
	if o != nil && o.Circuit != nil {
		o.Circuit(destination, c)
	}
}

func (o *Observer) coalesced(destination string, changes int) {
	if o != nil && o.Coalesced != nil {
		o.Coalesced(destination, changes)
	}
}

func (o *Observer) missed(destination string, changes int64) {
	if o != nil && o.Missed != nil {
		o.Missed(destination, changes)
	}
}

func (o *Observer) named(destination string, memberships int) {
	if o != nil && o.Named != nil {
		o.Named(destination, memberships)
	}
}

func (o *Observer) ended(destination string, e Ended) {
	if o != nil && o.Ended != nil {
		o.Ended(destination, e)
	}
}

func (o *Observer) disabled(destination, reason string) {
	if o != nil && o.Disabled != nil {
		o.Disabled(destination, reason)
	}
}

func (o *Observer) failed(destination string, shard int, err error) {
	if o != nil && o.Failed != nil {
		o.Failed(destination, shard, err)
	}
}
