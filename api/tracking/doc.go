// Package tracking takes in events over HTTP in the way of the Segment HTTP
// tracking API, so that Segment's own clients send theirs here.
//
// It promises that a request is answered with success only when every event of
// it is in the log, and that nothing is lost without a word: an event that can't
// be used goes to the log all the same, where its reader keeps it as a dead
// letter with the reason, and the answer names it. A request that is refused
// leaves nothing in the log; one whose answer is 503, or never comes, may have
// left all, some or nothing there. So an event comes at least once, and its
// messageId tells whether it is a repeat.
//
// The traps: an answer of 4xx, other than 429, has the official clients throw
// away the whole batch, so that only what sending again can't mend may have one.
// And the Python client puts a batch behind all newer ones when an answer has a
// Retry-After, which is why a 503 has none: then it waits, and keeps the order.
package tracking
