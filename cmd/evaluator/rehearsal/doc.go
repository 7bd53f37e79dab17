// Package rehearsal plays a sample of events through the engine with nothing
// on either side: records come from memory, and what a commit would store
// stays there. It measures what each stage costs in CPU, and from that and
// from constants measured with servers it says what a deployment needs.
//
// It promises that all figures but those of time depend only on the sample,
// the rules, the configuration and the number of events played.
//
// The trap: a sample is played again and again with its times moved on, so it
// should be all events of some profiles over a stretch of time. A sample of
// some events of all profiles makes profiles that are too small.
package rehearsal
