package delivered

import (
	"fmt"

	"muster/test/kit/oracle"
)

// heard is an item, and the stream that it came in: only within one is there
// an order.
type heard struct {
	stream int
	Item
}

// Reconciled returns the memberships, with their versions, that a destination
// knows by a snapshot run and by what it has heard since the run began; what it
// knew before counts no more. It returns an error while a part of the run has
// not ended.
func (l *Log) Reconciled(run string) (map[Membership]uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	streams := map[int]bool{}
	for i := range l.heard {
		streams[l.heard[i].stream] = true
	}
	members := map[Membership]uint64{}
	for stream := range streams {
		if err := l.reconciled(stream, run, members); err != nil {
			return nil, err
		}
	}
	if len(streams) == 0 {
		return nil, fmt.Errorf("nothing was heard of run %s", run)
	}
	return members, nil
}

// reconciled adds the memberships of one stream.
func (l *Log) reconciled(stream int, run string, members map[Membership]uint64) error {
	began, parts, ended := false, 0, map[int]bool{}
	newest := map[Membership]oracle.Change{}
	for i := range l.heard {
		h := &l.heard[i]
		if h.stream != stream {
			continue
		}
		if p := h.Part; p != nil {
			if h.Run == run {
				began, parts = true, p.Of
				ended[p.Number] = ended[p.Number] || p.Ended
			}
			continue
		}
		at := Membership{h.Change.Profile, h.Change.Segment}
		if began && h.Change.Version >= newest[at].Version {
			newest[at] = h.Change
		}
	}
	done := 0
	for _, one := range ended {
		if one {
			done++
		}
	}
	if !began || done < parts {
		return fmt.Errorf("of run %s %d of %d parts have ended in stream %d", run, done, parts, stream)
	}
	for at, c := range newest {
		if c.Entered {
			members[at] = c.Version
		}
	}
	return nil
}
