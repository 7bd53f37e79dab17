package history

import "muster/history/lease"

// Leased does a task, in whichever way, while Clean and whoever looks on know of
// it. Once the gathering has succeeded nothing of the request is left to do.
func (b *Backfill) Leased(t Task, do func() error) error {
	of := lease.Task{Stage: t.Stage.String(), Index: t.Index, Piece: t.Piece, Pieces: t.Pieces}
	held, err := lease.Take(b.work.lasting(), b.ID(), of, func() lease.Done {
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
