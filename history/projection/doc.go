// Package projection says what of an archive's events is kept in an index: what
// the rules of a set read, and nothing else. It cuts events down to that and
// writes and reads the cut form.
//
// It promises that a rule set decides the same over the cut events as over the
// whole ones, and over those that were cut by a Projection that covers its
// own. A profile's first event is always kept, however little of it, because
// a profile exists from then on.
//
// The trap: a bound that counts what is not read, as pipeline.profiles.traits
// does, is not reached by cut events.
package projection
