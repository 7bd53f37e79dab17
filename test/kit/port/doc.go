// Package port holds TCP ports of 127.0.0.1 for servers that are told where
// to listen: processes, and whoever must come back at the same address.
//
// It promises that a port it has given out is nobody else's until it is
// released: no other test's, in this process or in another that uses this
// package, and no connection's own end, since it is outside of the range
// that the kernel takes those from. So a server may stop and start again on
// it as often as it likes.
//
// The trap: a program that does not ask this package can still listen on a
// port by its number. One that did so before is passed over.
package port
