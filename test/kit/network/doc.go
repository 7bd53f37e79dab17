// Package network puts proxies in front of servers, in the test's process,
// so that tests can cut and slow down connections, and see what comes.
//
// It promises that a Link keeps its address, whatever happens to the server
// behind it: it listens from Open to Close, also while it is cut, when it
// ends every connection as soon as it is made.
//
// The trap: a server that names its own address to clients, as Kafka and the
// nodes of a Redis Cluster do, must name the Link's, or clients go around it.
package network
