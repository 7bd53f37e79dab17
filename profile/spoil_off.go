//go:build !spoil

package profile

// spoiling is off: what goes back to Spares stays as it is until it is used.
const spoiling = false
