package publication

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"muster/directive"
	"muster/history"
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
	// brought for, and LeftOut those that it can't be brought for, see Choose.
	Rules    *rules.Set
	Segments []string
	LeftOut  []string
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

func (p *Publication) folder() string { return filepath.Join(p.source.Config.Dir, "requests", p.id) }

func (p *Publication) save() error { return p.state.write(filepath.Join(p.folder(), StateFile)) }

// Run does what is left of the publication, and reports about all of it. It
// may be killed at any time, and called again. Of a publication that has ended
// nothing is left, unless it is asked for again.
func (p *Publication) Run(ctx context.Context) (*Report, error) {
	report, err := p.run(ctx)
	if errors.Is(err, ErrAnew) {
		p.state.Lost = err.Error()
		err = errors.Join(err, p.save())
	}
	return report, err
}

func (p *Publication) run(ctx context.Context) (*Report, error) {
	ended, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	if ended {
		return p.before()
	}
	if err := p.timed(&p.state.Seconds.Open, StageOpen, func() error { return p.open(ctx) }); err != nil {
		return nil, fmt.Errorf("opening seams: %w", err)
	}
	if err := p.timed(&p.state.Seconds.Settle, StageSettle, func() error { return p.settle(ctx) }); err != nil {
		return nil, fmt.Errorf("waiting for the archive to be whole: %w", err)
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

// begin finds out how far the publication is, and begins a run where there is
// none. It reports whether the run has ended.
func (p *Publication) begin(ctx context.Context) (ended bool, err error) {
	if p.state, err = readState(filepath.Join(p.folder(), StateFile)); err != nil {
		return false, err
	}
	if p.config.Again && p.state != nil && (p.state.Ended != 0 || p.state.Lost != "") {
		p.state = nil
	}
	if p.state != nil && p.state.Ended != 0 {
		return true, nil
	}
	if err := p.checkRules(ctx); err != nil {
		return false, err
	}
	if p.state == nil {
		if err := p.anew(ctx); err != nil {
			return false, err
		}
	}
	p.board.note(func(now *Progress) { now.Run = p.state.Run })
	return false, nil
}

// anew begins a run, of an archive that is listed anew.
func (p *Publication) anew(ctx context.Context) error {
	dead, err := p.target.Log.Dead(ctx)
	if err != nil {
		return fmt.Errorf("counting dead letters: %w", err)
	}
	if err := history.Forget(p.source.Config.Dir, p.id); err != nil {
		return err
	}
	now := p.target.Clock.Now()
	p.state = &State{Run: newRun(now), Begun: now.UnixMilli(), Segments: p.source.Segments, Series: p.series, Dead: dead}
	return p.save()
}

// checkRules refuses a deployment that goes by other rules. A shard that has
// committed nothing yet tells nothing.
func (p *Publication) checkRules(ctx context.Context) error {
	own := p.source.Rules.Fingerprint()
	for shard := range p.target.Count {
		standing, err := p.target.Shards.Standing(ctx, shard)
		if err != nil {
			return err
		}
		if standing.Rules != "" && standing.Rules != own {
			return fmt.Errorf("%w: shard %d goes by rules with the fingerprint %.12s, and those that were given have %.12s; "+
				"give the files that the evaluators have, all of them, and wait until they have taken over the last edit", ErrRules, shard, standing.Rules, own)
		}
	}
	return nil
}

// settle waits until the archive is whole up to the seams.
func (p *Publication) settle(ctx context.Context) error {
	if p.state.Settled != 0 {
		return nil
	}
	for p.config.Settle > 0 {
		until := p.state.settled(p.config.Settle)
		p.board.note(func(now *Progress) { now.Until = until })
		left := until.Sub(p.target.Clock.Now())
		if left <= 0 {
			break
		}
		if err := p.target.Clock.Wait(ctx, left); err != nil {
			return err
		}
	}
	p.state.Settled = p.target.Clock.Now().UnixMilli()
	return p.save()
}

// maxAhead is how far the arrivals of a shard may be ahead of the wall clock,
// in ms.
const maxAhead = 5 * 60 * 1000

// settled returns when the archive is taken for whole: so long after the
// latest seam, and after the seams were seen to be open.
func (s *State) settled(settle time.Duration) time.Time {
	at := s.Opened
	for _, seam := range s.Seams {
		at = max(at, min(seam, s.Opened+maxAhead)) // with clock: stream a seam may be anywhere
	}
	return time.UnixMilli(at).Add(settle)
}

// read makes the patches.
func (p *Publication) read(ctx context.Context) (*history.Patches, error) {
	request := p.source.Request
	for _, seam := range p.state.Seams {
		request.AsOf = max(request.AsOf, seam)
	}
	b, err := history.New(&request, p.source.Config)
	if err != nil {
		return nil, err
	}
	p.board.read(b)
	patches, err := b.Patches(ctx, &history.Patching{
		Past: p.past, Rules: p.source.Rules.Fingerprint(), Seams: p.state.Seams, Shard: p.target.Shard, Sharding: p.target.Sharding,
	})
	if err != nil {
		return nil, err
	}
	s := p.state
	switch {
	case patches.Count == 0:
		return nil, fmt.Errorf("%w: no object of the archive has an event that arrived before the seams", history.ErrNothing)
	case s.Sent > 0 && s.Patches != patches.Key:
		return nil, fmt.Errorf("%d patches of run %s are given already, and what was listed now makes others: %w", s.Sent, s.Run, ErrAnew)
	}
	s.Patches, s.All = patches.Key, patches.Count
	if s.Whole = p.config.Whole; s.Whole == 0 {
		s.Whole = patches.Whole
	}
	of := patches.Report
	s.Seconds.Plan, s.Seconds.Index, s.Seconds.Evaluate = s.Seconds.Plan+of.Plan, s.Seconds.Index+of.Index, s.Seconds.Evaluate+of.Evaluate
	return patches, p.save()
}

// close closes the seams behind all patches.
func (p *Publication) close(ctx context.Context) error {
	if p.state.Closing == 0 {
		if err := p.checkSeams(ctx); err != nil {
			return err
		}
		p.state.Closing = p.target.Clock.Now().UnixMilli()
		if err := p.save(); err != nil {
			return err
		}
	}
	d := directive.Directive{Kind: directive.Close, Run: p.state.Run, Since: p.state.Whole}
	if err := p.target.Guide.Direct(ctx, []directive.Directive{d}); err != nil {
		return err
	}
	return p.awaitClosed(ctx)
}

// end notes that all is done, and makes the report.
func (p *Publication) end(ctx context.Context, of *history.Report) (*Report, error) {
	dead, err := p.target.Log.Dead(ctx)
	if err != nil {
		return nil, fmt.Errorf("counting dead letters: %w", err)
	}
	p.state.Ended = p.target.Clock.Now().UnixMilli()
	report := p.report(of, dead-p.state.Dead)
	if err := writeJSON(filepath.Join(p.folder(), reportFile), report); err != nil {
		return nil, err
	}
	return report, p.save()
}
