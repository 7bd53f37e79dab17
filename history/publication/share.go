package publication

import (
	"muster/history"
	"muster/history/account"
	"muster/history/projection"
)

// Request returns what is read. Its AsOf is known when the seams are.
func (p *Publication) Request() *history.Request { return &p.source.Request }

// Files are those of the work directory.
func (p *Publication) Files() history.Files { return p.source.Config.Opened() }

// Segments are those that history is brought for.
func (p *Publication) Segments() []string { return p.source.Segments }

// Sharing has the publication keep what others need of the objects that it
// reads, and add what earlier attempts have cost to its own account. Call it
// before Run.
func (p *Publication) Sharing(along []projection.Projection, earlier account.Account) {
	p.along, p.earlier = along, earlier
}

// Died says how many attempts before have died one behind the other: see
// history.Config. Call it before Run.
func (p *Publication) Died(times int) { p.source.Config.Died(times) }

// Account returns what this attempt has cost so far. It may be asked at any
// time.
func (p *Publication) Account() account.Account {
	p.board.mu.Lock()
	defer p.board.mu.Unlock()
	if p.board.past == nil {
		return account.Account{Attempts: 1}
	}
	return p.board.past.Account()
}
