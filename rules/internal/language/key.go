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
	if st.Calls {
		return "context|" + strconv.Quote(st.Project.Name)
	}
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
	reduce, sliding := a.Reduce, a.Stream.Window.Sliding
	switch reduce {
	case profile.ReduceSequence:
		if sliding {
			return profile.KeepRecentSequence
		}
		return profile.KeepTotalSequence
	case profile.ReduceAbandoned:
		return profile.KeepTotalAbandoned
	case profile.ReduceCount:
		if sliding {
			return profile.KeepSlidingTimes
		}
		return profile.KeepTotalCount
	case profile.ReduceSum, profile.ReduceMean, profile.ReduceMin, profile.ReduceMax:
		if sliding {
			return profile.KeepSlidingNumbers
		}
		return profile.KeepTotalNumbers
	}
	switch {
	case sliding:
		return profile.KeepSlidingValues
	case reduce == profile.ReduceDistinct:
		return profile.KeepTotalDistinct
	case reduce == profile.ReduceFirst:
		return profile.KeepTotalFirst
	}
	return profile.KeepTotalLast
}

// stepsKey identifies the series of a sequence or of abandoned.
func (a *Aggregate) stepsKey() string {
	parts := []string{strconv.Itoa(int(a.Keep())), strconv.FormatInt(a.Within, 10)}
	for i := range a.Steps {
		parts = append(parts, string(a.Steps[i].appendCanonical(nil)))
	}
	return strings.Join(parts, "|")
}
