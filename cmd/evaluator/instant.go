package main

import (
	"fmt"
	"time"
)

// millisLayout is RFC 3339 with milliseconds, for times in UTC.
const millisLayout = "2006-01-02T15:04:05.000Z"

// instant is a time on the command line and in what is printed, in
// milliseconds since 1970 UTC.
type instant int64

// UnmarshalText reads RFC 3339.
func (i *instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time; write it as 2026-11-21T10:00:00Z", text)
	}
	*i = instant(t.UnixMilli())
	return nil
}

// MarshalText writes RFC 3339 in UTC with milliseconds.
func (i instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// String is RFC 3339 in UTC with milliseconds.
func (i instant) String() string { return time.UnixMilli(int64(i)).UTC().Format(millisLayout) }
