package sink

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// wordLength is how many bytes an id must have to be looked for within values
// too. A shorter one is found in figures and compressed texts by chance.
const wordLength = 6

// maxTraces bounds the places that Traces names.
const maxTraces = 100

// Traces is where the keys of a deployment name a profile.
type Traces struct {
	Keys   int64    // that were looked at
	Values int64    // fields, members, entries and texts in them
	Left   []string // keys that name it, sorted, the first hundred
	// Whole says that the id was looked for within values too, and not only where
	// an id stands by itself or in a message.
	Whole bool
}

// Traces looks for a profile's id in all keys of the deployment: those of old
// layouts and of destinations that are not sent to any more included. It reads
// every key once, large ones in pages, and disturbs no owner. Sketches of reach
// hold no ids and are not read.
func (s *Store) Traces(ctx context.Context, profile string) (Traces, error) {
	t := &tracing{store: s, id: []byte(profile), message: []byte(`"` + base64.StdEncoding.EncodeToString([]byte(profile)) + `"`)}
	t.Whole = len(profile) >= wordLength
	err := s.retry(ctx, "looking for an id", func(ctx context.Context) error {
		t.mu.Lock()
		t.Keys, t.Values, t.Left = 0, 0, nil
		t.mu.Unlock()
		if cluster, ok := s.client.(*redis.ClusterClient); ok {
			return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return t.node(ctx, node) })
		}
		return t.node(ctx, s.client)
	})
	if err != nil {
		return Traces{}, fmt.Errorf("looking for an id in redis: %w", err)
	}
	slices.Sort(t.Left)
	return t.Traces, nil
}

// tracing is one look at all keys.
type tracing struct {
	store   *Store
	id      []byte
	message []byte // the id as messages have it

	mu sync.Mutex
	Traces
}

// node goes over the keys of one server.
func (t *tracing) node(ctx context.Context, node redis.Cmdable) error {
	for cursor := uint64(0); ; {
		page, next, err := node.Scan(ctx, cursor, globbed(t.store.keys.prefix)+":*", scanPage).Result()
		if err != nil {
			return fmt.Errorf("listing keys: %w", err)
		}
		for _, key := range page {
			if err := t.key(ctx, node, key); err != nil {
				return fmt.Errorf("reading %s: %w", key, err)
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// globbed is a text as a pattern of Redis that no other text matches.
func globbed(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}

func (t *tracing) key(ctx context.Context, node redis.Cmdable, key string) error {
	kind, err := node.Type(ctx, key).Result()
	if err != nil || kind == "none" {
		return err
	}
	names := t.names([]byte(key))
	values := int64(0)
	// In these a value is an id by itself; elsewhere one may equal a short id by
	// chance, as a count does.
	ids := strings.Contains(key, ":seg:") || strings.HasSuffix(key, ":timers")
	fields := strings.Contains(key, "}:p:") || strings.HasSuffix(key, ":held")
	chronicled, trailed := strings.Contains(key, "}:chron:"), strings.HasSuffix(key, "}:trail")
	err = eachValue(ctx, node, kind, key, func(field, value string) {
		values++
		if kind == "stream" && field == packedField {
			names = names || packedNames(value, string(t.id))
			return
		}
		own := trailed && field == "ids" && trailNames(value, string(t.id)) || chronicled && chronicleNames(value, string(t.id)) || fields && field == string(t.id) || ids && value == string(t.id) || kind == "stream" && field == "profile" && value == string(t.id)
		names = names || own || t.names([]byte(field)) || t.names([]byte(value))
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Keys, t.Values = t.Keys+1, t.Values+values
	if names && len(t.Left) < maxTraces && !slices.Contains(t.Left, key) {
		t.Left = append(t.Left, key)
	}
	return err
}

// names reports whether a text has the id in it, as a message has it or as a
// word of its own.
func (t *tracing) names(text []byte) bool {
	if bytes.Contains(text, t.message) {
		return true
	}
	for from := 0; t.Whole; {
		at := bytes.Index(text[from:], t.id)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(t.id)
		if (at == 0 || !wordly(text[at-1])) && (end == len(text) || !wordly(text[end])) {
			return true
		}
		from = at + 1
	}
	return false
}

// wordly reports whether a byte goes on with an id, so that user-1 is not found
// in user-12.
func wordly(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b == '-'
}

// eachValue calls fn with what a key holds, in pages: fields and values of a
// hash and of the entries of a stream, and else values.
func eachValue(ctx context.Context, c redis.Cmdable, kind, key string, fn func(field, value string)) error {
	switch kind {
	case "hash":
		return eachField(ctx, c, key, func(field, value string) error {
			fn(field, value)
			return nil
		})
	case "stream":
		return eachEntry(ctx, c, key, fn)
	case "list":
		for from := int64(0); ; from += scanPage {
			page, err := c.LRange(ctx, key, from, from+scanPage-1).Result()
			for _, text := range page {
				fn("", text)
			}
			if err != nil || len(page) < scanPage {
				return err
			}
		}
	case "zset":
		for from := int64(0); ; from += scanPage {
			page, err := c.ZRange(ctx, key, from, from+scanPage-1).Result()
			for _, text := range page {
				fn("", text)
			}
			if err != nil || len(page) < scanPage {
				return err
			}
		}
	case "set":
		for cursor := uint64(0); ; {
			page, next, err := c.SScan(ctx, key, cursor, "", scanPage).Result()
			for _, text := range page {
				fn("", text)
			}
			if cursor = next; err != nil || cursor == 0 {
				return err
			}
		}
	}
	return nil // sketches of reach
}

func eachEntry(ctx context.Context, c redis.Cmdable, key string, fn func(field, value string)) error {
	for from := "-"; ; {
		page, err := c.XRangeN(ctx, key, from, "+", scanPage).Result()
		for _, entry := range page {
			for field, value := range entry.Values {
				text, _ := value.(string)
				fn(field, text)
			}
			from = "(" + entry.ID
		}
		if err != nil || len(page) < scanPage {
			return err
		}
	}
}
