// Package segments keeps a running service at what its segments are said to be,
// by files or by definitions in Redis: a Watcher looks at them now and then,
// compiles what has changed and publishes it to the workers. Definitions are
// also changed here.
//
// It promises that a worker never waits for any of this, that segments with a
// mistake are refused as a whole while those before stay in force, that nothing
// is compiled twice for the same content, and that no definition is stored that
// does not compile beside the others and pass its tests.
//
// The trap: a file that is only half written can be valid, with the segments
// at its end missing. So a change of files counts once two looks agree, and not
// before; only Watcher's ask channel is believed at once. Definitions are
// written whole, and one look is enough.
package segments
