package metamorphic

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/profile"
	"muster/rules"
)

// edited is a driver of one shard, with its log and its store, whose rules
// are edited meanwhile. It is the driver's Port, Census and Receiver.
type edited struct {
	t      *testing.T
	config pipeline.Config
	texts  map[string]string // the rules in force
	set    *rules.Set
	log    []event.Event
	clocks []int64 // stream time when each was applied
	wall   int64

	store   *memory.Store // the owner's handle
	driver  *pipeline.Driver
	commits []*pipeline.Commit // that the store has, copies
	all     []*pipeline.Commit // also those that it has lost
	catalog map[string]string  // as it is stored

	deadly bool // whether the owner dies at the next commit
	landed bool // after it, or before
	batch  int  // index in log of the batch at hand
}

func newEdited(t *testing.T, config pipeline.Config, texts map[string]string) *edited {
	e := &edited{t: t, config: config, store: memory.New()}
	e.adopt(texts)
	e.restart()
	return e
}

func (e *edited) adopt(texts map[string]string) { e.texts, e.set = texts, compileSegments(e.t, texts) }

// restart goes on as another owner would, and returns the one before.
func (e *edited) restart() *pipeline.Driver {
	e.t.Helper()
	before := e.driver
	store := e.store.Share()
	state, err := store.Open(e.t.Context(), 0)
	if err != nil {
		e.t.Fatal(err)
	}
	e.store, e.catalog = store, state.Catalog
	owner := &owner{e, store}
	e.driver = pipeline.NewDriver(e.set, e.config, state, owner)
	e.driver.Census, e.driver.Receiver = owner, e
	e.driver.Pass(e.wall)
	return before
}

// edit puts other rules in force.
func (e *edited) edit(texts map[string]string) {
	e.t.Helper()
	e.adopt(texts)
	if err := e.driver.Swap(e.set); err != nil {
		e.t.Fatal(err)
	}
}

// comeBackOlder has the store as it was so many commits ago.
func (e *edited) comeBackOlder(lost int) {
	e.t.Helper()
	older := memory.New()
	state, err := older.Open(e.t.Context(), 0)
	if err != nil {
		e.t.Fatal(err)
	}
	e.commits = e.commits[:max(0, len(e.commits)-lost)]
	for _, c := range e.commits {
		c.Epoch = state.Epoch
		if err := older.Commit(e.t.Context(), 0, c); err != nil {
			e.t.Fatal(err)
		}
	}
	e.store = older
	e.restart()
}

// serve feeds at most so many records that are not committed yet, in one
// batch, and returns how many there were.
func (e *edited) serve(records int) int {
	e.t.Helper()
	e.batch = int(max(0, e.driver.Next()))
	last := min(e.batch+records, len(e.log))
	if e.batch == last {
		return 0
	}
	f := &pipeline.Feed{Events: e.log[e.batch:last], Next: int64(last), Last: last == len(e.log)}
	for i := range f.Events {
		f.Offsets = append(f.Offsets, int64(e.batch+i))
	}
	e.survive(e.driver.Serve(e.t.Context(), f))
	return last - e.batch
}

// Admit implements pipeline.Receiver.
func (e *edited) Admit(int) bool { return true }

// Outcome implements pipeline.Receiver.
func (e *edited) Outcome(i int, _ profile.Outcome, _ bool) {
	e.clocks[e.batch+i] = e.driver.Clock()
}

// turn is what an owner does when it has nothing to read.
func (e *edited) turn() {
	e.t.Helper()
	e.survive(e.driver.Turn(e.t.Context()))
}

// survive starts another owner where one has died.
func (e *edited) survive(err error) {
	e.t.Helper()
	if errors.Is(err, errKilled) {
		e.restart()
	} else if err != nil {
		e.t.Fatal(err)
	}
}

// settle reads all there is, serves every timer and sweeps to the end.
func (e *edited) settle(r *rand.Rand) {
	e.t.Helper()
	for e.serve(1+r.IntN(5)) > 0 {
	}
	e.sweep()
}

func (e *edited) sweep() {
	e.t.Helper()
	for turns := 0; e.driver.Behind() || e.driver.Sweeping(); turns++ {
		if e.turn(); turns > 20_000 {
			e.t.Fatal("a sweep does not come to its end")
		}
	}
	// A sweep that had nothing to look at is told with the next commit.
	e.survive(e.driver.Commit(e.t.Context(), max(0, e.driver.Next())))
}

// owner is a driver's way to the store.
type owner struct {
	*edited
	handle *memory.Store
}

// Load implements pipeline.Port.
func (o *owner) Load(ctx context.Context, ids []string) ([]string, error) {
	return o.handle.Load(ctx, 0, ids)
}

// Count implements pipeline.Census.
func (o *owner) Count(ctx context.Context) (int64, int, error) { return o.handle.Count(ctx, 0) }

// Scan implements pipeline.Census. It names as few buckets as it can, so that
// a sweep has many stops.
func (o *owner) Scan(ctx context.Context, bucket, _ int) ([]string, int, error) {
	return o.handle.Scan(ctx, 0, bucket, 1)
}

// Commit implements pipeline.Port.
func (o *owner) Commit(ctx context.Context, c *pipeline.Commit) error {
	dies := o.deadly
	o.deadly = false
	if dies && !o.landed {
		return errKilled
	}
	if err := o.handle.Commit(ctx, 0, c); err != nil {
		return err
	}
	kept := cloneCommit(c)
	o.commits, o.all = append(o.commits, kept), append(o.all, kept)
	for name, text := range c.Catalog {
		if o.catalog == nil {
			o.catalog = map[string]string{}
		}
		if o.catalog[name] = text; text == "" {
			delete(o.catalog, name)
		}
	}
	if dies {
		return errKilled
	}
	return nil
}

// cloneCommit copies a commit, whose memory is used again. Epochs are left
// out: each owner has another.
func cloneCommit(c *pipeline.Commit) *pipeline.Commit {
	kept := *c
	kept.Epoch, kept.Changes, kept.Reach, kept.Profiles = 0, slices.Clone(c.Changes), slices.Clone(c.Reach), slices.Clone(c.Profiles)
	kept.NewNames, kept.Drop = slices.Clone(c.NewNames), slices.Clone(c.Drop)
	for i := range kept.Profiles {
		kept.Profiles[i].Blob, kept.Profiles[i].Tail = slices.Clone(kept.Profiles[i].Blob), slices.Clone(kept.Profiles[i].Tail)
	}
	return &kept
}
