package language

import (
	"strconv"
	"strings"

	"muster/profile"
)

// Key identifies the series that an aggregate reads.
func (a *Aggregate) Key() string {
	if a.Steps != nil {
		return a.stepsKey()
	}
	st := a.Stream
	parts := []string{
		strconv.Itoa(int(a.Keep())), strconv.Quote(st.Name), strconv.FormatBool(st.Prefix),
		strconv.FormatInt(st.Window.Since, 10), "", "",
	}
	if st.Where != nil {
		parts[4] = st.Where.String()
	}
	if st.Project != nil {
		parts[5] = st.Project.String()
	}
	return strings.Join(parts, "|")
}

// Keep is what the series must keep for its aggregate.
func (a *Aggregate) Keep() profile.Keep {
	r, sliding := a.Reduce, a.Stream.Window.Sliding
	switch r {
	case profile.Sequence:
		if sliding {
			return profile.RecentSequence
		}
		return profile.TotalSequence
	case profile.Abandoned:
		return profile.TotalAbandoned
	case profile.Count:
		if sliding {
			return profile.SlidingTimes
		}
		return profile.TotalCount
	case profile.Sum, profile.Mean, profile.Min, profile.Max:
		if sliding {
			return profile.SlidingNumbers
		}
		return profile.TotalNumbers
	}
	switch {
	case sliding:
		return profile.SlidingValues
	case r == profile.Distinct:
		return profile.TotalDistinct
	case r == profile.First:
		return profile.TotalFirst
	}
	return profile.TotalLast
}

// stepsKey identifies the series of a sequence or of abandoned.
func (a *Aggregate) stepsKey() string {
	parts := []string{strconv.Itoa(int(a.Keep())), strconv.FormatInt(a.Within, 10)}
	for i := range a.Steps {
		parts = append(parts, string(a.Steps[i].appendCanonical(nil)))
	}
	return strings.Join(parts, "|")
}
