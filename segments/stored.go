package segments

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"muster/catalogue"
	"muster/rules"
	"muster/sink"
)

// ErrGone is why definitions are refused that were there and are not any more.
var ErrGone = errors.New("redis has lost all definitions: put them back with evaluator segments apply, or restore redis from a backup")

// Stored is the Source of the definitions in Redis. It reads one small key
// until that says that something has changed, and then what has.
type Stored struct {
	store   *sink.Store
	known   *rules.Checks
	seen    snapshot
	had     bool // that there were definitions
	settled bool // that the last reading has found out what there is
}

// NewStored returns the Source of the definitions that a store keeps. known is as
// for NewDefinitions.
func NewStored(store *sink.Store, known *rules.Checks) *Stored {
	return &Stored{store: store, known: known}
}

// Look implements Source. While Redis is away nothing has changed.
func (s *Stored) Look(ctx context.Context) (Content, bool) {
	head, err := s.store.DefinitionsHead(ctx)
	if err == nil && s.settled && head.Token == s.seen.head.Token || err != nil && !lasting(err) {
		return Content{}, false
	}
	c := s.Read(ctx)
	return c, c.Err == nil || s.settled
}

// lasting reports whether an error of reading definitions is there at the next
// look too. Any other is told by whoever asks whether Redis is there.
func lasting(err error) bool {
	var wrong rules.Errors
	return sink.NeedsOperator(err) || sink.IsFinal(err) || errors.As(err, &wrong)
}

// Read implements Source.
func (s *Stored) Read(ctx context.Context) Content {
	err := s.seen.refreshAll(ctx, s.store)
	s.settled = err == nil || lasting(err)
	if err == nil {
		if s.had = s.had || s.seen.head.Version > 0; s.had && s.seen.head.Version == 0 {
			err = ErrGone
		}
	}
	if err == nil {
		err = s.seen.lost()
	}
	if err != nil {
		return Content{Digest: sha256.Sum256([]byte(err.Error())), Whole: true, Err: err}
	}
	segments, wrong := s.seen.list()
	tables := s.seen.tables
	return Content{
		Digest: sha256.Sum256([]byte("token " + s.seen.head.Token)), Whole: true,
		Build: func(o rules.Options) (*rules.Set, error) {
			if len(wrong) > 0 {
				return nil, wrong
			}
			o.Checks, o.Catalogues = s.known, tables
			return rules.CompileWith(segments, o)
		},
	}
}

// Seen is what was read of the definitions up to a moment.
type Seen struct{ snapshot snapshot }

// Seen returns what was read last, for Definitions to begin with. It shares the
// texts, and nothing that changes.
func (s *Stored) Seen() *Seen {
	seen := s.seen // its catalogues and tables are never changed, but replaced
	seen.texts, seen.read = maps.Clone(seen.texts), maps.Clone(seen.read)
	return &Seen{seen}
}

// Version is the version of the definitions that were read last.
func (s *Stored) Version() int64 { return s.seen.head.Version }

// snapshot is what was read of the definitions. What has not changed is not
// parsed again.
type snapshot struct {
	head  sink.DefinitionsHead
	texts map[string]sink.Definition
	read  map[string]parsed

	catalogues map[string]sink.Catalogue
	tables     catalogue.Tables  // of the catalogues, as load has found them
	digests    map[string]string // of tables
}

// parsed is what a text says, or its mistakes.
type parsed struct {
	segment rules.Segment
	wrong   rules.Errors
}

// refresh reads what has become of the definitions.
func (s *snapshot) refresh(ctx context.Context, store *sink.Store) error {
	found, err := store.DefinitionsSince(ctx, s.head)
	if err != nil {
		return fmt.Errorf("taking over definitions: %w", err)
	}
	if found.All || s.texts == nil {
		s.texts, s.read = map[string]sink.Definition{}, map[string]parsed{}
	}
	for _, id := range found.Removed {
		delete(s.texts, id)
		delete(s.read, id)
	}
	for id, d := range found.Texts {
		segment, wrong := rules.ReadText(sourceOf(id, d.Text))
		s.texts[id], s.read[id] = d, parsed{segment, wrong}
	}
	if found.Catalogues != nil {
		s.catalogues = found.Catalogues
	}
	s.head = found.Head
	return nil
}

// sourceOf is a text as mistakes name it.
func sourceOf(id, text string) rules.Source {
	return rules.Source{Name: "definition " + id, Data: []byte(text)}
}

// list returns the segments by id, and the mistakes of those that can't be
// read.
func (s *snapshot) list() ([]rules.Segment, rules.Errors) {
	segments, wrong := make([]rules.Segment, 0, len(s.read)), rules.Errors(nil)
	for _, id := range slices.Sorted(maps.Keys(s.read)) {
		one := s.read[id]
		if wrong = append(wrong, one.wrong...); len(one.wrong) == 0 {
			segments = append(segments, one.segment.Using(s.tables))
		}
	}
	return segments, wrong
}
