package segments

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"muster/catalogue"
	"muster/rules"
	"muster/sink"
)

// Catalogue is a table beside definitions, without its content.
type Catalogue = sink.Catalogue

// CatalogueText is what a catalogue is made of: a CSV file, and the column that its
// rows are known by.
type CatalogueText struct {
	Key  string
	Data []byte
}

// ErrLost is why definitions are refused of which a table is gone.
var ErrLost error = lostError{}

type lostError struct{}

// Error implements error.
func (lostError) Error() string {
	return "redis has lost its table: put it back with evaluator segments apply, or restore redis from a backup"
}

// Unwrap says that nobody can begin with what Redis holds.
func (lostError) Unwrap() error { return sink.ErrMismatch }

// Catalogues lists the catalogues by id.
func (d *Definitions) Catalogues(ctx context.Context) ([]Catalogue, error) {
	if d.store == nil {
		return nil, ErrReadOnly
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(ctx); err != nil {
		return nil, err
	}
	list := make([]Catalogue, 0, len(d.seen.catalogues))
	for _, id := range slices.Sorted(maps.Keys(d.seen.catalogues)) {
		list = append(list, d.seen.catalogues[id])
	}
	return list, nil
}

// CatalogueContent returns a catalogue with its CSV file, or ErrNoCatalogue.
func (d *Definitions) CatalogueContent(ctx context.Context, id string) (Catalogue, []byte, error) {
	for range tries {
		list, err := d.Catalogues(ctx)
		if err != nil {
			return Catalogue{}, nil, err
		}
		at := slices.IndexFunc(list, func(c Catalogue) bool { return c.ID == id })
		switch {
		case at < 0:
			return Catalogue{}, nil, fmt.Errorf("catalogue %s: %w", id, ErrNoCatalogue)
		case list[at].Lost:
			return Catalogue{}, nil, fmt.Errorf("the catalogue %s: %w", id, ErrLost)
		}
		content, err := d.store.CatalogueContent(ctx, list[at])
		if !errors.Is(err, sink.ErrTableChanged) {
			return list[at], content, err
		}
		d.forget()
	}
	return Catalogue{}, nil, fmt.Errorf("reading the catalogue %s: %w", id, sink.ErrDefinitionsChanged)
}

// forget has everything read anew, which finds out what Redis has lost.
func (d *Definitions) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen.head = sink.DefinitionsHead{}
}

// upload writes the tables of an edit, each once however often the edit is tried.
func (d *Definitions) upload(ctx context.Context, made *sink.DefinitionsEdit, texts map[string]CatalogueText, done map[string]sink.Catalogue) error {
	for id, one := range made.Catalogues {
		before, there := done[id]
		if !there {
			var err error
			if before, err = d.store.UploadCatalogue(ctx, one, texts[id].Data); err != nil {
				return fmt.Errorf("storing definitions: %w", err)
			}
			done[id] = before
		}
		made.Catalogues[id] = before
	}
	return nil
}

// changesNothing reports whether an edit has nothing to store.
func changesNothing(e *sink.DefinitionsEdit) bool {
	return len(e.Write)+len(e.Remove)+len(e.Catalogues)+len(e.RemoveCatalogues) == 0
}

// refreshAll is refresh, and reads the tables that are new. A table is replaced
// together with its declaration, so where one is gone the definitions are others.
func (s *snapshot) refreshAll(ctx context.Context, store *sink.Store) error {
	for range tries {
		if err := s.refresh(ctx, store); err != nil {
			return err
		}
		err := s.load(ctx, store)
		if !errors.Is(err, sink.ErrTableChanged) {
			return err
		}
		s.head = sink.DefinitionsHead{} // to find out what Redis has lost, all is read
	}
	return fmt.Errorf("taking over definitions: %w", sink.ErrDefinitionsChanged)
}

// load reads the tables of the catalogues, but for those that it has read before.
// A table that is lost is left out.
func (s *snapshot) load(ctx context.Context, store *sink.Store) error {
	tables, digests := catalogue.Tables{}, map[string]string{}
	for id, one := range s.catalogues {
		if one.Lost {
			continue
		}
		digests[id] = one.Digest
		if s.tables[id] != nil && s.digests[id] == one.Digest {
			tables[id] = s.tables[id]
			continue
		}
		table, err := readTable(ctx, store, one)
		if err != nil {
			return fmt.Errorf("taking over definitions: %w", err)
		}
		tables[id] = table
	}
	if !maps.Equal(tables, s.tables) { // the segments of one version share one map
		s.tables, s.digests = tables, digests
	}
	return nil
}

// readTable makes the table of a catalogue, if nobody in this process has it.
func readTable(ctx context.Context, store *sink.Store, one sink.Catalogue) (*catalogue.Table, error) {
	if table := inUse.find(one.Digest); table != nil {
		return table, nil
	}
	content, err := store.CatalogueContent(ctx, one)
	if err != nil {
		return nil, err
	}
	table, wrong := rules.TableOf("catalogue "+one.ID, content, one.Key)
	if len(wrong) > 0 {
		return nil, wrong
	}
	inUse.add(one.Digest, table)
	return table, nil
}

// lost says of which catalogue the table is gone; nil for none.
func (s *snapshot) lost() error {
	for _, id := range slices.Sorted(maps.Keys(s.catalogues)) {
		if s.catalogues[id].Lost {
			return fmt.Errorf("the catalogue %s: %w", id, ErrLost)
		}
	}
	return nil
}

// writeCatalogue takes in a table, unless it is there already.
func (c *check) writeCatalogue(id string, text CatalogueText) {
	name := "catalogue " + id
	refuse := func(message, hint string) {
		c.wrong = append(c.wrong, &rules.Error{File: name, Line: 1, Column: 1, Message: message, Hint: hint})
	}
	digest := catalogue.Digest(text.Data, text.Key)
	before, known := c.seen.catalogues[id]
	switch {
	case !rules.IsCatalogueID(id):
		refuse(fmt.Sprintf("the id %q can't be used", id), "an id is 1 to 64 of the characters a-z, 0-9 and -")
		return
	case text.Key == "":
		refuse(fmt.Sprintf("the catalogue %s has no key", id), "say which column rows are known by")
		return
	case known && before.Digest == digest && !before.Lost:
		return
	}
	table, wrong := rules.TableOf(name, text.Data, text.Key)
	if len(wrong) > 0 {
		c.wrong = append(c.wrong, wrong...)
		return
	}
	if c.edit.Catalogues == nil {
		c.edit.Catalogues = map[string]sink.Catalogue{}
	}
	if c.tables == nil {
		c.tables = catalogue.Tables{}
	}
	inUse.add(digest, table)
	c.tables[id] = table
	c.edit.Catalogues[id] = sink.Catalogue{
		ID: id, Key: text.Key, Digest: digest, Bytes: int64(len(text.Data)), Rows: table.Len(), Columns: table.Columns(),
	}
}

func (c *check) removeCatalogue(id string) {
	if _, known := c.seen.catalogues[id]; known && !slices.Contains(c.edit.RemoveCatalogues, id) {
		c.edit.RemoveCatalogues = append(c.edit.RemoveCatalogues, id)
		delete(c.tables, id)
	}
}

// catalogueBound says which bound of all catalogues the edit would pass.
func (c *check) catalogueBound() string {
	then := maps.Clone(c.seen.catalogues)
	if then == nil {
		then = map[string]sink.Catalogue{}
	}
	for _, id := range c.edit.RemoveCatalogues {
		delete(then, id)
	}
	maps.Copy(then, c.edit.Catalogues)
	bytes := int64(0)
	for _, one := range then {
		bytes += one.Bytes
	}
	switch {
	case len(c.edit.Catalogues) == 0:
		return "" // whoever only removes is never refused
	case len(then) > catalogue.MaxTables:
		return fmt.Sprintf("there would be %d catalogues; there may be %d", len(then), catalogue.MaxTables)
	case bytes > catalogue.MaxStored:
		return fmt.Sprintf("all catalogues together would have %d bytes; they may have %d", bytes, catalogue.MaxStored)
	}
	return ""
}

// asksChanged reports whether a segment asks a catalogue that is written.
func (c *check) asksChanged(draft *rules.Draft, position int) bool {
	if len(c.edit.Catalogues) == 0 {
		return false
	}
	return slices.ContainsFunc(draft.Asks(position), func(id string) bool {
		_, written := c.edit.Catalogues[id]
		return written
	})
}
