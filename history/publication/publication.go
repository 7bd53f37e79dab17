package publication

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"muster/history"
	"muster/history/account"
	"muster/history/projection"
	"muster/pipeline"
	"muster/rules"
)

// ErrAnew says that a run can't be gone on with, and that another has to be
// begun.
var ErrAnew = errors.New("begin anew with --again")

// ErrRules says that shards go by other rules than those that were given.
var ErrRules = errors.New("the rules differ")

// Target is the service that history is brought to.
type Target struct {
	Guide  Guide
	Shards Shards
	Log    Log
	Clock  Clock
	// ID names the deployment, so that another has publications of its own.
	ID string
	// Count is how many shards there are.
	Count int
	// Shard returns the shard of a profile; it is safe for concurrent use.
	// Sharding names how it chooses.
	Shard    func(profile string) int
	Sharding string
}

// Source is what history is made of.
type Source struct {
	// Rules are all rules in force. Segments are those of them that history is
	// brought for, see Choose.
	Rules    *rules.Set
	Segments []string
	// Request says what is read. AsOf, Set and Name are set by the publication.
	Request history.Request
	Config  history.Config
}

// Publication is one request to bring history into a service.
type Publication struct {
	target Target
	source Source
	config Config
	id     string
	state  *State
	series []string
	board  board

	along   []projection.Projection // what others need of what is read
	earlier account.Account         // of earlier attempts
}

// New returns a publication that has not begun, or goes on with one that an
// earlier process has begun in the same work directory.
func New(t Target, s Source, c Config) (*Publication, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Publication{target: t, source: s, config: c}
	past, err := p.past()
	if err != nil {
		return nil, err
	}
	p.series = past.Series()
	if p.source.Request.Set, err = s.chosen(); err != nil {
		return nil, err
	}
	p.source.Request.Name, p.source.Request.AsOf = "", 1 // for the seams are not known yet
	if _, err := history.New(&p.source.Request, s.Config); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		"publication", t.ID, t.Sharding, s.Rules.Fingerprint(), p.source.Request.ID(), strings.Join(s.Segments, "\n"),
	}, "\x00")))
	p.id = hex.EncodeToString(sum[:])[:16]
	p.source.Request.Name = p.id
	return p, nil
}

// chosen is the rule set of the segments alone: it decides what is read.
func (s *Source) chosen() (*rules.Set, error) {
	positions := make([]int, len(s.Segments))
	for i, id := range s.Segments {
		position, known := s.Rules.Position(id)
		if !known {
			return nil, unknown(s.Rules, id)
		}
		positions[i] = position
	}
	return s.Rules.Subset(positions)
}

// past makes one evaluator of histories.
func (p *Publication) past() (*pipeline.Past, error) {
	return pipeline.NewPast(p.source.Rules, p.source.Request.Limits.Profiles, p.source.Segments)
}

// ID names the request: the same one of the same deployment has the same.
func (p *Publication) ID() string { return p.id }

func (p *Publication) save() error { return p.state.write(&p.source.Config, p.id) }

// Run does what is left of the publication, and reports about all of it. It
// may be killed at any time, and called again. Of a publication that has ended
// nothing is left, unless it is asked for again.
func (p *Publication) Run(ctx context.Context) (*Report, error) {
	report, err := p.run(ctx)
	return report, p.lose(err)
}

// lose notes that a run can't be gone on with, where an error says so.
func (p *Publication) lose(err error) error {
	if errors.Is(err, ErrAnew) {
		p.state.Lost = err.Error()
		err = errors.Join(err, p.save())
	}
	return err
}

// prepare does all that comes before reading. It reports whether the run has
// ended.
func (p *Publication) prepare(ctx context.Context) (ended bool, err error) {
	if ended, err = p.begin(ctx); err != nil || ended {
		return ended, err
	}
	if err := p.timed(&p.state.Seconds.Open, StageOpen, func() error { return p.open(ctx) }); err != nil {
		return false, fmt.Errorf("opening seams: %w", err)
	}
	if err := p.timed(&p.state.Seconds.Settle, StageSettle, func() error { return p.settle(ctx) }); err != nil {
		return false, fmt.Errorf("waiting for the archive to be whole: %w", err)
	}
	return false, nil
}

func (p *Publication) run(ctx context.Context) (*Report, error) {
	ended, err := p.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if ended {
		return p.before()
	}
	patches, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.timed(&p.state.Seconds.Send, StageSend, func() error { return p.send(ctx, patches) }); err != nil {
		return nil, fmt.Errorf("giving patches: %w", err)
	}
	if err := p.timed(&p.state.Seconds.Close, StageClose, func() error { return p.close(ctx) }); err != nil {
		return nil, fmt.Errorf("closing seams: %w", err)
	}
	return p.end(ctx, patches.Report)
}

// timed does a stage, and adds how long it took.
func (p *Publication) timed(took *history.Seconds, stage Stage, do func() error) error {
	p.board.note(func(now *Progress) { now.Stage = stage })
	began := p.target.Clock.Now()
	err := do()
	*took += history.Seconds(p.target.Clock.Now().Sub(began).Seconds())
	return err
}
