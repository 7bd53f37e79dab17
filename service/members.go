package service

import (
	"context"
	"slices"

	"muster/activation"
	"muster/profile"
	"muster/sink"
)

// members is who is in the segments of a shard as activation sees it.
type members struct {
	store *sink.Store
	shard int
	codec *profile.Codec // of the names that were read so far, nil before the first
}

// Page implements activation.Members. It reads about as many profiles as it may
// return memberships.
func (m *members) Page(ctx context.Context, behind string, limit activation.Limit) (activation.Page, error) {
	r, err := m.store.Roll(ctx, m.shard, behind, limit.Memberships)
	if err != nil {
		return activation.Page{}, err
	}
	if err := m.readNames(ctx); err != nil {
		return activation.Page{}, err
	}
	codec := m.codec.Retiring(limit.Wants)
	page := activation.Page{Next: r.Next, Number: r.Outbox, At: r.Clock}
	count := 0
	for i := range r.Profiles {
		stored := &r.Profiles[i]
		p, err := codec.Decode(stored.ID, stored.Blob)
		if err != nil {
			return activation.Page{}, err
		}
		if count += len(p.Retired); count > limit.Memberships && len(page.Profiles) > 0 {
			page.Next = r.Profiles[i-1].Place
			break
		}
		page.Profiles = append(page.Profiles, profileOf(codec, p))
	}
	return page, nil
}

// readNames reads the names that are new, behind the profiles that mention
// them. Without a rule set all segments are retired ones, which a profile keeps
// by their number.
func (m *members) readNames(ctx context.Context) error {
	var names []string
	if m.codec != nil {
		names = m.codec.Names()
	}
	more, err := m.store.Names(ctx, m.shard, len(names))
	if err != nil {
		return err
	}
	if len(more) > 0 || m.codec == nil {
		m.codec, _ = profile.NewCodec(&profile.Schema{}, nil, append(slices.Clone(names), more...))
	}
	return nil
}

func profileOf(codec *profile.Codec, p *profile.Profile) activation.Profile {
	one := activation.Profile{ID: p.ID, Version: p.Version}
	for _, number := range p.Retired {
		one.Segments = append(one.Segments, codec.Segment(number))
	}
	slices.Sort(one.Segments)
	return one
}
