package sink

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// CommitDefinitions stores an edit as the next version, whole or not at all,
// and returns it. It returns ErrDefinitionsChanged, and stores nothing, when
// the definitions are others than those that the edit was made for, and
// ErrNotInitialised where there is no deployment. An edit that changes nothing
// is stored too.
func (s *Store) CommitDefinitions(ctx context.Context, made DefinitionsHead, e DefinitionsEdit) (DefinitionsHead, error) {
	if _, err := s.deployment(ctx); err != nil {
		return made, err
	}
	c := &definitionsCommit{store: s, made: made, edit: &e, token: rand.Text()}
	err := s.retry(ctx, "writing definitions", func(ctx context.Context) error {
		err := s.client.Watch(ctx, func(tx *redis.Tx) error { return c.attempt(ctx, tx) }, c.watched()...)
		if errors.Is(err, redis.TxFailedErr) {
			return finalError{ErrDefinitionsChanged}
		}
		return err
	})
	if err != nil {
		return made, fmt.Errorf("writing definitions: %w", err)
	}
	return c.next, nil
}

// definitionsCommit is an edit on its way.
type definitionsCommit struct {
	store *Store
	made  DefinitionsHead
	edit  *DefinitionsEdit
	token string
	next  DefinitionsHead
	drop  []string // keys of tables that the edit replaces or removes
}

// watched are the keys that must not change meanwhile: the tables among them, as
// one that was uploaded long ago expires.
func (c *definitionsCommit) watched() []string {
	k := c.store.keys
	watched := []string{k.definitions("head")}
	for _, one := range c.edit.Catalogues {
		watched = append(watched, k.table(one.Table))
	}
	return watched
}

// attempt stores the edit unless an attempt before, whose answer was lost, has
// done so.
func (c *definitionsCommit) attempt(ctx context.Context, tx *redis.Tx) error {
	head, err := c.store.definitionsHead(ctx, tx)
	if err != nil {
		return err
	}
	if head.Token != c.made.Token || head.Version != c.made.Version {
		return c.landed(ctx, tx)
	}
	before, err := c.before(ctx, tx)
	if err != nil {
		return err
	}
	version := c.version(before)
	if version.Catalogues, err = c.replaceCatalogues(ctx, tx); err != nil {
		return err
	}
	forgotten, err := c.forget(ctx, tx, version.Past)
	if err != nil {
		return err
	}
	text, err := json.Marshal(version)
	if err != nil {
		return fmt.Errorf("writing a version: %w", err)
	}
	_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		return c.write(ctx, pipe, before, string(text), forgotten)
	})
	return err
}

// landed reports a commit that is in the log, and else that the definitions
// have changed.
func (c *definitionsCommit) landed(ctx context.Context, tx *redis.Tx) error {
	versions, err := c.store.definitionsVersions(ctx, tx, c.made.Version, 1)
	switch {
	case err != nil:
		return err
	case c.next.Token == c.token && len(versions) == 1 && versions[0].Token == c.token:
		return nil
	}
	return finalError{ErrDefinitionsChanged}
}

// before returns the texts that the edit replaces or removes.
func (c *definitionsCommit) before(ctx context.Context, tx *redis.Tx) (map[string]Definition, error) {
	key, before := c.store.keys.definitions("texts"), map[string]Definition{}
	for chunk := range slices.Chunk(c.edit.ids(), readChunk) {
		values, err := tx.HMGet(ctx, key, chunk...).Result()
		if err != nil {
			return nil, err
		}
		for i, value := range values {
			text, ok := value.(string)
			if !ok {
				continue
			}
			one, err := parseDefinition(key, chunk[i], text)
			if err != nil {
				return nil, err
			}
			before[chunk[i]] = one
		}
	}
	return before, nil
}

// version makes the entry of the log, and the head that follows but for what
// is forgotten.
func (c *definitionsCommit) version(before map[string]Definition) DefinitionsVersion {
	c.next = c.made
	c.next.Version, c.next.Token = c.made.Version+1, c.token
	v := DefinitionsVersion{Version: c.next.Version, Token: c.token, At: c.edit.At, Who: c.edit.Who, Message: c.edit.Message,
		Changes: []DefinitionsReplace{}}
	for _, id := range c.edit.ids() {
		text, written := c.edit.Write[id]
		old, known := before[id]
		if !written && !known {
			continue // there is nothing to remove
		}
		v.Changes = append(v.Changes, DefinitionsReplace{ID: id, Was: old.Version, Removed: !written})
		v.Past += int64(len(old.Text))
		c.next.Bytes += int64(len(text) - len(old.Text))
		if written {
			c.next.Count++
		}
		if known {
			c.next.Count--
		}
	}
	c.next.Past += v.Past
	return v
}

// forgetChunk is how many versions are looked at at once when some are to be
// forgotten.
const forgetChunk = 10

// forget returns the oldest versions, as many as have to go for another one.
func (c *definitionsCommit) forget(ctx context.Context, tx *redis.Tx, past int64) (forgotten []DefinitionsVersion, err error) {
	behind := int64(0)
	for {
		oldest, err := c.store.definitionsVersions(ctx, tx, behind, forgetChunk)
		if err != nil {
			return nil, err
		}
		for _, v := range oldest {
			if v.Version > c.next.Version-int64(c.store.cfg.DefinitionVersions) && c.next.Past <= max(DefinitionsPastBytes, past) {
				return forgotten, nil
			}
			c.next.Past -= v.Past
			forgotten, behind = append(forgotten, v), v.Version
		}
		if len(oldest) < forgetChunk {
			return forgotten, nil
		}
	}
}

// write adds the commands. The first can be refused for want of memory, and
// then none is carried out.
func (c *definitionsCommit) write(
	ctx context.Context, pipe redis.Pipeliner, before map[string]Definition, version string, forgotten []DefinitionsVersion,
) error {
	k := c.store.keys
	for _, v := range forgotten {
		for _, change := range v.Changes {
			pipe.HDel(ctx, k.definitions("past"), pastField(change.ID, change.Was))
		}
	}
	for id, old := range before {
		if err := setDefinition(ctx, pipe, k.definitions("past"), pastField(id, old.Version), old); err != nil {
			return err
		}
	}
	for _, id := range c.edit.ids() {
		text, written := c.edit.Write[id]
		if !written {
			pipe.HDel(ctx, k.definitions("texts"), id)
			continue
		}
		d := Definition{ID: id, Version: c.next.Version, At: c.edit.At, Who: c.edit.Who, Text: text}
		if err := setDefinition(ctx, pipe, k.definitions("texts"), id, d); err != nil {
			return err
		}
	}
	if err := c.writeCatalogues(ctx, pipe); err != nil {
		return err
	}
	if n := len(forgotten); n > 0 {
		pipe.XTrimMinID(ctx, k.definitions("log"), strconv.FormatInt(forgotten[n-1].Version+1, 10))
	}
	pipe.XAdd(ctx, &redis.XAddArgs{
		Stream: k.definitions("log"), ID: strconv.FormatInt(c.next.Version, 10) + "-0", Values: []any{fieldVersion, version},
	})
	pipe.HSet(ctx, k.definitions("head"), "version", c.next.Version, "token", c.next.Token,
		"count", c.next.Count, "bytes", c.next.Bytes, "past", c.next.Past)
	return nil
}

func setDefinition(ctx context.Context, pipe redis.Pipeliner, key, field string, d Definition) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("writing definition %s: %w", d.ID, err)
	}
	pipe.HSet(ctx, key, field, text)
	return nil
}
