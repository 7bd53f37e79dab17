package main

import (
	"context"
	"fmt"
	"slices"

	"muster/pipeline"
	"muster/profile"
	"muster/service"
	"muster/sink"
)

type profileCommand struct {
	ID     string `arg:"" name:"id" placeholder:"ID" help:"The profile: a userId, or the anonymousId of who has none."`
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Outbox int    `default:"100000" help:"How many of the shard's newest changes to look through for since when a membership is; 0 for none."`
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (profileCommand) Help() string {
	return `Shows what Redis keeps of one profile: its traits and groups, the segments it is in, and
when time alone may next change that. It disturbs no evaluator and needs no segment
files. What the last seconds brought may not be committed yet; the time behind "as of"
is the shard's clock.

    evaluator profile u42 -c muster.yaml

    profile u42, shard 3 of 16, as of 2026-11-21T10:00:00.000Z
    first seen  2026-10-01T10:00:00.000Z
    last seen   2026-11-20T18:12:44.120Z
    next flip   2026-12-09T12:00:00.000Z at the earliest
    traits
      country  "DE"
    segments
      vip  since 2026-11-09T12:00:00.000Z  by event

Since when a membership is, only the outbox tells, which keeps the newest
redis.outbox_max changes of a shard; --outbox bounds how far it is read. Why a profile
is in a segment or not: evaluator explain --live u42 --segment vip -c muster.yaml.

Exit code: 0 when shown, 1 when Redis can't be reached, 2 when the configuration can't be
used or there is no such profile.`
}

// profileView is what is shown of a profile.
type profileView struct {
	Profile   string           `json:"profile"`
	Shard     int              `json:"shard"`
	Shards    int              `json:"shards"`
	At        instant          `json:"at"`
	FirstSeen instant          `json:"first_seen"`
	LastSeen  instant          `json:"last_seen"`
	NextFlip  *instant         `json:"next_flip"` // at the earliest; nil: not without an event
	Version   uint64           `json:"version"`
	Groups    []string         `json:"groups"`
	Traits    map[string]any   `json:"traits"`
	Segments  []membershipView `json:"segments"`
	// GroupTraits are those that the profile's own calls told, by group.
	GroupTraits map[string]map[string]any `json:"group_traits"`
	// Outdated says that the memberships are those of an earlier set of rules.
	Outdated bool `json:"outdated"`
}

// membershipView is one segment of a profile. Since is nil where the outbox
// does not tell.
type membershipView struct {
	Segment string         `json:"segment"`
	Since   *instant       `json:"since"`
	Cause   pipeline.Cause `json:"cause,omitempty"`
}

// Run reads and prints.
func (cmd *profileCommand) Run(c console) error {
	if cmd.Outbox < 0 {
		return unusable(fmt.Errorf("--outbox is %d; it must not be negative", cmd.Outbox))
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		view, err := cmd.read(ctx, c, r)
		if err != nil {
			return err
		}
		if cmd.Output == "json" {
			return printJSON(c.out, view)
		}
		return view.print(c.out)
	})
}

// read reads the profile, without any rules: it knows no series, and takes
// all segments that the profile is in for retired ones, which are kept by
// number.
func (cmd *profileCommand) read(ctx context.Context, c console, r *reader) (*profileView, error) {
	blob, seen, shard, err := r.stored(ctx, cmd.ID)
	if err != nil {
		return nil, err
	}
	codec, _ := profile.NewCodec(&profile.Schema{}, nil, seen.Names)
	p, err := codec.Decode(cmd.ID, blob)
	if err != nil {
		return nil, unusable(err)
	}
	view := &profileView{
		Profile: cmd.ID, Shard: shard, Shards: r.layout.Shards, At: instant(seen.Clock), FirstSeen: instant(p.FirstSeen),
		LastSeen: instant(p.LastSeen), Version: p.Version, Groups: []string{}, Traits: traitsOf(&p.Traits),
		GroupTraits: map[string]map[string]any{}, Segments: []membershipView{}, Outdated: max(p.Generation, seen.Swept) != seen.Generation,
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		view.Groups, view.GroupTraits[g.ID] = append(view.Groups, g.ID), traitsOf(&g.Traits)
	}
	if p.Deadline != 0 {
		at := instant(p.Deadline)
		view.NextFlip = &at
	}
	var ids []string
	for _, number := range p.Retired {
		ids = append(ids, codec.Segment(number))
	}
	slices.Sort(ids)
	return view, cmd.memberships(ctx, c, r, view, ids)
}

// traitsOf returns traits as plain data, an empty object where there are none.
func traitsOf(t *profile.Traits) map[string]any {
	if traits, ok := t.Object().Plain().(map[string]any); ok {
		return traits
	}
	return map[string]any{}
}

// memberships adds segments, and since when the profile is in them.
func (cmd *profileCommand) memberships(ctx context.Context, c console, r *reader, view *profileView, ids []string) error {
	entered, more, err := r.store.Entered(ctx, view.Shard, cmd.ID, ids, cmd.Outbox)
	switch {
	case sink.NeedsOperator(err):
		_, _ = fmt.Fprintf(c.err, "since when is not known: %v\n", err)
	case err != nil:
		return service.Classify(err)
	case more && cmd.Outbox > 0:
		_, _ = fmt.Fprintf(c.err, "looked through the shard's newest %d changes; --outbox looks through more\n", cmd.Outbox)
	}
	for _, id := range ids {
		line := membershipView{Segment: id}
		if entry, ok := entered[id]; ok {
			at := instant(entry.Change.At)
			line.Since, line.Cause = &at, entry.Change.Cause
		}
		view.Segments = append(view.Segments, line)
	}
	return nil
}

// stored returns a profile as it is stored, and what it is read with.
func (r *reader) stored(ctx context.Context, id string) (blob string, seen sink.Glance, shard int, err error) {
	if shard, err = r.shardOf(id); err != nil {
		return "", seen, shard, err
	}
	data, err := r.store.Profile(ctx, shard, id)
	if err != nil {
		return "", seen, shard, service.Classify(err)
	}
	if data == nil {
		return "", seen, shard, unusable(fmt.Errorf("there is no profile %s: shard %d of %d, where it belongs, has had no event of it",
			shown(id), shard, r.layout.Shards))
	}
	seen, err = r.store.Glance(ctx, shard) // after the profile: names only grow
	return string(data), seen, shard, service.Classify(err)
}
