// Package network puts proxies in front of servers, so that tests can cut
// and slow down connections. The proxy is toxiproxy, in the test's process.
//
// It promises that a Link keeps its address, whatever happens to the server
// behind it.
//
// The trap: a server that names its own address to clients, as Kafka and the
// nodes of a Redis Cluster do, must name the Link's, or clients go around it.
package network
