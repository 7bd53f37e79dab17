package snapshot

import "time"

// Hurry has a Follower that does not run yet do now what it does now and then.
func (f *Follower) Hurry() { f.rereadEvery, f.countEvery = time.Millisecond, time.Millisecond }
