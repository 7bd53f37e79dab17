// Package segments reads segment files and keeps a running service at what
// they say: a Watcher looks at them now and then, compiles what has changed
// and publishes it to the workers.
//
// It promises that a worker never waits for any of this, that segments with a
// mistake are refused as a whole while those before stay in force, and that
// nothing is compiled twice for the same content.
//
// The trap: a file that is only half written can be valid, with the segments
// at its end missing. So a change counts once two looks agree, and not before;
// only Watcher's ask channel is believed at once.
package segments
