package segments

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"muster/sink"
)

// Version is what one version of the definitions has changed.
type Version = sink.DefinitionsVersion

// Change is what a version has changed of one definition.
type Change = sink.DefinitionsReplace

// CatalogueChange is what a version has changed of one catalogue.
type CatalogueChange = sink.CatalogueReplace

// versionsPage is how many versions are read at once: one may name very many
// segments.
const versionsPage = 20

// Versions returns the versions that are kept, newest first, up to most of
// those before one, or before none with 0; with an id those that have changed
// its segment.
func (d *Definitions) Versions(ctx context.Context, id string, before int64, most int) ([]Version, error) {
	if d.store == nil {
		return nil, nil
	}
	var versions []Version
	for {
		page, err := d.store.DefinitionsVersionsBefore(ctx, before, versionsPage)
		if err != nil {
			return nil, err
		}
		for _, v := range page {
			if before = v.Version; id != "" {
				v.Catalogues = nil
				v.Changes = slices.DeleteFunc(v.Changes, func(c sink.DefinitionsReplace) bool { return c.ID != id })
			}
			if id != "" && len(v.Changes) == 0 {
				continue
			}
			if versions = append(versions, v); len(versions) == most {
				return versions, nil
			}
		}
		if len(page) < versionsPage || before <= 1 {
			return versions, nil
		}
	}
}

// behind returns the versions behind one, oldest first, in pages: one version
// may name very many segments.
func (d *Definitions) behind(ctx context.Context, version int64) ([]Version, error) {
	const page = 100
	var all []Version
	for {
		more, err := d.store.DefinitionsVersions(ctx, version, page)
		if err != nil {
			return nil, err
		}
		if all = append(all, more...); len(more) < page {
			return all, nil
		}
		version = more[len(more)-1].Version
	}
}

// At returns all definitions as they were with a version, by id, or
// ErrForgotten.
func (d *Definitions) At(ctx context.Context, version int64) (map[string]Definition, error) {
	return d.at(ctx, version, func(string) bool { return true })
}

// GetAt returns a definition as it was with a version of the definitions,
// ErrNotFound or ErrForgotten.
func (d *Definitions) GetAt(ctx context.Context, id string, version int64) (Definition, error) {
	then, err := d.at(ctx, version, func(one string) bool { return one == id })
	if err != nil {
		return Definition{}, err
	}
	one, known := then[id]
	if !known {
		return one, fmt.Errorf("definition %s in version %d: %w", id, version, ErrNotFound)
	}
	return one, nil
}

// at goes back from what there is now, change by change.
func (d *Definitions) at(ctx context.Context, version int64, wanted func(id string) bool) (map[string]Definition, error) {
	if d.store == nil {
		return nil, fmt.Errorf("version %d: files have none: %w", version, ErrForgotten)
	}
	d.mu.Lock()
	err := d.seen.refresh(ctx, d.store)
	head, now := d.seen.head, maps.Clone(d.seen.texts)
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	since, err := d.behind(ctx, version)
	if err != nil {
		return nil, err
	}
	since = slices.DeleteFunc(since, func(v Version) bool { return v.Version > head.Version }) // came meanwhile
	if version < 0 || version > head.Version || int64(len(since)) != head.Version-version {
		return nil, fmt.Errorf("version %d: %w", version, ErrForgotten)
	}
	maps.DeleteFunc(now, func(id string, _ Definition) bool { return !wanted(id) })
	past := map[string]int64{}
	for _, v := range slices.Backward(since) {
		for _, c := range v.Changes {
			if wanted(c.ID) {
				delete(now, c.ID)
				past[c.ID] = c.Was
			}
		}
	}
	maps.DeleteFunc(past, func(_ string, was int64) bool { return was == 0 })
	texts, err := d.store.PastDefinitions(ctx, past)
	if err != nil {
		return nil, err
	}
	if len(texts) != len(past) { // forgotten while it was read
		return nil, fmt.Errorf("version %d: %w", version, ErrForgotten)
	}
	maps.Copy(now, texts)
	return now, nil
}
