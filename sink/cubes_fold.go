package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/cube"
)

// Bounds of one turn of folding.
const (
	foldBytes = 256 << 10 // of parts; one is always taken
	foldParts = 64
	foldPage  = 8   // parts that are read at a time
	foldChunk = 500 // cells in one command
)

// CubesFolded is what one turn of FoldCubes did.
type CubesFolded struct {
	Parts   int // that were folded in
	Waiting int // that are left
	Cells   int // that gave way to (other), in all pages
	Fullest int // cells of the page that has most, of those that were written
	Bytes   int // of cells that were written
	More    bool
}

// FoldCubes folds some parts of a shard into its pages, within the bounds of a
// configuration. Anybody may call it at any time, and again after any error.
func (s *Store) FoldCubes(ctx context.Context, shard int, cfg cube.Config) (CubesFolded, error) {
	var done CubesFolded
	err := s.retry(ctx, "folding cubes", func(ctx context.Context) error {
		done = CubesFolded{}
		err := s.client.Watch(ctx, func(tx *redis.Tx) error {
			f := folding{store: s, shard: shard, config: cfg, tx: tx, pages: map[string]*foldedPage{}}
			err := f.turn(ctx)
			done = f.done
			return err
		}, s.keys.cubeFolded(shard))
		if errors.Is(err, redis.TxFailedErr) { // somebody else was faster
			done, err = CubesFolded{More: true}, nil
		}
		return err
	})
	if err != nil {
		return CubesFolded{}, fmt.Errorf("folding cubes of shard %d: %w", shard, err)
	}
	return done, nil
}

// folding is one turn.
type folding struct {
	store  *Store
	shard  int
	config cube.Config
	tx     *redis.Tx
	pages  map[string]*foldedPage // by key
	done   CubesFolded
}

// foldedPage is a page that a turn writes.
type foldedPage struct {
	cube.Page
	key    string
	period cube.Period
	parts  []string // names of the cells that the parts have, once each
	gone   []string // names of cells that were folded
	cells  int      // that there are then
}

func (f *folding) turn(ctx context.Context) error {
	parts, folded, err := f.take(ctx)
	if err != nil || len(parts) == 0 {
		return err
	}
	if err := f.gather(parts); err != nil {
		return final("%s holds a part that can't be read: another program or a newer version has written it, remove it: %w",
			f.store.keys.cubeParts(f.shard), err)
	}
	keys := make([]string, 0, len(f.pages))
	for key := range f.pages {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := f.read(ctx, f.pages[key]); err != nil {
			return err
		}
	}
	var waiting *redis.IntCmd
	_, err = f.tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, key := range keys {
			f.write(ctx, pipe, f.pages[key], folded+int64(len(parts)))
		}
		pipe.LTrim(ctx, f.store.keys.cubeParts(f.shard), int64(len(parts)), -1)
		pipe.Set(ctx, f.store.keys.cubeFolded(f.shard), folded+int64(len(parts)), 0)
		waiting = pipe.LLen(ctx, f.store.keys.cubeParts(f.shard))
		return nil
	})
	f.done.Parts, f.done.Waiting = len(parts), int(waiting.Val())
	return err
}

// take returns the oldest parts, and how many were folded in before.
func (f *folding) take(ctx context.Context) ([]string, int64, error) {
	folded, err := f.tx.Get(ctx, f.store.keys.cubeFolded(f.shard)).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, 0, err
	}
	var parts []string
	for bytes := 0; len(parts) < foldParts; {
		first := int64(len(parts))
		page, err := f.tx.LRange(ctx, f.store.keys.cubeParts(f.shard), first, first+foldPage-1).Result()
		if err != nil {
			return nil, 0, err
		}
		for _, part := range page {
			if bytes += len(part); len(parts) > 0 && bytes > foldBytes {
				f.done.More = true
				return parts, folded, nil
			}
			parts = append(parts, part)
		}
		if len(page) < foldPage {
			return parts, folded, nil
		}
	}
	f.done.More = true
	return parts, folded, nil
}

// gather merges the cells of the parts into their pages.
func (f *folding) gather(parts []string) error {
	for _, part := range parts {
		err := cube.EachCell([]byte(part), func(name string, day int64, cell string, form []byte) error {
			for _, span := range cube.Spans {
				period := span.Around(day)
				key := f.store.keys.cubePage(f.shard, name, period)
				p := f.pages[key]
				if p == nil {
					p = &foldedPage{key: key, period: period}
					f.pages[key] = p
				}
				if err := p.Add(cell, form); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read merges what is stored of a page: the cells that the parts have or, where
// there would be too many, all.
func (f *folding) read(ctx context.Context, p *foldedPage) error {
	p.parts = p.Names()
	stored, err := f.tx.HLen(ctx, p.key).Result()
	if err != nil {
		return err
	}
	if stored == 0 {
		p.cells = len(p.parts)
		p.fold(&f.done, f.config.Cells)
		return nil
	}
	found := 0
	for chunk := range slices.Chunk(p.parts, foldChunk) {
		forms, err := f.tx.HMGet(ctx, p.key, chunk...).Result()
		if err != nil {
			return err
		}
		for i, form := range forms {
			if text, ok := form.(string); ok {
				found++
				if err := p.Add(chunk[i], []byte(text)); err != nil {
					return unreadablePage(p.key, err)
				}
			}
		}
	}
	if p.cells = int(stored) - 1 + len(p.parts) - found; p.cells <= f.config.Cells { // one field is no cell
		return nil
	}
	err = eachField(ctx, f.tx, p.key, func(name, form string) error {
		if name == pageFolded || p.Has(name) {
			return nil
		}
		if err := p.Add(name, []byte(form)); err != nil {
			return unreadablePage(p.key, err)
		}
		return nil
	})
	p.fold(&f.done, f.config.Cells)
	return err
}

func unreadablePage(key string, err error) error {
	return final("%s holds a cell that can't be read: another program or a newer version has written it, remove the key: %w", key, err)
}

// fold bounds the cells of a page that has all that there are.
func (p *foldedPage) fold(done *CubesFolded, most int) {
	if p.gone = p.Fold(most); len(p.gone) == 0 {
		return
	}
	done.Cells += len(p.gone)
	p.cells = p.Len()
	p.parts = slices.DeleteFunc(p.parts, func(name string) bool { return !p.Has(name) })
	if !slices.Contains(p.parts, cube.Other) {
		p.parts = append(p.parts, cube.Other)
	}
}

// write writes the cells of a page that have changed.
func (f *folding) write(ctx context.Context, pipe redis.Pipeliner, p *foldedPage, folded int64) {
	for chunk := range slices.Chunk(p.parts, foldChunk) {
		fields := make([]any, 0, 2*len(chunk))
		for _, name := range chunk {
			form := p.Form(nil, name)
			f.done.Bytes += len(form)
			fields = append(fields, name, form)
		}
		pipe.HSet(ctx, p.key, fields...)
	}
	for chunk := range slices.Chunk(p.gone, foldChunk) {
		pipe.HDel(ctx, p.key, chunk...)
	}
	f.done.Fullest = max(f.done.Fullest, p.cells)
	pipe.HSet(ctx, p.key, pageFolded, folded)
	pipe.ExpireAt(ctx, p.key, time.Unix((p.period.Last()+1+int64(f.config.Days))*86400, 0))
}
