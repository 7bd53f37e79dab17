package service

import (
	"cmp"
	"context"
	"slices"

	"muster/activation"
	"muster/profile"
	"muster/sink"
)

// rollSize is how many profiles a page of members has at least, where there
// are as many; it bounds what a snapshot run holds in memory.
const rollSize = 500

// members is who is in the segments of a shard as activation sees it.
type members struct {
	store *sink.Store
	shard int
	names []string // as far as they were read
}

// Page implements activation.Members.
func (m *members) Page(ctx context.Context, mark int64) (activation.Page, error) {
	r, err := m.store.Roll(ctx, m.shard, int(mark), rollSize)
	if err != nil {
		return activation.Page{}, err
	}
	more, err := m.store.Names(ctx, m.shard, len(m.names))
	if err != nil {
		return activation.Page{}, err
	}
	m.names = append(m.names, more...)
	page := activation.Page{Next: int64(r.Next), Number: r.Outbox, At: r.Clock}
	// Without a rule set all segments are retired ones, which are kept by number.
	codec, _ := profile.NewCodec(&profile.Schema{}, nil, m.names)
	for id, blob := range r.Profiles {
		p, err := codec.Decode(id, blob)
		if err != nil {
			return activation.Page{}, err
		}
		if len(p.Retired) == 0 {
			continue
		}
		one := activation.Profile{ID: id, Version: p.Version}
		for _, number := range p.Retired {
			one.Segments = append(one.Segments, codec.Segment(number))
		}
		slices.Sort(one.Segments)
		page.Profiles = append(page.Profiles, one)
	}
	slices.SortFunc(page.Profiles, func(a, b activation.Profile) int { return cmp.Compare(a.ID, b.ID) })
	return page, nil
}
