package temporal

import (
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// maxPieces bounds what a task is cut into.
const maxPieces = 64

// Piece is a task, or one of some pieces of it: see history.Task. Whole is set
// where pieces of the task were done before.
type Piece struct {
	Request string `json:"request"`
	Stage   string `json:"stage"`
	Index   int    `json:"index"`
	Piece   int    `json:"piece,omitempty"`
	Pieces  int    `json:"pieces,omitempty"` // 0 and 1 for the task itself
	Whole   bool   `json:"whole,omitempty"`
}

// dispatch has the tasks of a batch done.
type dispatch struct {
	ctx      workflow.Context // of the workflow
	tasks    workflow.Context // of activities
	cancel   workflow.CancelFunc
	selector workflow.Selector
	open     int         // activities that have not ended
	pieces   map[int]int // that have not ended, by task that was cut
	failed   error       // the first that could not be helped
}

// Tasks has the tasks of a batch done, all at the same time as far as there are
// workers. The first that can't be done has the others end.
func Tasks(ctx workflow.Context, b Batch) error {
	own, cancel := workflow.WithCancel(ctx)
	defer cancel()
	d := &dispatch{
		ctx: ctx, tasks: b.Limits.options(own), cancel: cancel, selector: workflow.NewSelector(ctx), pieces: map[int]int{},
	}
	for i := b.First; i < b.End; i++ {
		d.begin(Piece{Request: b.Request, Stage: b.Stage, Index: i})
	}
	for d.open > 0 {
		d.selector.Select(ctx)
	}
	return d.failed
}

func (d *dispatch) begin(p Piece) {
	d.open++
	d.selector.AddFuture(workflow.ExecuteActivity(d.tasks, taskActivity, p), func(f workflow.Future) {
		d.open--
		d.ended(p, f.Get(d.ctx, nil))
	})
}

// ended goes on behind a piece.
func (d *dispatch) ended(p Piece, err error) {
	switch {
	case d.failed != nil:
	case err == nil:
		d.done(p)
	case died(err) && !p.Whole && p.Pieces < maxPieces:
		d.split(p)
	default:
		d.failed = fmt.Errorf("task %d: %w", p.Index, err)
		d.cancel()
	}
}

// done does the task itself when the last of its pieces has ended: it finds all
// there, and leaves what only a whole task does.
func (d *dispatch) done(p Piece) {
	if p.Pieces < 2 {
		return
	}
	if d.pieces[p.Index]--; d.pieces[p.Index] == 0 {
		p.Piece, p.Pieces, p.Whole = 0, 0, true
		d.begin(p)
	}
}

// split does a piece as two.
func (d *dispatch) split(p Piece) {
	if p.Pieces < 2 {
		p.Pieces = 1
		d.pieces[p.Index]++
	}
	d.pieces[p.Index]++
	workflow.GetLogger(d.ctx).Warn("a task's worker died; it is done in smaller pieces", "stage", p.Stage, "task", p.Index, "pieces", 2*p.Pieces)
	p.Piece, p.Pieces = 2*p.Piece, 2*p.Pieces
	d.begin(p)
	p.Piece++
	d.begin(p)
}

// died reports whether a worker died of a task, or was silent or busy for too
// long: of what would be less with a smaller one.
func died(err error) bool {
	var late *sdk.TimeoutError
	if errors.As(err, &late) {
		kind := late.TimeoutType()
		return kind == enums.TIMEOUT_TYPE_HEARTBEAT || kind == enums.TIMEOUT_TYPE_START_TO_CLOSE
	}
	var told *sdk.ApplicationError
	return errors.As(err, &told) && told.Type() == typeDied
}
