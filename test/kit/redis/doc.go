// Package redis starts real redis-server processes for tests: one server,
// or a Redis Cluster, each with its own temporary folder and free ports.
//
// It promises that nothing outlives the test: every process is killed in the
// test's cleanup, and by the kernel should the test binary die first.
//
// The trap: Kill loses whatever the server had not written, and a server
// without "appendonly yes" writes nothing. Pass the directive to tests that
// restart a server and expect its data.
package redis
