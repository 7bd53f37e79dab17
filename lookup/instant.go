package lookup

import (
	"fmt"
	"time"
)

// millisLayout is RFC 3339 with milliseconds, for times in UTC.
const millisLayout = "2006-01-02T15:04:05.000Z"

// Instant is a time in what is told, in milliseconds since 1970 UTC.
type Instant int64

// UnmarshalText reads RFC 3339.
func (i *Instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time; write it as 2026-11-21T10:00:00Z", text)
	}
	*i = Instant(t.UnixMilli())
	return nil
}

// MarshalText writes RFC 3339 in UTC with milliseconds.
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// String is RFC 3339 in UTC with milliseconds.
func (i Instant) String() string { return time.UnixMilli(int64(i)).UTC().Format(millisLayout) }
