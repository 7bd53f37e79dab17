// Package credentials holds what this program shows to a server, and what it
// demands of one: passwords, certificates and the connections made with them.
//
// It promises that a secret never shows: whatever prints a Secret, or a value
// that has one in it, prints *** instead; that files are read again for every
// connection, so that a rotated password or certificate needs no restart; and
// that a server with which no TLS connection comes about is named, with what
// can be done.
//
// The trap: with TLS 1.3 a server refuses a client's certificate only after
// the handshake. The first read fails then, not the dial.
package credentials
