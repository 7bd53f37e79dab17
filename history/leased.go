package history

import (
	"path/filepath"

	"muster/history/lease"
)

// Leased does a task, in whichever way, while Clean and whoever looks on know of
// it. Once the gathering has succeeded nothing of the request is left to do. In
// a bucket nobody is told: nothing is cleaned there but by its own rules.
func (b *Backfill) Leased(t Task, do func() error) error {
	if _, ok := b.work.folder(); !ok {
		return do()
	}
	held, err := lease.Take(filepath.Dir(b.PlanFile()), lease.Task{Stage: t.Stage.String(), Index: t.Index, Piece: t.Piece, Pieces: t.Pieces}, func() lease.Done {
		p := b.Progress()
		return lease.Done{Bytes: p.Bytes, Rows: p.Rows}
	})
	if err != nil {
		return err
	}
	err = do()
	released := held.Release(err == nil && t.Stage == StageGather)
	if err != nil { // as it is: whoever asked may look at its type
		return err
	}
	return released
}
