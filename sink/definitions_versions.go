package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// DefinitionsVersion is what one version of the definitions has changed.
type DefinitionsVersion struct {
	Version int64                `json:"version"`
	Token   string               `json:"token"`
	At      int64                `json:"at"` // ms since 1970 UTC
	Who     string               `json:"who"`
	Message string               `json:"message,omitempty"`
	Past    int64                `json:"past,omitempty"` // bytes of the texts that it has replaced or removed
	Changes []DefinitionsReplace `json:"changes"`
	// Catalogues are those whose key or table it has changed.
	Catalogues []CatalogueReplace `json:"catalogues,omitempty"`
}

// DefinitionsVersions returns versions of the log, oldest first: up to most of
// those behind a version. The log begins behind 0 or later.
func (s *Store) DefinitionsVersions(ctx context.Context, behind int64, most int) (versions []DefinitionsVersion, err error) {
	err = s.retry(ctx, "reading definitions", func(ctx context.Context) error {
		versions, err = s.definitionsVersions(ctx, s.client, behind, most)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading versions of definitions: %w", err)
	}
	return versions, nil
}

func (s *Store) definitionsVersions(ctx context.Context, c redis.Cmdable, behind int64, most int) ([]DefinitionsVersion, error) {
	entries, err := c.XRangeN(ctx, s.keys.definitions("log"), strconv.FormatInt(behind+1, 10), "+", int64(most)).Result()
	if err != nil {
		return nil, err
	}
	return s.parseVersions(entries)
}

// DefinitionsVersionsBefore returns versions of the log, newest first: up to
// most of those before a version, and of all with 0.
func (s *Store) DefinitionsVersionsBefore(ctx context.Context, version int64, most int) (versions []DefinitionsVersion, err error) {
	from := "+"
	if version > 0 {
		from = strconv.FormatInt(version-1, 10) + "-0"
	}
	err = s.retry(ctx, "reading definitions", func(ctx context.Context) error {
		entries, err := s.client.XRevRangeN(ctx, s.keys.definitions("log"), from, "-", int64(most)).Result()
		if err == nil {
			versions, err = s.parseVersions(entries)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading versions of definitions: %w", err)
	}
	return versions, nil
}

func (s *Store) parseVersions(entries []redis.XMessage) ([]DefinitionsVersion, error) {
	key, versions := s.keys.definitions("log"), make([]DefinitionsVersion, len(entries))
	for i := range entries {
		text, _ := entries[i].Values[fieldVersion].(string)
		if err := json.Unmarshal([]byte(text), &versions[i]); err != nil {
			return nil, final("%s holds in entry %s what is not a version: %w", key, entries[i].ID, err)
		}
	}
	return versions, nil
}
