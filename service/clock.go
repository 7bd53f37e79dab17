//go:build !steppable

package service

import "time"

// wallClock returns the wall clock in milliseconds since 1970 UTC.
func wallClock() int64 { return time.Now().UnixMilli() }
