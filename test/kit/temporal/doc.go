// Package temporal runs Temporal's own development server for tests, as a
// process with a database in a file. It is built once by go install and kept in
// the cache folder.
//
// It promises that what a server had written is there after Kill and Restart, at
// the same address, and that nothing outlives the test: the process is killed in
// the test's cleanup, and by the kernel should the test binary die first.
//
// The trap: the first build takes minutes on every core. Start skips the test
// unless the environment says MUSTER_E2E=real, so that make test does without.
package temporal
