// Package crowd makes up the profiles of a deployment when they are read, so
// that tests can have many of them without a store.
//
// It promises the same profiles each time. The trap: they have traits and
// memberships, and no events.
package crowd

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"muster/event"
	"muster/profile"
	"muster/sink"
)

// Crowd is a deployment of one shard, as snapshot.Source has it.
type Crowd struct {
	Profiles int
	Segments []string
	// Join puts profile number i into segments, by their places. It is called once
	// for each profile and reading, in order. Nil for none.
	Join func(i int, members *profile.Members)
	// Traits are those of profile number i: texts, numbers, truth values and
	// lists of these. Nil for none.
	Traits func(i int) map[string]any
}

// Layout implements snapshot.Source.
func (*Crowd) Layout(context.Context) (number, shards int, err error) { return 1, 1, nil }

// Glance implements snapshot.Source.
func (c *Crowd) Glance(context.Context, int) (sink.Glance, error) {
	return sink.Glance{Clock: 1, Names: c.codec().Names()}, nil
}

// EachProfile implements snapshot.Source.
func (c *Crowd) EachProfile(ctx context.Context, _ int, visit func(id, blob string) error) error {
	codec, cfg, room := c.codec(), profile.Default(), []byte(nil)
	for i := range c.Profiles {
		p := profile.New(ID(i))
		p.FirstSeen, p.LastSeen = 1, 1
		if c.Traits != nil {
			e := event.Event{Type: event.Identify, Profile: p.ID, Time: 1, Arrival: 1, Body: valueOf(c.Traits(i))}
			p.Apply(&profile.Schema{}, &cfg, &e, 1, &profile.Changed{})
		}
		if c.Join != nil {
			c.Join(i, &p.Members)
		}
		room = codec.Append(room[:0], p, 1)
		if err := visit(p.ID, string(room)); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// ID is that of profile number i.
func ID(i int) string { return fmt.Sprint("u", i) }

func (c *Crowd) codec() *profile.Codec {
	codec, _ := profile.NewCodec(&profile.Schema{}, c.Segments, nil)
	return codec
}

// valueOf is a value as events have it.
func valueOf(plain any) event.Value {
	switch one := plain.(type) {
	case string:
		return event.StringOf(one)
	case float64:
		return event.NumberOf(one)
	case bool:
		return event.BoolOf(one)
	case []any:
		list := make([]event.Value, len(one))
		for i := range one {
			list[i] = valueOf(one[i])
		}
		return event.ArrayOf(list)
	case map[string]any:
		var pairs []event.Value
		for _, key := range slices.Sorted(maps.Keys(one)) {
			pairs = append(pairs, event.StringOf(key), valueOf(one[key]))
		}
		return event.ObjectOf(pairs)
	case nil:
		return event.Value{}
	}
	panic(fmt.Sprintf("a trait can't be a %T", plain))
}
