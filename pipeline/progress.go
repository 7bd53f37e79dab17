package pipeline

import (
	"fmt"
	"strconv"
	"time"
)

// Plus adds up how far the sweeps of two shards are. Their generations mean
// nothing together, so the sum has none.
func (s Sweep) Plus(other Sweep) Sweep {
	return Sweep{Profiles: s.Profiles + other.Profiles, Looked: s.Looked + other.Looked, Done: s.Done && other.Done}
}

// String says how far a sweep is: "41 % of 1,204,331 profiles looked at".
func (s Sweep) String() string {
	switch {
	case s.Done:
		return "all " + thousands(s.Profiles) + " profiles looked at"
	case s.Profiles == 0:
		return "profiles are being counted"
	}
	return fmt.Sprintf("%d %% of %s profiles looked at", 100*s.Looked/s.Profiles, thousands(s.Profiles))
}

// Left estimates how long what is left of a sweep takes, from how many
// profiles it has looked at in how long; 0 where that tells nothing.
func (s Sweep) Left(looked int64, in time.Duration) time.Duration {
	if looked <= 0 {
		return 0
	}
	return time.Duration(float64(in) / float64(looked) * float64(s.Profiles-s.Looked))
}

// thousands writes a number that is not negative with commas.
func thousands(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
