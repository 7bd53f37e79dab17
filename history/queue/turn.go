package queue

import (
	"fmt"
	"slices"

	"muster/history/projection"
)

// turn says whether it is a request's turn.
type turn struct {
	come bool
	// why it is not.
	why string
	// along is what requests keep that wait, too, and read the same.
	along []projection.Projection
}

// judge says whether it is the turn of one of the active requests, when at
// most so many may run. A request whose objects are being read for it already
// lets others go first.
func judge(active []*Entry, id string, most int) turn {
	var running, waiting []*Entry
	for _, e := range active {
		switch e.State.Phase {
		case Running:
			running = append(running, e)
		case Waiting:
			waiting = append(waiting, e)
		}
	}
	slices.SortFunc(waiting, func(a, b *Entry) int { return a.before(&b.Asked) })
	free, before := most-len(running), 0
	for _, e := range waiting {
		reader := readerFor(running, e)
		switch {
		case e.ID != id && reader == nil:
			free--
			before++
		case e.ID == id && reader != nil:
			return turn{why: fmt.Sprintf("request %s reads the archive for it", reader.ID)}
		case e.ID == id && free <= 0:
			return turn{why: fmt.Sprintf("%d running, of at most %d; %d waiting before it", len(running), most, before)}
		case e.ID == id:
			return turn{come: true, along: along(waiting, e)}
		}
	}
	return turn{why: "it is not among those that wait"}
}

// readerFor returns the running request that is making what another needs of
// the archive, nil for none.
func readerFor(running []*Entry, e *Entry) *Entry {
	for _, r := range running {
		if r.Reading == e.Reading && r.State.reading() && r.State.Keeps.Covers(e.Keeps) {
			return r
		}
	}
	return nil
}

// along returns what others that wait keep of the same objects.
func along(waiting []*Entry, own *Entry) []projection.Projection {
	var list []projection.Projection
	for _, e := range waiting {
		if e.ID != own.ID && e.Reading == own.Reading {
			list = append(list, e.Keeps)
		}
	}
	return list
}
