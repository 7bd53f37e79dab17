package sink

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/pipeline"
	"muster/profile"
)

// goneSegment is the text of a segment that no rule set in force has.
const goneSegment = "gone"

// uniteCatalogs gives every new shard one catalog of all old ones. It names
// their segments as gone: a new owner then sweeps once, overwrites those that
// its rules have, and in the end drops the others. A series stands in it if
// all profiles have kept as much of it, see kept.add. Where no old shard has a
// catalog, new ones get none either, and their owners go by the names.
func (c *copying) uniteCatalogs(ctx context.Context) error {
	u, erasing := catalogUnion{series: map[string]*kept{}, entries: map[string]string{}}, map[string]string{}
	for shard, m := range c.sealed {
		if m.rules == "" {
			continue // it has no profile
		}
		if err := c.store.eachErasing(ctx, c.old.erasing(shard), erasing); err != nil {
			return err
		}
		var catalog map[string]string
		err := c.store.retry(ctx, "reading catalog", func(ctx context.Context) (err error) {
			catalog, err = readCatalog(ctx, c.store.client, c.old.catalog(shard))
			return err
		})
		if err != nil {
			return err
		}
		if catalog != nil {
			u.add(catalog)
			continue
		}
		names, err := c.store.readNames(ctx, c.old.names(shard))
		if err != nil {
			return err
		}
		u.addNames(names)
	}
	c.catalog = u.result()
	for shard := range c.to.Shards {
		if err := c.writeCatalog(ctx, shard); err != nil {
			return err
		}
		if err := c.writeErasing(ctx, shard, erasing); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) writeCatalog(ctx context.Context, shard int) error {
	var pairs []any
	for name, text := range c.catalog {
		pairs = append(pairs, name, text)
	}
	key := c.new.catalog(shard)
	return c.store.retry(ctx, "writing catalog", func(ctx context.Context) error {
		pipe := c.store.client.TxPipeline()
		pipe.Unlink(ctx, key)
		for part := range slices.Chunk(pairs, 2*catalogChunk) {
			pipe.HSet(ctx, key, part...)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
}

// checkCatalog refuses a new shard whose catalog is not whole.
func (c *copying) checkCatalog(ctx context.Context, shard int) error {
	var n int64
	err := c.store.retry(ctx, "counting catalog", func(ctx context.Context) (err error) {
		n, err = c.store.client.HLen(ctx, c.new.catalog(shard)).Result()
		return err
	})
	if err == nil && n != int64(len(c.catalog)) {
		err = fmt.Errorf("%d entries of %d in the catalog: %w", n, len(c.catalog), errIncomplete)
	}
	return err
}

// catalogUnion gathers the catalogs of old shards.
type catalogUnion struct {
	shards  int               // so far
	stored  bool              // whether one of them has a catalog
	series  map[string]*kept  // by name
	entries map[string]string // of segments
}

// kept is what old shards say of a series: since when it is kept, and, in
// words of the owner's, how much of it.
type kept struct {
	shards int // that have it
	since  int64
	much   string
	differ bool
}

// add adds what one more shard says. Where another shard says something else
// of how much is kept, or nothing at all, there are profiles that lack what
// others have. Such a series is left out: the new owner then promises no more
// than what it sees itself. Otherwise the latest beginning holds for all.
func (k *kept) add(text string) {
	number, much, _ := strings.Cut(text, " ")
	since, err := strconv.ParseInt(number, 10, 64)
	k.differ = k.differ || err != nil || k.much != "" && k.much != much
	k.shards, k.since, k.much = k.shards+1, max(k.since, since), much
}

func (u *catalogUnion) add(catalog map[string]string) {
	u.shards, u.stored = u.shards+1, true
	for name, text := range catalog {
		if _, is := profile.SegmentName(name); is {
			u.entries[name] = goneSegment
		} else if profile.IsSeriesName(name) {
			u.of(name).add(text)
		} else if pipeline.IsErasedName(name) {
			u.addErasure(name, text)
		}
	}
}

// addErasure takes over what stays of an erased profile. To which new shard it
// belongs can't be told from a hash, so all get it; a reshard before this one
// may have left older copies with shards that it is not of.
func (u *catalogUnion) addErasure(name, text string) {
	now, ok := pipeline.ReadErasure(text)
	before, known := pipeline.ReadErasure(u.entries[name])
	if ok && (!known || now.At > before.At) {
		u.entries[name] = text
	}
}

// addNames adds a shard that only versions without catalogs have written.
// What its names tell it keeps from the beginning on.
func (u *catalogUnion) addNames(names []string) {
	u.shards++
	for _, name := range names {
		if _, is := profile.SegmentName(name); is {
			u.entries[name] = goneSegment
		} else if profile.IsSeriesName(name) {
			u.of(name).shards++
		}
	}
}

func (u *catalogUnion) of(name string) *kept {
	if u.series[name] == nil {
		u.series[name] = &kept{}
	}
	return u.series[name]
}

// result returns the catalog of the new shards, nil for none.
func (u *catalogUnion) result() map[string]string {
	if !u.stored {
		return nil
	}
	for name, k := range u.series {
		if k.shards == u.shards && !k.differ && k.much != "" {
			u.entries[name] = strconv.FormatInt(k.since, 10) + " " + k.much
		}
	}
	return u.entries
}
