package history

import (
	"sync/atomic"

	"muster/history/account"
)

// progress counts what was done, for whoever looks on.
type progress struct {
	stage   atomic.Int32
	objects atomic.Int64 // indexed or found
	bytes   atomic.Int64 // of them
	rows    atomic.Int64 // merged
	slices  atomic.Int64
	known   atomic.Pointer[Progress] // what is known beforehand
	meter   account.Meter            // what it costs
}

// Stage is what a backfill is at.
type Stage int32

// The stages, in their order.
const (
	StagePlan Stage = iota
	StageIndex
	StageFold
	StageEvaluate
	StageGather
)

var stageNames = []string{"plan", "index", "fold", "evaluate", "gather"}

// String returns the stage's name.
func (s Stage) String() string { return stageNames[s] }

// Progress is how far a backfill is. Of a stage that has not begun, what is to
// be done is 0.
type Progress struct {
	Stage               Stage
	Objects, AllObjects int64 // indexed
	Bytes, AllBytes     int64
	Rows, AllRows       int64 // replayed
	Slices, AllSlices   int64
}

// snapshot returns how far it is now.
func (p *progress) snapshot() Progress {
	var now Progress
	if known := p.known.Load(); known != nil {
		now = *known
	}
	now.Stage = Stage(p.stage.Load())
	now.Objects, now.Bytes = p.objects.Load(), p.bytes.Load()
	now.Rows, now.Slices = p.rows.Load(), p.slices.Load()
	return now
}

// expect changes what is known beforehand. Only one goroutine calls it.
func (p *progress) expect(change func(*Progress)) {
	var next Progress
	if known := p.known.Load(); known != nil {
		next = *known
	}
	change(&next)
	p.known.Store(&next)
}
