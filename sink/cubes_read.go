package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"muster/cube"
)

// maxCubeDays bounds the days of one question, ten years.
const maxCubeDays = 3660

// pageTries is how often a page is read until it holds still. It is written when
// parts are folded in, which takes much longer than reading it.
const pageTries = 20

const (
	pagesAtOnce = 4      // that are read, and held in memory, of one shard
	mostNames   = 50_000 // that are asked for in one command
)

// ReadCube gives a question all cells of its cube for the days from first to
// last, both included, since 1970 in UTC. Cells of an earlier layout count too.
func (s *Store) ReadCube(ctx context.Context, c *cube.Cube, first, last int64, q *cube.Query) error {
	if last < first || last-first >= maxCubeDays {
		return fmt.Errorf("reading cube %s: %d days, it must be 1 to %d", c.ID, last-first+1, maxCubeDays)
	}
	var shards []string
	err := s.retry(ctx, "listing cubes", func(ctx context.Context) (err error) {
		shards, err = s.client.SMembers(ctx, s.keys.cubes()).Result()
		return err
	})
	if err != nil {
		return fmt.Errorf("reading cube %s: %w", c.ID, err)
	}
	slices.Sort(shards)
	for _, name := range shards {
		layout, shard, ok := inCubes(name)
		if !ok {
			return final("reading cube %s: %s has the member %q, which is no shard; remove it", c.ID, s.keys.cubes(), name)
		}
		r := cubeReading{store: s, keys: s.keys.of(Layout{Number: layout}), shard: shard, cube: c, query: q, periods: cube.Cover(first, last)}
		if err := r.read(ctx); err != nil {
			return fmt.Errorf("reading cube %s of shard %d: %w", c.ID, shard, err)
		}
	}
	return nil
}

// inCubes reads a member of m:cubes.
func inCubes(name string) (layout, shard int, ok bool) {
	before, behind, _ := strings.Cut(name, ":")
	layout, first := strconv.Atoi(before)
	shard, second := strconv.Atoi(behind)
	return layout, shard, errors.Join(first, second) == nil && layout > 0 && shard >= 0
}

// cubeReading reads the cells of one shard. Parts are read before pages: a part
// that is folded in meanwhile is found in its pages then, whose field pageFolded
// tells so.
type cubeReading struct {
	store   *Store
	keys    keys
	shard   int
	cube    *cube.Cube
	query   *cube.Query
	periods []cube.Period
	folded  []int64    // by period: up to which part its page has all
	mu      sync.Mutex // of query
}

func (r *cubeReading) read(ctx context.Context) error {
	parts, before, err := r.parts(ctx)
	if err != nil {
		return err
	}
	r.folded = make([]int64, len(r.periods))
	pages, ctx := errgroup.WithContext(ctx)
	pages.SetLimit(pagesAtOnce)
	for i, p := range r.periods {
		pages.Go(func() error { return r.page(ctx, i, r.keys.cubePage(r.shard, r.cube.Key(), p)) })
	}
	if err := pages.Wait(); err != nil {
		return err
	}
	for i, part := range parts {
		if err := r.add(before+int64(i), []byte(part)); err != nil {
			return final("%s holds a part that can't be read: %w", r.keys.cubeParts(r.shard), err)
		}
	}
	return nil
}

// parts returns those that are not folded in, and how many were before them.
func (r *cubeReading) parts(ctx context.Context) (parts []string, before int64, err error) {
	err = r.store.retry(ctx, "reading parts of cubes", func(ctx context.Context) error {
		pipe := r.store.client.TxPipeline()
		folded, list := pipe.Get(ctx, r.keys.cubeFolded(r.shard)), pipe.LRange(ctx, r.keys.cubeParts(r.shard), 0, -1)
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		parts = list.Val()
		if before, err = folded.Int64(); errors.Is(err, redis.Nil) {
			before, err = 0, nil
		}
		return err
	})
	return parts, before, err
}

// cubeField is a cell as it is stored.
type cubeField struct{ name, form string }

// page gives the question the cells of one page, as of one moment.
func (r *cubeReading) page(ctx context.Context, i int, key string) error {
	for range pageTries {
		var cells []cubeField
		var before, behind int64
		err := r.store.retry(ctx, "reading cells", func(ctx context.Context) (err error) {
			if before, err = pageMark(ctx, r.store.client, key); err != nil || before == 0 {
				behind = before
				return err
			}
			if cells, err = r.cells(ctx, key); err == nil {
				behind, err = pageMark(ctx, r.store.client, key)
			}
			return err
		})
		if err != nil {
			return err
		}
		if before != behind {
			continue
		}
		r.folded[i] = before
		return r.take(key, cells)
	}
	return fmt.Errorf("%s has changed each of %d times that it was read; ask again", key, pageTries)
}

// cells returns those of a page that the question wants, each once: by their
// names, where listing these holds up Redis for some milliseconds at most, and
// else all in turn.
func (r *cubeReading) cells(ctx context.Context, key string) ([]cubeField, error) {
	stored, err := r.store.client.HLen(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	if stored <= mostNames {
		return r.named(ctx, key)
	}
	cells, seen := make([]cubeField, 0, stored), make(map[string]struct{}, stored)
	err = eachField(ctx, r.store.client, key, func(name, form string) error {
		if _, twice := seen[name]; !twice && name != pageFolded {
			seen[name] = struct{}{}
			cells = append(cells, cubeField{name, form})
		}
		return nil
	})
	return cells, err
}

// named returns the cells of a page whose names the filter lets through.
func (r *cubeReading) named(ctx context.Context, key string) ([]cubeField, error) {
	names, err := r.store.client.HKeys(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	if names, err = r.wanted(key, names); err != nil {
		return nil, err
	}
	cells := make([]cubeField, 0, len(names))
	for chunk := range slices.Chunk(names, foldChunk) {
		forms, err := r.store.client.HMGet(ctx, key, chunk...).Result()
		if err != nil {
			return nil, err
		}
		for i, form := range forms {
			if text, ok := form.(string); ok { // else it was folded meanwhile
				cells = append(cells, cubeField{chunk[i], text})
			}
		}
	}
	return cells, nil
}

func (r *cubeReading) wanted(key string, names []string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := names[:0]
	for _, name := range names {
		if name == pageFolded {
			continue
		}
		wants, err := r.query.Wants(name)
		if err != nil {
			return nil, r.refused(key, err)
		}
		if wants {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// take gives the question the cells of a page.
func (r *cubeReading) take(key string, cells []cubeField) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range cells {
		form := cells[i].form
		// A question only reads it.
		if err := r.query.Add(cells[i].name, unsafe.Slice(unsafe.StringData(form), len(form))); err != nil {
			return r.refused(key, err)
		}
	}
	return nil
}

func (r *cubeReading) refused(key string, err error) error {
	if cube.IsBroken(err) {
		return unreadablePage(key, err)
	}
	return finalError{err}
}

// pageMark returns up to which part a page has all, 0 for one that is not there.
func pageMark(ctx context.Context, c redis.Cmdable, key string) (int64, error) {
	folded, err := c.HGet(ctx, key, pageFolded).Int64()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	return folded, err
}

// add gives the question the cells of a part that the pages lack.
func (r *cubeReading) add(number int64, part []byte) error {
	return cube.EachCell(part, func(key string, day int64, name string, form []byte) error {
		if key != r.cube.Key() {
			return nil
		}
		i := slices.IndexFunc(r.periods, func(p cube.Period) bool { return p.First <= day && day <= p.Last() })
		if i < 0 || number < r.folded[i] {
			return nil
		}
		return r.query.Add(name, form)
	})
}
