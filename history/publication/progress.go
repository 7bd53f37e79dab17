package publication

import (
	"sync"
	"time"

	"muster/history"
)

// Stage is what a publication is at.
type Stage int

// The stages, in their order.
const (
	StageOpen   Stage = iota // the seams
	StageSettle              // until the archive is whole
	StageRead                // the archive, and make patches of it
	StageSend                // the patches
	StageClose               // the seams
)

var stageNames = []string{"open seams", "settle", "read", "send", "close seams"}

// String returns the stage's name.
func (s Stage) String() string { return stageNames[s] }

// Progress is how far a publication is.
type Progress struct {
	Stage     Stage
	Run       string
	Until     time.Time        // when the archive is taken for whole; zero if that is not known yet
	History   history.Progress // of StageRead
	Sent, All int64            // patches
	OnTheWay  time.Duration    // in which patches were on their way, of this call
	// Waiting says which shard the publication waits for, "" for none.
	Waiting string
}

// board is where it stands, for whoever looks on.
type board struct {
	mu   sync.Mutex
	now  Progress
	past *history.Backfill // nil before StageRead
}

func (b *board) note(change func(*Progress)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.now)
}

func (b *board) read(past *history.Backfill) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.past, b.now.Stage = past, StageRead
}

// Progress returns how far it is now. It may be asked at any time.
func (p *Publication) Progress() Progress {
	p.board.mu.Lock()
	defer p.board.mu.Unlock()
	now := p.board.now
	if p.board.past != nil {
		now.History = p.board.past.Progress()
	}
	return now
}
