package sink

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/redis/go-redis/v9"
)

// A table travels and lies in chunks: each is a piece of its CSV, compressed by
// itself, in a field of its own, so that no command keeps Redis busy for long.
// They are written before the transaction that declares the table, which alone
// makes it one of the definitions and takes the one before away. So whoever reads
// a declaration finds its table, or that the definitions are others by now.
const (
	chunkBytes = 1 << 20 // of CSV

	// uploadExpires is after how long a table is gone that was uploaded and that
	// no version of the definitions has declared.
	uploadExpires = 10 * time.Minute
)

// ErrTableChanged is returned for a table that is not whole: it was replaced
// while it was read, or it was uploaded too long ago to be declared.
var ErrTableChanged = errors.New("the table of the catalogue is not there any more")

// Catalogue is a table that segments look things up in, as it is declared.
type Catalogue struct {
	ID  string `json:"id"`
	Key string `json:"key"` // the column that rows are known by
	// Digest is that of the key and the content.
	Digest  string   `json:"digest"`
	Bytes   int64    `json:"bytes"` // of the content
	Rows    int      `json:"rows"`
	Columns []string `json:"columns"`
	// Version is that of the definitions that brought the table.
	Version int64  `json:"version"`
	At      int64  `json:"at"` // ms since 1970 UTC
	Who     string `json:"who"`
	Table   string `json:"table"` // token of the key that has the content
	Chunks  int    `json:"chunks"`
	// Lost says that Redis does not have all of the content.
	Lost bool `json:"-"`
}

// CatalogueReplace is the change of one catalogue.
type CatalogueReplace struct {
	ID  string `json:"id"`
	Was string `json:"was,omitempty"` // digest before; "" for none
	Now string `json:"now,omitempty"` // digest from then on; "" when it was removed
}

func (k keys) table(token string) string { return k.definitions("table:" + token) }

// catalogues returns those that are declared, by id.
func (s *Store) catalogues(ctx context.Context) (all map[string]Catalogue, err error) {
	err = s.retry(ctx, "reading definitions", func(ctx context.Context) error {
		all, err = s.declaredCatalogues(ctx, s.client)
		return err
	})
	return all, err
}

func (s *Store) declaredCatalogues(ctx context.Context, c redis.Cmdable) (map[string]Catalogue, error) {
	key := s.keys.definitions("catalogues")
	stored, err := c.HGetAll(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	all, chunks := make(map[string]Catalogue, len(stored)), map[string]*redis.IntCmd{}
	pipe := c.Pipeline()
	for id, text := range stored {
		var one Catalogue
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return nil, final("%s holds in field %s what is not a catalogue: %w", key, id, err)
		}
		all[id], chunks[id] = one, pipe.HLen(ctx, s.keys.table(one.Table))
	}
	if len(all) == 0 {
		return all, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	for id, one := range all {
		one.Lost = chunks[id].Val() != int64(one.Chunks)
		all[id] = one
	}
	return all, nil
}

// UploadCatalogue writes the content of a table, for an edit to declare within
// ten minutes, and returns the catalogue with it.
func (s *Store) UploadCatalogue(ctx context.Context, c Catalogue, content []byte) (Catalogue, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return c, fmt.Errorf("compressing the catalogue %s: %w", c.ID, err)
	}
	defer func() { _ = encoder.Close() }() // it writes to nothing
	c.Table, c.Chunks, c.Bytes = rand.Text(), 0, int64(len(content))
	for piece := range slices.Chunk(content, chunkBytes) {
		if err := s.writeChunk(ctx, s.keys.table(c.Table), strconv.Itoa(c.Chunks), encoder.EncodeAll(piece, nil)); err != nil {
			return c, fmt.Errorf("writing the catalogue %s: %w", c.ID, err)
		}
		c.Chunks++
	}
	return c, nil
}

func (s *Store) writeChunk(ctx context.Context, key, field string, chunk []byte) error {
	return s.retry(ctx, "writing catalogues", func(ctx context.Context) error {
		_, err := s.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HSet(ctx, key, field, chunk)
			pipe.ExpireAt(ctx, key, time.Now().Add(uploadExpires))
			return nil
		})
		return err
	})
}

// CatalogueContent reads the content of a table, or ErrTableChanged.
func (s *Store) CatalogueContent(ctx context.Context, c Catalogue) ([]byte, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*chunkBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue %s: %w", c.ID, err)
	}
	defer decoder.Close()
	content := make([]byte, 0, min(c.Chunks*chunkBytes, int(max(c.Bytes, 0))))
	for i := range c.Chunks {
		if content, err = s.readChunk(ctx, decoder, content, c.Table, i); err != nil {
			return nil, fmt.Errorf("reading the catalogue %s: %w", c.ID, err)
		}
	}
	if int64(len(content)) != c.Bytes {
		return nil, final("%s holds a table of %d bytes, and not the %d that are declared", s.keys.table(c.Table), len(content), c.Bytes)
	}
	return content, nil
}

// readChunk appends a chunk of a table to those before it.
func (s *Store) readChunk(ctx context.Context, decoder *zstd.Decoder, content []byte, token string, i int) ([]byte, error) {
	key, chunk := s.keys.table(token), []byte(nil)
	err := s.retry(ctx, "reading catalogues", func(ctx context.Context) (err error) {
		chunk, err = s.client.HGet(ctx, key, strconv.Itoa(i)).Bytes()
		if errors.Is(err, redis.Nil) {
			err = finalError{ErrTableChanged}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	piece, err := decoder.DecodeAll(chunk, nil)
	if err != nil {
		return nil, final("%s holds in field %d what is not a piece of a table: %w", key, i, err)
	}
	return append(content, piece...), nil
}

// replaceCatalogues says what the edit changes of catalogues, and notes which
// tables go with it.
func (c *definitionsCommit) replaceCatalogues(ctx context.Context, tx *redis.Tx) ([]CatalogueReplace, error) {
	if len(c.edit.Catalogues)+len(c.edit.RemoveCatalogues) == 0 {
		return nil, nil
	}
	now, err := c.store.declaredCatalogues(ctx, tx)
	if err != nil {
		return nil, err
	}
	c.drop = nil
	var changes []CatalogueReplace
	for _, id := range c.edit.catalogueIDs() {
		old, known := now[id]
		next, written := c.edit.Catalogues[id]
		if !known && !written {
			continue
		}
		if written {
			if err := c.uploaded(ctx, tx, &next); err != nil {
				return nil, err
			}
		}
		if known {
			c.drop = append(c.drop, c.store.keys.table(old.Table))
		}
		changes = append(changes, CatalogueReplace{ID: id, Was: old.Digest, Now: next.Digest})
	}
	return changes, nil
}

// catalogueIDs returns the catalogues that an edit is about, sorted.
func (e *DefinitionsEdit) catalogueIDs() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(e.RemoveCatalogues), maps.Keys(e.Catalogues)))))
}

// uploaded checks that all of a table is there.
func (c *definitionsCommit) uploaded(ctx context.Context, tx *redis.Tx, one *Catalogue) error {
	chunks, err := tx.HLen(ctx, c.store.keys.table(one.Table)).Result()
	if err == nil && chunks != int64(one.Chunks) {
		return final("the catalogue %s: %w", one.ID, ErrTableChanged)
	}
	return err
}

// writeCatalogues adds the commands that declare tables, and those that take
// away the ones before.
func (c *definitionsCommit) writeCatalogues(ctx context.Context, pipe redis.Pipeliner) error {
	k := c.store.keys
	for _, id := range slices.Sorted(maps.Keys(c.edit.Catalogues)) {
		one := c.edit.Catalogues[id]
		one.Version, one.At, one.Who = c.next.Version, c.edit.At, c.edit.Who
		text, err := json.Marshal(one)
		if err != nil {
			return fmt.Errorf("writing the catalogue %s: %w", id, err)
		}
		pipe.HSet(ctx, k.definitions("catalogues"), id, text)
		pipe.Persist(ctx, k.table(one.Table))
	}
	for _, id := range c.edit.RemoveCatalogues {
		if _, written := c.edit.Catalogues[id]; !written {
			pipe.HDel(ctx, k.definitions("catalogues"), id)
		}
	}
	for _, table := range c.drop {
		pipe.Unlink(ctx, table)
	}
	return nil
}
