// Package demo simulates a shop in front of the real service: traffic, a
// broker, a Redis and a receiver of the changes within the process, and a
// table to watch.
//
// It promises that the same seed makes the same records, byte for byte, and
// that simulated time advances by about six minutes an event, so that a
// minute of watching is months of windows opening and closing.
//
// The trap: the servers forget everything when they are closed, and the
// simulated Redis expires keys by simulated time only. Neither says anything
// about speed or durability in production.
package demo
