package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/event"
	"muster/history/archive"
	"muster/pipeline"
	"muster/profile"
)

// Order is a request as it is told to other machines: all that makes it, but
// for credentials. A folder that is the archive must have the same path on
// each of them.
type Order struct {
	Name     string         `json:"name,omitempty"` // see Request.Name
	Archive  archive.Config `json:"archive"`
	From     time.Time      `json:"from,omitzero"`
	To       time.Time      `json:"to,omitzero"`
	AsOf     int64          `json:"as_of"` // ms since 1970 UTC
	OnError  OnError        `json:"on_error"`
	ReadIDs  bool           `json:"read_ids,omitempty"`
	Members  MemberFormat   `json:"members,omitempty"`
	Events   event.Config   `json:"events"`
	Profiles profile.Config `json:"profiles"`
	Segments []Rule         `json:"segments"`
	// SortBytes, MaxRuns and Eager are those of Config: they decide how sorted runs
	// are divided, which all machines must do alike.
	SortBytes int  `json:"sort_bytes"`
	MaxRuns   int  `json:"max_runs"`
	Eager     bool `json:"eager,omitempty"`
}

// Rule is the id of a segment and its rule.
type Rule struct {
	ID   string `json:"id"`
	Rule string `json:"rule"`
}

// order writes a request down.
func (r *Request) order(c *Config) Order {
	o := Order{
		Name: r.Name, Archive: r.Archive, From: r.From, To: r.To, AsOf: r.AsOf, OnError: r.OnError, ReadIDs: r.ReadIDs,
		Members: r.Members, Events: r.Limits.Events, Profiles: r.Limits.Profiles, SortBytes: c.SortBytes, MaxRuns: c.MaxRuns, Eager: c.Eager,
	}
	o.Segments = rulesOf(r.Set)
	return o
}

// request makes an order a request again.
func (o *Order) request(ctx context.Context) (*Request, error) {
	set, err := compile(o.Segments)
	if err != nil {
		return nil, err
	}
	r := &Request{
		Name: o.Name, Archive: o.Archive, From: o.From, To: o.To, AsOf: o.AsOf, OnError: o.OnError, ReadIDs: o.ReadIDs, Members: o.Members, Set: set,
		Limits: pipeline.Default(),
	}
	r.Limits.Events, r.Limits.Profiles = o.Events, o.Profiles
	if r.Layout, err = archive.NewLayout(o.Archive); err != nil {
		return nil, err
	}
	r.Bucket, r.Prefix, err = archive.OpenBucket(ctx, o.Archive.Location, o.Archive)
	return r, err
}

// portable refuses what other machines can't be told: an Order has rules and not
// the files beside them.
func (b *Backfill) portable() error {
	for position, id := range b.request.Set.IDs() {
		if b.request.Set.Tables(position) != 0 {
			return fmt.Errorf("the segment %s asks a catalogue, which other machines don't have: run the backfill in one process, without tasks and without Temporal", id)
		}
	}
	return nil
}

// ErrOther says that a plan was made by an evaluator that reads archives in
// another way.
var ErrOther = errors.New("the plan was made by another version of evaluator")

// Ask writes down what is asked for, for another machine to plan and to do, and
// returns the file.
func (b *Backfill) Ask() (string, error) {
	if err := b.portable(); err != nil {
		return "", fmt.Errorf("asking for a backfill: %w", err)
	}
	name := requestFile(b.request.ID(), "order.json")
	if b.config.Anew {
		if err := b.work.files.Remove(manifestFile(b.request.ID())); err != nil {
			return "", err
		}
	}
	return b.work.locate(name), b.work.writeJSON(name, b.asked())
}

// Dir is where the work directory is.
func (b *Backfill) Dir() string { return b.config.Dir }

// Files are those of the work directory.
func (b *Backfill) Files() Files { return b.work.files }

// ID names the request.
func (b *Backfill) ID() string { return b.request.ID() }

// Report returns what the last process that gathered wrote of it.
func (b *Backfill) Report() (*Report, error) {
	r := &Report{}
	return r, b.work.readJSON(requestFile(b.request.ID(), "report.json"), r)
}

// Resume returns the backfill of a plan, or of what was asked for, for a machine
// that does a task of it. It needs nothing but the file, which lies where Plan or
// Ask left it; one of Point leads there. Workers is that of Config.
func Resume(ctx context.Context, file string, workers int) (*Backfill, error) {
	return ResumeBy(ctx, file, workers, Reach{Archive: archive.Default()})
}

// Reach is what a machine has to know beside a plan.
type Reach struct {
	// Archive says how to get to a bucket, where the plan is in one.
	Archive archive.Config
	// Sharding is for plans of patches.
	Sharding Sharding
}

// ResumeBy is Resume for plans that may be in a bucket, or of patches.
func ResumeBy(ctx context.Context, file string, workers int, reach Reach) (*Backfill, error) {
	p := &Plan{}
	c, file, err := findPlan(ctx, file, p, reach.Archive)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	if p.Versions != versions() {
		return nil, fmt.Errorf("%w: it has %s, and this one %s; use one version on all machines, or plan again with this one",
			ErrOther, p.Versions, versions())
	}
	r, err := p.Order.request(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking over the plan %s: %w", file, err)
	}
	if r.ID() != p.Request {
		return nil, fmt.Errorf("%w: here its request is %s and not %s; use one version on all machines, or plan again with this one",
			ErrOther, r.ID(), p.Request)
	}
	c.Workers, c.SortBytes, c.MaxRuns, c.Eager = workers, p.Order.SortBytes, p.Order.MaxRuns, p.Order.Eager
	b, err := New(r, c)
	if err != nil {
		return nil, err
	}
	if b.patching, err = p.Patches.patching(reach.Sharding); err != nil {
		return nil, fmt.Errorf("taking over the plan %s: %w", file, err)
	}
	if p.Archive != nil {
		b.take(p)
	}
	return b, nil
}
