//go:build spoil

package profile

// spoiling says that what goes back to Spares, or is written over, is
// overwritten with nonsense first.
const spoiling = true
