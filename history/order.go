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
	"muster/rules"
)

// Order is a request as it is told to other machines: all that makes it, but
// for credentials. A folder that is the archive must have the same path on
// each of them.
type Order struct {
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
	// SortBytes, MaxRuns and Eager are those of Config: they decide how runs
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
		Archive: r.Archive, From: r.From, To: r.To, AsOf: r.AsOf, OnError: r.OnError, ReadIDs: r.ReadIDs,
		Members: r.Members, Events: r.Limits.Events, Profiles: r.Limits.Profiles, SortBytes: c.SortBytes, MaxRuns: c.MaxRuns, Eager: c.Eager,
	}
	for i := range r.Set.Len() {
		one := r.Set.Segment(i)
		o.Segments = append(o.Segments, Rule{one.ID, one.Rule})
	}
	return o
}

// request makes an order a request again.
func (o *Order) request(ctx context.Context) (*Request, error) {
	segments := make([]rules.Segment, len(o.Segments))
	for i, one := range o.Segments {
		segments[i] = rules.NewSegment(one.ID, one.Rule)
	}
	set, err := rules.Compile(segments)
	if err != nil {
		return nil, err
	}
	r := &Request{
		Archive: o.Archive, From: o.From, To: o.To, AsOf: o.AsOf, OnError: o.OnError, ReadIDs: o.ReadIDs, Members: o.Members, Set: set,
		Limits: pipeline.Default(),
	}
	r.Limits.Events, r.Limits.Profiles = o.Events, o.Profiles
	if r.Layout, err = archive.NewLayout(o.Archive); err != nil {
		return nil, err
	}
	r.Bucket, r.Prefix, err = archive.OpenBucket(ctx, o.Archive.Location, o.Archive)
	return r, err
}

// ErrOther says that a plan was made by an evaluator that reads archives in
// another way.
var ErrOther = errors.New("the plan was made by another version of evaluator")

// Ask writes down what is asked for, for another machine to plan and to do, and
// returns the file.
func (b *Backfill) Ask() (string, error) {
	name := requestFile(b.request.ID(), "order.json")
	if b.config.Anew {
		if err := b.work.place.Remove(manifestFile(b.request.ID())); err != nil {
			return "", err
		}
	}
	return b.work.locate(name), b.work.writeJSON(name, b.asked())
}

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
	return ResumeBy(ctx, file, workers, archive.Default())
}

// ResumeBy is Resume with what says how to get to a bucket, where the file is in
// one.
func ResumeBy(ctx context.Context, file string, workers int, reach archive.Config) (*Backfill, error) {
	p := &Plan{}
	c, file, err := findPlan(ctx, file, p, reach)
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
	if p.Archive != nil {
		b.take(p)
	}
	return b, nil
}
