// Package access decides who may do what over HTTP: tokens with scopes, how
// often each may ask, and the handler that other handlers are wrapped in.
//
// It promises that a token is nowhere kept as it is, only its hash; that it is
// compared in a time that does not depend on how much of it is right; that a
// file of tokens which changes is in force within a second or so, without a
// restart; and that a file with a mistake leaves the tokens before in force.
//
// A hash is SHA-256 without a salt and without a slow function such as
// bcrypt. Those are for passwords, which people choose and which can be
// guessed. A token is 32 bytes of the system's random source: there is no
// list to try, and a slow function would only let strangers keep the
// processor busy.
//
// The trap: scopes do not contain each other. A token with write alone can't
// read, so that the key in a shop's web page, which has ingest alone, reads
// nothing.
package access
