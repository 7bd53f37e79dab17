// Package example runs the programs of the documentation, as a reader would:
// endpoints in Go, Node and Python that listen on the port that PORT names, and
// senders of events that use the clients of Segment.
//
// It promises that the packages they ask for have the versions that stand in
// this folder, byte for byte: they are fetched on first use and kept in
// MUSTER_CACHE, without running anything of their own.
//
// The trap: where Node or Python is missing, the test is skipped with the
// name of what to install, unless CI is set, where both have to be there.
package example
