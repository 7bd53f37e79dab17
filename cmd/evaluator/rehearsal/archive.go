package rehearsal

import (
	"slices"
	"strconv"

	"muster/pipeline"
)

// archive is what Redis would hold: the stored form of every profile and what
// else there is about it.
type archive struct {
	profiles map[string]*stored
}

// stored is one profile.
type stored struct {
	blob    []byte // with its tail
	tail    int    // bytes of that, which Redis has apart
	timer   bool
	members int // member sets that it is in
}

func newArchive() *archive { return &archive{profiles: map[string]*stored{}} }

// keep takes over what a commit stores.
func (a *archive) keep(c *pipeline.Commit) {
	for i := range c.Profiles {
		w := &c.Profiles[i]
		one := a.profiles[w.Profile]
		if one == nil {
			one = &stored{}
			a.profiles[w.Profile] = one
		}
		one.blob = append(append(one.blob[:0], w.Blob...), w.Tail...)
		one.tail = len(w.Tail)
		if w.Timer {
			one.timer = w.Deadline != 0
		}
	}
	for i := range c.Changes {
		change := &c.Changes[i]
		switch one := a.profiles[change.Profile]; {
		case c.Hidden[change.Segment]:
		case change.Entered:
			one.members++
		default:
			one.members--
		}
	}
}

// load returns a copy of a profile's stored form, "" for one that there is
// not.
func (a *archive) load(id string) string {
	if one := a.profiles[id]; one != nil {
		return string(one.blob)
	}
	return ""
}

// sizes returns the stored sizes of all profiles in bytes, ascending.
func (a *archive) sizes() []int {
	list := make([]int, 0, len(a.profiles))
	for _, one := range a.profiles {
		list = append(list, len(one.blob))
	}
	slices.Sort(list)
	return list
}

// memory is what Redis would take for the profiles.
func (a *archive) memory() memory {
	var m memory
	for id, one := range a.profiles {
		m.profiles += profileMemory(len(id), len(one.blob)-one.tail)
		if one.tail > 0 {
			m.profiles += profileMemory(len(id), one.tail)
		}
		m.memberships += float64(one.members) * memberMemory(len(id))
		if one.timer {
			m.timers += timerMemory(len(id))
		}
	}
	return m
}

// appendSent appends what a client would send to store a commit, whatever the
// protocol adds.
func appendSent(b []byte, c *pipeline.Commit) []byte {
	for i := range c.Profiles {
		w := &c.Profiles[i]
		b = append(append(b, w.Profile...), w.Blob...)
		if w.TailChanged {
			b = append(append(b, w.Profile...), w.Tail...)
		}
		if w.Timer {
			b = strconv.AppendInt(append(b, w.Profile...), w.Deadline, 10)
		}
	}
	for i := range c.Changes {
		change := &c.Changes[i]
		b = append(append(b, change.Segment...), change.Profile...) // of the member set
		b = append(append(append(b, change.Segment...), change.Profile...), change.Cause...)
		b = strconv.AppendInt(strconv.AppendBool(b, change.Entered), change.At, 10)
		b = strconv.AppendUint(b, change.Version, 10)
	}
	for i := range c.Reach {
		b = append(append(b, c.Reach[i].Segment...), c.Reach[i].Profile...)
	}
	return b
}
