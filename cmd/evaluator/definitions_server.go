package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"muster/api"
	"muster/catalogue"
	"muster/lookup"
	"muster/segments"
)

// definitionsAccess is a way to definitions: by Redis, or by the API.
type definitionsAccess interface {
	Get(ctx context.Context, id string) (segments.Definition, error)
	api.Versions
	api.Edits
	// Catalogues lists the catalogues by id.
	Catalogues(ctx context.Context) ([]segments.Catalogue, error)
	// CatalogueContent returns a catalogue with its CSV file.
	CatalogueContent(ctx context.Context, id string) (segments.Catalogue, []byte, error)
}

// remoteDefinitions are the definitions of a deployment as its API has them.
type remoteDefinitions struct{ *server }

// toldDefinition is a definition as the API tells it.
type toldDefinition struct {
	ID      string
	Version int64
	At      lookup.Instant
	Who     string
	Text    string
}

func (d *toldDefinition) definition() segments.Definition {
	return segments.Definition{ID: d.ID, Version: d.Version, At: int64(d.At), Who: d.Who, Text: d.Text}
}

// List implements api.Edits.
func (d remoteDefinitions) List(ctx context.Context) ([]segments.Definition, int64, error) {
	return d.list(ctx, nil)
}

func (d remoteDefinitions) list(ctx context.Context, query url.Values) ([]segments.Definition, int64, error) {
	var got struct {
		Version     int64
		Definitions []toldDefinition
	}
	if err := d.get(ctx, &got, query, "definitions"); err != nil {
		return nil, 0, err
	}
	list := make([]segments.Definition, len(got.Definitions))
	for i := range list {
		list[i] = got.Definitions[i].definition()
	}
	return list, got.Version, nil
}

// At implements api.Versions.
func (d remoteDefinitions) At(ctx context.Context, version int64) (map[string]segments.Definition, error) {
	if version < 0 {
		return nil, fmt.Errorf("version %d: %w", version, segments.ErrForgotten)
	}
	list, _, err := d.list(ctx, url.Values{"version": {strconv.FormatInt(version, 10)}})
	then := make(map[string]segments.Definition, len(list))
	for _, one := range list {
		then[one.ID] = one
	}
	return then, err
}

// Get implements definitionsAccess.
func (d remoteDefinitions) Get(ctx context.Context, id string) (segments.Definition, error) {
	var got toldDefinition
	if err := d.get(ctx, &got, nil, "segments", id); err != nil {
		return segments.Definition{}, err
	}
	if got.Version == 0 {
		return segments.Definition{}, unusable(errors.New("the segments are those of files, as segments.from says: read the files"))
	}
	return got.definition(), nil
}

// GetAt implements api.Versions.
func (d remoteDefinitions) GetAt(ctx context.Context, id string, version int64) (segments.Definition, error) {
	var got toldDefinition
	err := d.get(ctx, &got, nil, "segments", id, "versions", strconv.FormatInt(version, 10))
	return got.definition(), err
}

// toldChange is what a version has done to a segment, as the API tells it.
type toldChange struct {
	ID     string
	Change string
	Was    int64
}

// replace is the change as it is stored.
func (c toldChange) replace() segments.Change {
	return segments.Change{ID: c.ID, Was: c.Was, Removed: c.Change == "removed"}
}

// Versions implements api.Versions.
func (d remoteDefinitions) Versions(ctx context.Context, id string, before int64, most int) ([]segments.Version, error) {
	parts := []string{"definitions", "versions"}
	if id != "" {
		parts = []string{"segments", id, "versions"}
	}
	var versions []segments.Version
	for len(versions) < most {
		query := url.Values{"limit": {strconv.Itoa(min(most-len(versions), 1000))}}
		if before > 0 {
			query.Set("cursor", strconv.FormatInt(before, 10))
		}
		var page struct {
			Versions []struct {
				Version    int64
				At         lookup.Instant
				Who        string
				Message    string
				Changes    []toldChange
				Catalogues []struct{ ID, Was, Now string }
				toldChange
			}
			Next string
		}
		if err := d.get(ctx, &page, query, parts...); err != nil {
			return nil, err
		}
		for _, v := range page.Versions {
			one := segments.Version{Version: v.Version, At: int64(v.At), Who: v.Who, Message: v.Message}
			if before = v.Version; id != "" { // the change stands in the version itself
				v.ID = id
				v.Changes = []toldChange{v.toldChange}
			}
			for _, c := range v.Changes {
				one.Changes = append(one.Changes, c.replace())
			}
			for _, c := range v.Catalogues {
				one.Catalogues = append(one.Catalogues, segments.CatalogueChange{ID: c.ID, Was: c.Was, Now: c.Now})
			}
			versions = append(versions, one)
		}
		if page.Next == "" {
			break
		}
	}
	return versions, nil
}

// Apply implements api.Edits. Who it is, the API knows by the token.
func (d remoteDefinitions) Apply(ctx context.Context, e segments.Edit, by segments.Author) (int64, error) {
	return d.send(ctx, nil, e, by.Message)
}

// Check implements api.Edits.
func (d remoteDefinitions) Check(ctx context.Context, e segments.Edit) error {
	_, err := d.send(ctx, url.Values{"check": {"true"}}, e, "")
	return err
}

// toldCatalogue is a catalogue as the API tells it.
type toldCatalogue struct {
	ID      string
	Key     string
	Digest  string
	Bytes   int64
	Rows    int
	Columns []string
	Version int64
	At      lookup.Instant
	Who     string
	Lost    bool
}

// Catalogues implements definitionsAccess.
func (d remoteDefinitions) Catalogues(ctx context.Context) ([]segments.Catalogue, error) {
	var got struct{ Catalogues []toldCatalogue }
	if err := d.get(ctx, &got, nil, "catalogues"); err != nil {
		return nil, err
	}
	list := make([]segments.Catalogue, len(got.Catalogues))
	for i, c := range got.Catalogues {
		list[i] = segments.Catalogue{
			ID: c.ID, Key: c.Key, Digest: c.Digest, Bytes: c.Bytes, Rows: c.Rows, Columns: c.Columns,
			Version: c.Version, At: int64(c.At), Who: c.Who, Lost: c.Lost,
		}
	}
	return list, nil
}

// CatalogueContent implements definitionsAccess. The list is asked again, so that
// the key is the one that the table has.
func (d remoteDefinitions) CatalogueContent(ctx context.Context, id string) (one segments.Catalogue, content []byte, err error) {
	const tries = 5
	for range tries {
		body, err := d.open(ctx, "text/csv", nil, "catalogues", id)
		if err != nil {
			return one, nil, err
		}
		content, err = io.ReadAll(io.LimitReader(body, catalogue.MaxBytes+1))
		_ = body.Close() // it was read to its end
		if err != nil {
			return one, nil, fmt.Errorf("reading the catalogue %s: %w", id, err)
		}
		list, err := d.Catalogues(ctx)
		if err != nil {
			return one, nil, err
		}
		for _, one := range list {
			if one.ID == id && one.Digest == catalogue.Digest(content, one.Key) {
				return one, content, nil
			}
		}
	}
	return one, nil, fmt.Errorf("the catalogue %s was changed while it was read, %d times", id, tries)
}

// errCatalogues refuses to send what one request can't have.
var errCatalogues = unusable(errors.New("this changes catalogues, which the API takes one by one: PUT /v1/catalogues/{id} of each, or apply with -c"))

func (d remoteDefinitions) send(ctx context.Context, query url.Values, e segments.Edit, message string) (int64, error) {
	if len(e.Catalogues)+len(e.RemoveCatalogues) > 0 {
		return 0, errCatalogues
	}
	body := map[string]any{"write": e.Write, "message": message}
	if len(e.Remove) > 0 {
		body["remove"] = e.Remove
	}
	if e.If != segments.Any {
		body["version"] = e.If
	}
	var got struct{ Version int64 }
	err := d.do(ctx, http.MethodPost, body, &got, query, "definitions")
	return got.Version, err
}
