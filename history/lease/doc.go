// Package lease says who works on a request without having it as a whole: the
// machines of an array job and the workers of a Temporal server, each on a task.
// A request that is worked on has a folder leases/ below its own:
//
//	STAGE-INDEX-*.json  a task that somebody does: who, since when, and how far it is
//	STAGE-INDEX-*.lock  locked by that process
//	worked.json         since when the request is worked on, and when a task last ended
//
// It promises that a lease lives as long as its process: on machines that share
// locks because the kernel holds them, and on others because the process writes
// every few seconds that it is there. One that neither shows is taken for dead
// after two hours, since clocks may be an hour apart.
//
// What is left of the lease of a process that was killed also tells the next one at the
// same task that somebody has died of it.
//
// The trap: a lease keeps nobody out. Two may do one task at the same time, which
// does no harm. It only tells Clean what is in use, and an operator who is at
// work.
package lease
