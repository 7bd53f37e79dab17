package sink

import (
	"context"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"
)

const (
	// catalogPage is how many entries a reply of HSCAN brings, roughly.
	catalogPage = 2000
	// catalogChunk is how many entries one command writes or removes.
	catalogChunk = 500
)

// fillCatalog writes the entries that have changed and removes those that are
// to go, in the order of their names, so that equal commits are equal commands.
func (t *transaction) fillCatalog(ctx context.Context) {
	entries := t.commit.Catalog
	if len(entries) == 0 {
		return
	}
	key := t.keys.catalog(t.shard)
	for names := range slices.Chunk(slices.Sorted(maps.Keys(entries)), catalogChunk) {
		t.begin("hset", key)
		for _, name := range names {
			if text := entries[name]; text != "" {
				t.add(name, text)
			}
		}
		t.endUnless(ctx, 2)
		t.begin("hdel", key)
		for _, name := range names {
			if entries[name] == "" {
				t.add(name)
			}
		}
		t.endUnless(ctx, 2)
	}
}

// readCatalog returns a shard's catalog, nil where there is none. Nobody may
// write it meanwhile: HSCAN tells all that is there throughout.
func readCatalog(ctx context.Context, c redis.Cmdable, key string) (map[string]string, error) {
	var catalog map[string]string
	for cursor := uint64(0); ; {
		page, next, err := c.HScan(ctx, key, cursor, "", catalogPage).Result()
		if err != nil {
			return nil, err
		}
		if catalog == nil && len(page) > 0 {
			catalog = make(map[string]string, len(page)/2)
		}
		for pair := range slices.Chunk(page, 2) {
			catalog[pair[0]] = pair[1]
		}
		if cursor = next; cursor == 0 {
			return catalog, nil
		}
	}
}
