package history

import "muster/history/lease"

// Died says how often one behind the other a process has ended in the middle of what is
// to be done now, without a word, as one does that is killed because it takes too
// much memory. Memory is that of the workers, so each two times halve these, down to
// one. Twice, since a machine may just have been taken away. Call it before Run or Do.
func (c *Config) Died(times int) {
	for ; times > 1 && c.Workers > 1; times -= 2 {
		c.Workers /= 2
	}
}

// Died is that of Config.
func (b *Backfill) Died(times int) { b.config.Died(times) }

// Attempt is Leased for whoever does not know how often the task was done before, as
// a machine of an array. Where processes have died of it, which tell is told, it has
// as many workers as Died leaves.
func (b *Backfill) Attempt(t Task, tell func(deaths, workers int), do func() error) error {
	deaths, err := lease.Deaths(b.work.lasting(), b.ID(), leaseOf(t))
	if err != nil {
		return err
	}
	if deaths > 0 {
		b.Died(deaths)
		tell(deaths, b.config.Workers)
	}
	if err := b.Leased(t, do); err != nil || deaths == 0 {
		return err
	}
	return lease.Bury(b.work.lasting(), b.ID(), leaseOf(t))
}

func leaseOf(t Task) lease.Task {
	return lease.Task{Stage: t.Stage.String(), Index: t.Index, Piece: t.Piece, Pieces: t.Pieces}
}

// Leased does a task, in whichever way, while Clean and whoever looks on know of
// it. Once the gathering has succeeded nothing of the request is left to do.
func (b *Backfill) Leased(t Task, do func() error) error {
	of := leaseOf(t)
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
