package observe

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"muster/pipeline"
)

const (
	// marksLogged is how many marks of an edition are logged one by one.
	marksLogged = 20
	// marksRest is how long no shard must have adopted rules before marks are
	// logged: each has an instant of its own, and the latest is told.
	marksRest = time.Second
)

// marks gathers the marks of segments over the shards of this process, each
// segment once in an edition. It is safe for concurrent use.
type marks struct {
	mu      sync.Mutex
	edition uint64
	known   map[string]int64 // the latest instant by segment; of those told, too
	fresh   []string         // segments that are not told yet
}

// take notes what a shard has told, and reports whether there is something to
// be logged.
func (m *marks) take(a pipeline.Adoption) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.edition != a.Edition {
		m.edition, m.known, m.fresh = a.Edition, map[string]int64{}, nil
	}
	for _, mark := range a.Marks {
		since, known := m.known[mark.Segment]
		if !known {
			m.fresh = append(m.fresh, mark.Segment)
		}
		m.known[mark.Segment] = max(since, mark.Since)
	}
	return len(m.fresh) > 0
}

// untold returns the marks that were not logged, in order of segment.
func (m *marks) untold() []pipeline.Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]pipeline.Mark, 0, len(m.fresh))
	for _, segment := range slices.Sorted(slices.Values(m.fresh)) {
		list = append(list, pipeline.Mark{Segment: segment, Since: m.known[segment]})
	}
	m.fresh = nil
	return list
}

func (w *Watch) rulesAdopted(_ int, a pipeline.Adoption) {
	if w.marks.take(a) {
		w.marksTimer.Reset(marksRest)
	}
}

// logMarks says of which segments not all events are known.
func (w *Watch) logMarks() {
	list := w.marks.untold()
	for _, m := range list[:min(len(list), marksLogged)] {
		since := time.UnixMilli(m.Since).UTC()
		w.log.Info(fmt.Sprintf("segment %s counts events since %s only", m.Segment, since.Format(time.RFC3339)),
			zap.String("segment", m.Segment), zap.Time("since", since))
	}
	if more := len(list) - marksLogged; more > 0 {
		w.log.Info(fmt.Sprintf("%d more segments count events since they are in force only", more), zap.Int("segments", more))
	}
}
