package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// DefinitionsPastBytes bounds the texts that are kept although other texts have
// replaced them, or they were removed. At the bound the oldest versions of the
// definitions are forgotten, before Config.DefinitionVersions says so.
const DefinitionsPastBytes = 64 << 20

// ErrDefinitionsChanged is returned by CommitDefinitions when the definitions
// have become others than those that the commit was made for.
var ErrDefinitionsChanged = errors.New("the definitions were changed meanwhile")

// DefinitionsHead says which definitions there are now. In Redis, with the
// default prefix, definitions are one slot, so that a change is one transaction:
//
//	m:{definitions}:head  hash    version, token, count, bytes and past: a DefinitionsHead
//	m:{definitions}:texts hash    segment -> Definition, as JSON
//	m:{definitions}:past  hash    "segment version" -> a Definition that was replaced or
//	                              removed by a version that is in the log
//	m:{definitions}:log   stream  the newest versions, DefinitionsVersion as JSON in the
//	                              field version; the id of version 17 is 17-0
//	m:{definitions}:catalogues    hash  catalogue -> Catalogue, as JSON
//	m:{definitions}:table:<token> hash  chunk -> a piece of a table, see catalogues.go
type DefinitionsHead struct {
	// Version counts the changes of the definitions. 0: there never was one.
	Version int64
	// Token is another one after each change. A version may come twice, where
	// Redis has lost writes; a token does not.
	Token string
	Count int   // of definitions
	Bytes int64 // of their texts
	Past  int64 // bytes of the texts that were replaced or removed and are kept
}

// Definition is the text of a segment.
type Definition struct {
	ID string `json:"id"`
	// Version is that of the definitions that brought the text.
	Version int64  `json:"version"`
	At      int64  `json:"at"` // ms since 1970 UTC
	Who     string `json:"who"`
	Text    string `json:"text"`
}

// DefinitionsReplace is the change of one definition.
type DefinitionsReplace struct {
	ID      string `json:"id"`
	Was     int64  `json:"was,omitempty"`     // version of the text before; 0 for none
	Removed bool   `json:"removed,omitempty"` // else it has a new text
}

// DefinitionsEdit is what CommitDefinitions stores.
type DefinitionsEdit struct {
	Write   map[string]string // texts of segments
	Remove  []string
	At      int64 // ms since 1970 UTC
	Who     string
	Message string
	// Catalogues are those that are new or have another table, by id, as
	// UploadCatalogue has returned them. RemoveCatalogues go with their tables.
	Catalogues       map[string]Catalogue
	RemoveCatalogues []string
}

// fieldVersion is the field of the log's entries.
const fieldVersion = "version"

func (k keys) definitions(part string) string { return k.prefix + ":{definitions}:" + part }

// pastField is the field of a text that was replaced.
func pastField(id string, version int64) string { return id + " " + strconv.FormatInt(version, 10) }

// DefinitionsHead returns which definitions there are. It reads one small key,
// and tries once: whoever looks every now and then looks again.
func (s *Store) DefinitionsHead(ctx context.Context) (DefinitionsHead, error) {
	head, err := s.definitionsHead(ctx, s.client)
	if err != nil {
		return DefinitionsHead{}, fmt.Errorf("reading definitions: %w", s.cfg.explain(err))
	}
	return head, nil
}

// readHead is DefinitionsHead, and tries again.
func (s *Store) readHead(ctx context.Context) (head DefinitionsHead, err error) {
	err = s.retry(ctx, "reading definitions", func(ctx context.Context) error {
		head, err = s.definitionsHead(ctx, s.client)
		return err
	})
	if err != nil {
		return DefinitionsHead{}, fmt.Errorf("reading definitions: %w", err)
	}
	return head, nil
}

func (s *Store) definitionsHead(ctx context.Context, c redis.Cmdable) (head DefinitionsHead, err error) {
	key := s.keys.definitions("head")
	stored, err := c.HGetAll(ctx, key).Result()
	if err != nil || len(stored) == 0 {
		return head, err
	}
	var count int64
	for field, number := range map[string]*int64{"version": &head.Version, "count": &count, "bytes": &head.Bytes, "past": &head.Past} {
		if err := parse(key, field, stored[field], number); err != nil {
			return head, err
		}
	}
	head.Token, head.Count = stored["token"], int(count)
	return head, nil
}

// rereads is how often definitions are read that change meanwhile.
const rereads = 5

// Definitions are what has become of definitions since some were seen.
type Definitions struct {
	Head    DefinitionsHead
	All     bool                  // Texts are all that there are, and not only what is new
	Texts   map[string]Definition // by segment
	Removed []string              // none with All
	// Catalogues are all that there are, by id, whenever Head is another one than
	// was seen; else nil.
	Catalogues map[string]Catalogue
}

// DefinitionsSince returns what has become of the definitions since a head: all
// of them when that is none, or is not in the log any more. They are read in
// pages; when they are changed meanwhile, they are read again.
func (s *Store) DefinitionsSince(ctx context.Context, seen DefinitionsHead) (Definitions, error) {
	for range rereads {
		head, err := s.readHead(ctx)
		if err != nil {
			return Definitions{}, err
		}
		found, err := s.newDefinitions(ctx, seen, head)
		if err != nil {
			return Definitions{}, fmt.Errorf("reading definitions: %w", err)
		}
		after, err := s.readHead(ctx)
		if err != nil {
			return Definitions{}, err
		}
		if after.Token == head.Token {
			found.Head = head
			return found, nil
		}
	}
	return Definitions{}, fmt.Errorf("reading definitions: %w", ErrDefinitionsChanged)
}

// newDefinitions reads what is new in a head since another.
func (s *Store) newDefinitions(ctx context.Context, seen, head DefinitionsHead) (d Definitions, err error) {
	if seen.Token == head.Token {
		return d, nil
	}
	if d.Catalogues, err = s.catalogues(ctx); err != nil {
		return d, err
	}
	changed, known, err := s.changedSince(ctx, seen)
	switch {
	case err != nil:
		return d, err
	case !known:
		d.All, d.Texts = true, make(map[string]Definition, head.Count)
		return d, s.eachDefinition(ctx, d.Texts)
	}
	if d.Texts, err = s.readDefinitions(ctx, "texts", changed); err != nil {
		return d, err
	}
	for _, id := range changed {
		if _, there := d.Texts[id]; !there {
			d.Removed = append(d.Removed, id)
		}
	}
	return d, nil
}

// changedSince returns the segments that the versions behind a head have
// changed, if the log still has all of these and follows that head.
func (s *Store) changedSince(ctx context.Context, seen DefinitionsHead) (ids []string, known bool, err error) {
	if seen.Version == 0 {
		return nil, false, nil
	}
	versions, err := s.DefinitionsVersions(ctx, seen.Version-1, s.cfg.DefinitionVersions+1)
	if err != nil || len(versions) == 0 || versions[0].Token != seen.Token {
		return nil, false, err
	}
	for _, v := range versions[1:] {
		for _, change := range v.Changes {
			ids = append(ids, change.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), true, nil
}

func (s *Store) eachDefinition(ctx context.Context, all map[string]Definition) error {
	key, cursor := s.keys.definitions("texts"), uint64(0)
	for {
		var page []string
		err := s.retry(ctx, "reading definitions", func(ctx context.Context) (err error) {
			var next uint64
			if page, next, err = s.client.HScan(ctx, key, cursor, "", readChunk).Result(); err == nil {
				cursor = next
			}
			return err
		})
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(page); i += 2 {
			one, err := parseDefinition(key, page[i], page[i+1])
			if err != nil {
				return err
			}
			all[page[i]] = one
		}
		if cursor == 0 {
			return nil
		}
	}
}

func parseDefinition(key, field, text string) (d Definition, err error) {
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, final("%s holds in field %s what is not a definition: %w", key, field, err)
	}
	return d, nil
}

// readChunk is how many definitions are asked for at once.
const readChunk = 500

// Definition returns the text of a segment, if there is one. It reads that one
// alone.
func (s *Store) Definition(ctx context.Context, id string) (one Definition, known bool, err error) {
	found, err := s.readDefinitions(ctx, "texts", []string{id})
	one, known = found[id]
	return one, known, err
}

// PastDefinitions returns texts that were replaced or removed: of each segment
// the one of a version. What is not kept any more is left out.
func (s *Store) PastDefinitions(ctx context.Context, versions map[string]int64) (map[string]Definition, error) {
	fields := make([]string, 0, len(versions))
	for id, version := range versions {
		fields = append(fields, pastField(id, version))
	}
	return s.readDefinitions(ctx, "past", fields)
}

func (s *Store) readDefinitions(ctx context.Context, part string, fields []string) (map[string]Definition, error) {
	key, found := s.keys.definitions(part), make(map[string]Definition, len(fields))
	for chunk := range slices.Chunk(fields, readChunk) {
		var values []any
		err := s.retry(ctx, "reading definitions", func(ctx context.Context) (err error) {
			values, err = s.client.HMGet(ctx, key, chunk...).Result()
			return err
		})
		for i, value := range values {
			if text, ok := value.(string); ok && err == nil {
				var one Definition
				one, err = parseDefinition(key, chunk[i], text)
				found[one.ID] = one
			}
		}
		if err != nil {
			return nil, fmt.Errorf("reading definitions: %w", err)
		}
	}
	return found, nil
}

// ids returns the segments that an edit is about, sorted.
func (e *DefinitionsEdit) ids() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(e.Remove), maps.Keys(e.Write)))))
}
