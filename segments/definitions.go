package segments

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"muster/rules"
	"muster/sink"
)

// Definition is the text of a segment, and who has written it when.
type Definition = sink.Definition

// Any stands for a version that does not matter.
const Any int64 = -1

// Author says who makes a change, and why.
type Author struct {
	Who     string // at most 200 bytes
	Message string // at most 2,000 bytes, may be empty
}

// Edit is a change of definitions that is stored as one version.
type Edit struct {
	Write  map[string]string // texts, by segment, whose id they need not have
	Remove []string          // who is not there counts as removed
	// Versions are what some definitions must have for the edit to be made: 0
	// for one that must not be there. Default nil: any.
	Versions map[string]int64
	// If is the version that all definitions together must have, or Any.
	If int64
	// Catalogues are tables that segments look things up in, by id: new ones, and
	// what others are to be. RemoveCatalogues are ids of those that go; who is not
	// there counts as removed.
	Catalogues       map[string]CatalogueText
	RemoveCatalogues []string
	// Digests are what some catalogues must have for the edit to be made: "" for
	// one that must not be there. Default nil: any.
	Digests map[string]string
}

// Definitions are the segments of a deployment as they are stored in Redis:
// read, checked and changed. A text that is not in the language, that does not
// go with the others, or whose tests fail is never stored. It is safe for
// concurrent use; the methods that change something wait for each other.
type Definitions struct {
	store *sink.Store  // nil where files rule
	path  string       // of the files
	wall  func() int64 // ms since 1970 UTC
	known *rules.Checks

	mu   sync.Mutex
	seen snapshot
}

// NewDefinitions returns the definitions that a store keeps. wall is the clock
// that versions get their time from. known, which may be nil, is what rules need
// not be checked again for that were once.
func NewDefinitions(store *sink.Store, wall func() int64, known *rules.Checks) *Definitions {
	return &Definitions{store: store, wall: wall, known: known}
}

// Begin spares the first change to read and parse all definitions: these begin
// with what was seen, which becomes their own, and read what has changed since
// then. It comes before anything else, and once for each Seen.
func (d *Definitions) Begin(with *Seen) { d.seen = with.snapshot }

// OfFiles returns the segments of the files at a path as definitions that can
// only be read: they have no versions, and every change is refused with
// ErrReadOnly.
func OfFiles(path string) *Definitions { return &Definitions{path: path} }

// refresh reads what there is now.
func (d *Definitions) refresh(ctx context.Context) error {
	if d.store != nil {
		return d.seen.refresh(ctx, d.store)
	}
	sources, err := Read(d.path)
	if err != nil {
		return err
	}
	d.seen.texts = map[string]Definition{}
	for _, source := range sources {
		texts, wrong := rules.Split(source)
		if len(wrong) > 0 {
			return wrong
		}
		for _, one := range texts {
			d.seen.texts[one.ID] = Definition{ID: one.ID, Text: one.Text}
		}
	}
	return nil
}

// List returns all definitions by id, and the version that they are of.
func (d *Definitions) List(ctx context.Context) ([]Definition, int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(ctx); err != nil {
		return nil, 0, err
	}
	return byID(d.seen.texts), d.seen.head.Version, nil
}

func byID(texts map[string]Definition) []Definition {
	list := make([]Definition, 0, len(texts))
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, texts[id])
	}
	return list
}

// Get returns a definition, or ErrNotFound.
func (d *Definitions) Get(ctx context.Context, id string) (Definition, error) {
	one, known, err := d.one(ctx, id)
	if err == nil && !known {
		err = fmt.Errorf("definition %s: %w", id, ErrNotFound)
	}
	return one, err
}

// one returns a definition if it is there. Of those in Redis it reads that one
// alone, and waits for no change that is being checked.
func (d *Definitions) one(ctx context.Context, id string) (one Definition, known bool, err error) {
	if d.store != nil {
		return d.store.Definition(ctx, id)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(ctx); err != nil {
		return one, false, err
	}
	one, known = d.seen.texts[id]
	return one, known, nil
}

// Put stores the text of a segment and returns what it has stored, and whether
// there was no such definition before. version is what the definition must
// have: Any, or 0 for one that must not be there. A text that is there already
// makes no version.
func (d *Definitions) Put(ctx context.Context, id, text string, version int64, by Author) (one Definition, created bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	made, head, err := d.apply(ctx, Edit{Write: map[string]string{id: text}, Versions: map[string]int64{id: version}, If: Any}, by)
	if err != nil {
		return Definition{}, false, err
	}
	before, known := d.seen.texts[id]
	stored, changed := made.Write[id]
	if !changed {
		return before, false, nil
	}
	return Definition{ID: id, Version: head, At: made.At, Who: made.Who, Text: stored}, !known, nil
}

// Delete removes a definition, or returns ErrNotFound. version is as for Put.
func (d *Definitions) Delete(ctx context.Context, id string, version int64, by Author) error {
	if _, err := d.Get(ctx, id); err != nil {
		return err
	}
	_, err := d.Apply(ctx, Edit{Remove: []string{id}, Versions: map[string]int64{id: version}, If: Any}, by)
	return err
}

// tries is how often a change is made anew because somebody else was quicker.
const tries = 8

// Apply stores an edit as the next version, whole or not at all, and returns
// the version. An edit that changes nothing makes none. The error is a
// *ConflictError or a *RefusedError where the edit is to blame.
func (d *Definitions) Apply(ctx context.Context, e Edit, by Author) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, version, err := d.apply(ctx, e, by)
	return version, err
}

// apply is Apply, and returns what it has stored. What was seen stays what was
// there before.
func (d *Definitions) apply(ctx context.Context, e Edit, by Author) (made sink.DefinitionsEdit, version int64, err error) {
	if err := by.validate(); err != nil {
		return made, 0, err
	}
	uploaded := map[string]sink.Catalogue{}
	for range tries {
		if made, err = d.prepare(ctx, e); err != nil {
			return made, 0, err
		}
		if changesNothing(&made) {
			return made, d.seen.head.Version, nil
		}
		if err := d.upload(ctx, &made, e.Catalogues, uploaded); err != nil {
			return made, 0, err
		}
		made.At, made.Who, made.Message = d.wall(), by.Who, by.Message
		head, err := d.store.CommitDefinitions(ctx, d.seen.head, made)
		if errors.Is(err, sink.ErrDefinitionsChanged) {
			continue
		}
		if err != nil {
			return made, 0, fmt.Errorf("storing definitions: %w", err)
		}
		return made, head.Version, nil
	}
	return made, 0, fmt.Errorf("storing definitions: others were quicker %d times: %w", tries, sink.ErrDefinitionsChanged)
}

// Check returns what Apply would refuse an edit with.
func (d *Definitions) Check(ctx context.Context, e Edit) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.prepare(ctx, e)
	return err
}

// prepare checks an edit beside the definitions that are there now, and leaves
// what is there already out of it.
func (d *Definitions) prepare(ctx context.Context, e Edit) (sink.DefinitionsEdit, error) {
	if d.store == nil {
		return sink.DefinitionsEdit{}, ErrReadOnly
	}
	if err := d.seen.refreshAll(ctx, d.store); err != nil {
		return sink.DefinitionsEdit{}, err
	}
	if e.If != Any && e.If != d.seen.head.Version {
		return sink.DefinitionsEdit{}, &ConflictError{Want: e.If, Have: d.seen.head.Version}
	}
	for _, id := range slices.Sorted(maps.Keys(e.Versions)) {
		if want, have := e.Versions[id], d.seen.texts[id].Version; want != Any && want != have {
			return sink.DefinitionsEdit{}, &ConflictError{ID: id, Want: want, Have: have}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.Digests)) {
		if want, have := e.Digests[id], d.seen.catalogues[id].Digest; want != have {
			return sink.DefinitionsEdit{}, &CatalogueConflictError{ID: id, Want: want, Have: have}
		}
	}
	c := newCheck(&d.seen, d.known)
	for _, id := range slices.Sorted(maps.Keys(e.Catalogues)) {
		c.writeCatalogue(id, e.Catalogues[id])
	}
	for _, id := range e.RemoveCatalogues {
		if _, written := e.Catalogues[id]; !written {
			c.removeCatalogue(id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.Write)) {
		c.write(id, e.Write[id])
	}
	for _, id := range e.Remove {
		c.remove(id)
	}
	return c.finish()
}

func (a Author) validate() error {
	if a.Who == "" || len(a.Who) > maxWho || len(a.Message) > maxMessage {
		return &RefusedError{Bound: fmt.Sprintf("who makes a change must be told in 1 to %d bytes, and why in at most %d", maxWho, maxMessage)}
	}
	return nil
}
