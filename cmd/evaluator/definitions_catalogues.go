package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/catalogue"
	"muster/rules"
	"muster/segments"
)

// cataloguesFile is the file of an export that declares catalogues. No segment has
// an id with _ in it.
const cataloguesFile = "_catalogues.yaml"

// plannedCatalogue is what is to become of one catalogue.
type plannedCatalogue struct {
	ID      string `json:"id"`
	Change  string `json:"change"` // added, changed or removed
	Added   int    `json:"rows_added"`
	Removed int    `json:"rows_removed"`
	Changed int    `json:"rows_changed"`
	// Notes tell what has changed beside rows.
	Notes []string `json:"notes,omitempty"`
}

// line tells the change in one line.
func (p *plannedCatalogue) line() string {
	switch p.Change {
	case "added":
		return fmt.Sprintf("+ catalogue %s: %s\n", p.ID, number(p.Added, "row"))
	case "removed":
		return fmt.Sprintf("- catalogue %s\n", p.ID)
	}
	notes := strings.Join(append([]string{""}, p.Notes...), "; ")
	return fmt.Sprintf("~ catalogue %s: rows added %d, removed %d, changed %d%s\n", p.ID, p.Added, p.Removed, p.Changed, notes)
}

// countCatalogues counts changes of each kind, leaving out those that there are
// none of.
func countCatalogues(list []plannedCatalogue, added, changed, removed string) string {
	var parts []string
	for _, kind := range [][2]string{{"added", added}, {"changed", changed}, {"removed", removed}} {
		n := 0
		for _, one := range list {
			if one.Change == kind[0] {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf(kind[1], n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; catalogues: " + strings.Join(parts, ", ")
}

// planCatalogues compares the catalogues with what they are to be; nil leaves them
// as they are.
func (r *definitionsReader) planCatalogues(ctx context.Context, p *plan, texts map[string]segments.CatalogueText) error {
	if texts == nil {
		return nil
	}
	list, err := r.Catalogues(ctx)
	if err != nil {
		return err
	}
	now := map[string]segments.Catalogue{}
	for _, one := range list {
		now[one.ID] = one
		if _, stays := texts[one.ID]; !stays {
			p.Catalogues = append(p.Catalogues, plannedCatalogue{ID: one.ID, Change: "removed", Removed: one.Rows})
			p.edit.RemoveCatalogues = append(p.edit.RemoveCatalogues, one.ID)
		}
	}
	p.edit.Catalogues = map[string]segments.CatalogueText{}
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		before, known := now[id]
		if known && !before.Lost && before.Digest == catalogue.Digest(texts[id].Data, texts[id].Key) {
			continue
		}
		one, err := r.planCatalogue(ctx, id, before, known, texts[id])
		if err != nil {
			return err
		}
		p.Catalogues = append(p.Catalogues, *one)
		p.edit.Catalogues[id] = texts[id]
	}
	return nil
}

// planCatalogue compares a table with the one that there is.
func (r *definitionsReader) planCatalogue(ctx context.Context, id string, now segments.Catalogue, known bool, text segments.CatalogueText) (*plannedCatalogue, error) {
	after, wrong := rules.TableOf("catalogue "+id, text.Data, text.Key)
	if len(wrong) > 0 {
		return nil, unusable(wrong)
	}
	one := &plannedCatalogue{ID: id, Change: "added"}
	var before *catalogue.Table
	switch {
	case known && now.Lost:
		one.Change, one.Notes = "changed", []string{"redis has lost the table"}
	case known:
		one.Change = "changed"
		stored, content, err := r.CatalogueContent(ctx, id)
		if err != nil {
			return nil, err
		}
		if before, wrong = rules.TableOf("catalogue "+id, content, stored.Key); len(wrong) > 0 {
			return nil, unusable(wrong)
		}
		if stored.Key != text.Key {
			one.Notes = []string{fmt.Sprintf("the key was %s and is %s", stored.Key, text.Key)}
		}
	}
	d := catalogue.Compare(before, after)
	one.Added, one.Removed, one.Changed = d.Added, d.Removed, d.Changed
	if before != nil {
		one.Notes = append(one.Notes, notesOf(d)...)
	}
	return one, nil
}

// notesOf tells how the columns of tables differ.
func notesOf(d catalogue.Difference) []string {
	var notes []string
	for _, one := range []struct {
		what  string
		names []string
	}{{"columns added", d.AddedColumns}, {"columns removed", d.RemovedColumns}, {"columns of another kind of values", d.OtherKinds}} {
		if len(one.names) > 0 {
			notes = append(notes, one.what+": "+strings.Join(one.names, ", "))
		}
	}
	return notes
}

// readCatalogues reads all catalogues with their files.
func (r *definitionsReader) readCatalogues(ctx context.Context) ([]rules.Declared, error) {
	list, err := r.Catalogues(ctx)
	if err != nil {
		return nil, err
	}
	declared := make([]rules.Declared, len(list))
	for i, one := range list {
		stored, content, err := r.CatalogueContent(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		declared[i] = rules.Declared{ID: one.ID, Key: stored.Key, File: rules.File{Data: content}}
	}
	return declared, nil
}

// writeCatalogues writes the tables, and the file that declares them, which goes
// where there are none.
func writeCatalogues(path string, list []rules.Declared) error {
	declaration := filepath.Join(path, cataloguesFile)
	if len(list) == 0 {
		if err := os.Remove(declaration); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	for _, one := range list {
		if err := os.WriteFile(filepath.Join(path, one.ID+".csv"), one.File.Data, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(declaration, rules.DeclareAll(list), 0o644)
}
