package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/catalogue"
	"muster/lookup"
	"muster/segments"
)

// Catalogues are the tables that stand beside definitions.
type Catalogues interface {
	// Catalogues lists the catalogues by id.
	Catalogues(ctx context.Context) ([]segments.Catalogue, error)
	// CatalogueContent returns a catalogue with its CSV file, or
	// segments.ErrNoCatalogue.
	CatalogueContent(ctx context.Context, id string) (segments.Catalogue, []byte, error)
}

const (
	// maxLarge is how many tables are sent and taken at once: one has up to 32 MB
	// in memory.
	maxLarge = 2
	// large is what an operation has in its metadata whose bodies may be tables.
	large = "large"
)

type catalogueInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64" example:"products" doc:"The id of the catalogue."`
}

type putCatalogueInput struct {
	ID          string `path:"id" minLength:"1" maxLength:"64" example:"products" doc:"The id of the catalogue: 1 to 64 of the characters a-z, 0-9 and -."`
	Key         string `query:"key" required:"true" minLength:"1" maxLength:"200" example:"sku" doc:"The column that rows are known by."`
	Message     string `query:"message" maxLength:"2000" doc:"Why, for whoever looks at the versions."`
	IfMatch     string `header:"If-Match" maxLength:"1000" doc:"The ETag of the table that was edited; 412 if it has another one by now. *: it must be there."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000" doc:"*: only create it; 412 if it is there."`
	RawBody     []byte `contentType:"text/csv" doc:"The whole table as CSV in UTF-8, with the names of the columns in its first line: 32 MB, 250,000 rows and 100 columns at most."`
}

type deleteCatalogueInput struct {
	ID      string `path:"id" minLength:"1" maxLength:"64" example:"products" doc:"The id of the catalogue."`
	Message string `query:"message" maxLength:"2000" doc:"Why, for whoever looks at the versions."`
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag of the table as it was seen; 412 if it has another one by now."`
}

// toldCatalogue is a catalogue as it is told.
type toldCatalogue struct {
	ID      string         `json:"id"`
	Key     string         `json:"key" doc:"The column that rows are known by."`
	Rows    int            `json:"rows"`
	Columns []string       `json:"columns" doc:"Their names, in the order of the file."`
	Bytes   int64          `json:"bytes" doc:"Of the CSV."`
	Digest  string         `json:"digest" doc:"Another one for another key or another content."`
	Version int64          `json:"version" doc:"The version of all definitions that brought this table."`
	At      lookup.Instant `json:"at" doc:"When that was."`
	Who     string         `json:"who" doc:"Who has written it; by the API the name of the token."`
	Lost    bool           `json:"lost" doc:"Whether Redis has lost the table. Put it again."`
}

type cataloguesOutput struct {
	Body struct {
		Catalogues []toldCatalogue `json:"catalogues" doc:"In the order of their ids."`
	}
}

type putCatalogueOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *toldCatalogue
}

func toldCatalogueOf(c *segments.Catalogue) *toldCatalogue {
	return &toldCatalogue{
		c.ID, c.Key, c.Rows, append([]string{}, c.Columns...), c.Bytes, c.Digest, c.Version, lookup.Instant(c.At), c.Who, c.Lost,
	}
}

// tagOfCatalogue is the ETag of a catalogue, "" for one that is not there.
func tagOfCatalogue(c *segments.Catalogue) string {
	if c.Digest == "" {
		return ""
	}
	return `"` + c.Digest + `"`
}

// unmetCatalogueError says that a catalogue is not what the condition of a write
// names.
type unmetCatalogueError struct{ now segments.Catalogue }

// Error implements error.
func (e *unmetCatalogueError) Error() string {
	if e.now.Digest == "" {
		return "the catalogue is not there"
	}
	return fmt.Sprintf("the catalogue is there, of version %d, written by %s at %s", e.now.Version, lookup.Shown(e.now.Who), lookup.Instant(e.now.At))
}

func (r *routes) addCatalogues() {
	huma.Register(r.api, huma.Operation{
		OperationID: "list-catalogues", Method: http.MethodGet, Path: "/v1/catalogues", Summary: "The tables that rules look things up in", Tags: []string{"catalogues"},
		Security:    needs(access.Read),
		Description: "Those beside definitions in Redis.",
	}, func(ctx context.Context, _ *struct{}) (*cataloguesOutput, error) {
		out, err := r.listCatalogues(ctx)
		if err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "get-catalogue", Method: http.MethodGet, Path: "/v1/catalogues/{id}", Summary: "A table as CSV", Tags: []string{"catalogues"},
		Security: needs(access.Read), Metadata: map[string]any{large: true},
		Description: "As it was written, byte for byte.",
		Responses: map[string]*huma.Response{
			"200":     {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}},
			"default": r.answers(problemType, typeOf[Problem](), "Error"),
		},
	}, func(ctx context.Context, in *catalogueInput) (*huma.StreamResponse, error) {
		out, err := r.getCatalogue(ctx, in.ID)
		if err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return out, nil
	})
	r.addCatalogueWrites()
}

func (r *routes) addCatalogueWrites() {
	huma.Register(r.api, huma.Operation{
		OperationID: "put-catalogue", Method: http.MethodPut, Path: "/v1/catalogues/{id}", Summary: "Create or replace a table", Tags: []string{"catalogues"},
		Security: needs(access.Write), MaxBodyBytes: catalogue.MaxBytes, BodyReadTimeout: readTimeout, Metadata: map[string]any{large: true},
		Description: "Evaluators take it over as they do segments, and sweep the profiles of segments that follow it. A table that can't be used, " +
			"that lacks what a rule asks for, or with which a test of a segment fails, is refused with each mistake. One that is there already makes no version.",
		Responses: map[string]*huma.Response{
			"201": r.answers("application/json", typeOf[toldCatalogue](), "It is new."), "default": r.answers(problemType, typeOf[Problem](), "Error"),
		},
	}, func(ctx context.Context, in *putCatalogueInput) (*putCatalogueOutput, error) {
		out, err := r.putCatalogue(ctx, in)
		if err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return out, nil
	})
	r.api.OpenAPI().Paths["/v1/catalogues/{id}"].Put.RequestBody.Content["text/csv"].Example = "sku,category\nA-1,shoes\n"
	huma.Register(r.api, huma.Operation{
		OperationID: "delete-catalogue", Method: http.MethodDelete, Path: "/v1/catalogues/{id}", Summary: "Remove a table", Tags: []string{"catalogues"},
		Security: needs(access.Write), DefaultStatus: http.StatusNoContent,
		Description: "One that a segment asks is not removed: 409, with these segments in errors.",
	}, func(ctx context.Context, in *deleteCatalogueInput) (*struct{}, error) {
		if err := r.deleteCatalogue(ctx, in); err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return nil, nil
	})
}

func (r *routes) listCatalogues(ctx context.Context) (*cataloguesOutput, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	list, err := kept.Catalogues(ctx)
	out := &cataloguesOutput{}
	out.Body.Catalogues = make([]toldCatalogue, len(list))
	for i := range list {
		out.Body.Catalogues[i] = *toldCatalogueOf(&list[i])
	}
	return out, err
}

func (r *routes) getCatalogue(ctx context.Context, id string) (*huma.StreamResponse, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	one, content, err := kept.CatalogueContent(ctx, id)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "text/csv; charset=utf-8")
		ctx.SetHeader("ETag", tagOfCatalogue(&one))
		ctx.SetHeader("Content-Length", strconv.Itoa(len(content)))
		ctx.SetStatus(http.StatusOK)
		_, _ = ctx.BodyWriter().Write(content) // a client that went away is no concern
	}}, nil
}

func (r *routes) putCatalogue(ctx context.Context, in *putCatalogueInput) (*putCatalogueOutput, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	before, digests, err := expectedCatalogue(ctx, kept, in.ID, condition{in.IfMatch, in.IfNoneMatch})
	if err != nil {
		return nil, err
	}
	e := segments.Edit{
		Catalogues: map[string]segments.CatalogueText{in.ID: {Key: in.Key, Data: in.RawBody}}, Digests: digests, If: segments.Any,
	}
	if _, err := kept.Apply(ctx, e, authorOf(ctx, in.Message)); err != nil {
		return nil, err
	}
	now, err := catalogueNow(ctx, kept, in.ID)
	if err != nil {
		return nil, err
	}
	if now.Digest == "" { // somebody was quick
		return nil, fmt.Errorf("catalogue %s: %w", in.ID, segments.ErrNoCatalogue)
	}
	out := &putCatalogueOutput{Status: http.StatusOK, ETag: tagOfCatalogue(&now), Body: toldCatalogueOf(&now)}
	if before.Digest == "" {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (r *routes) deleteCatalogue(ctx context.Context, in *deleteCatalogueInput) error {
	kept, err := r.definitions()
	if err != nil {
		return err
	}
	before, digests, err := expectedCatalogue(ctx, kept, in.ID, condition{ifMatch: in.IfMatch})
	switch {
	case err != nil:
		return err
	case before.Digest == "":
		return fmt.Errorf("catalogue %s: %w", in.ID, segments.ErrNoCatalogue)
	}
	_, err = kept.Apply(ctx, segments.Edit{RemoveCatalogues: []string{in.ID}, Digests: digests, If: segments.Any}, authorOf(ctx, in.Message))
	var refused *segments.RefusedError
	if errors.As(err, &refused) && len(refused.Mistakes) > 0 {
		return &askedError{in.ID, refused}
	}
	return err
}

// askedError says that segments ask a catalogue that was to be removed.
type askedError struct {
	id      string
	refused *segments.RefusedError
}

// Error implements error.
func (e *askedError) Error() string {
	return fmt.Sprintf("segments ask the catalogue %s: %s", e.id, e.refused)
}

// catalogueNow returns a catalogue as it is; one without a digest is not there.
func catalogueNow(ctx context.Context, kept Catalogues, id string) (segments.Catalogue, error) {
	list, err := kept.Catalogues(ctx)
	if at := slices.IndexFunc(list, func(c segments.Catalogue) bool { return c.ID == id }); at >= 0 {
		return list[at], err
	}
	return segments.Catalogue{}, err
}

// expectedCatalogue returns a catalogue as it is, and what digest it must have for
// a write to be made under a condition; the error says that it is not met.
func expectedCatalogue(ctx context.Context, kept Catalogues, id string, c condition) (segments.Catalogue, map[string]string, error) {
	now, err := catalogueNow(ctx, kept, id)
	switch {
	case err != nil:
		return now, nil, err
	case c == condition{}:
		return now, nil, nil
	case !c.holds(tagOfCatalogue(&now)):
		return now, nil, &unmetCatalogueError{now}
	}
	return now, map[string]string{id: now.Digest}, nil
}

// refusedCatalogue is the answer for an error of what is asked of a catalogue that
// the request is to blame for, nil for any other.
func refusedCatalogue(err error) *Problem {
	var unmet *unmetCatalogueError
	var conflict *segments.CatalogueConflictError
	var asked *askedError
	switch {
	case errors.As(err, &unmet):
		p := problem(http.StatusPreconditionFailed, "Get it, look at what it is now, and decide again.", "The condition does not hold: %s.", err)
		if tag := tagOfCatalogue(&unmet.now); tag != "" {
			p.headers = http.Header{"Etag": {tag}}
		}
		return p
	case errors.As(err, &conflict):
		return problem(http.StatusPreconditionFailed, "Get what there is now, look at it, and decide again.", "%s", sentence(err.Error()))
	case errors.As(err, &asked):
		p := refusalOf("", asked.refused)
		p.Title, p.Status = http.StatusText(http.StatusConflict), http.StatusConflict
		p.Detail = fmt.Sprintf("Segments ask the catalogue %s: %s.", asked.id, askersOf(asked.refused))
		p.Remedy = "Change or remove these segments first."
		return p
	case errors.Is(err, segments.ErrNoCatalogue):
		return problem(http.StatusNotFound, "Compare the id with those that there are, which GET /v1/catalogues lists.", "%s", sentence(err.Error()))
	case errors.Is(err, segments.ErrLost):
		return problem(http.StatusConflict, "Put the table again.", "%s", sentence(err.Error()))
	}
	return nil
}

// mostAskers is how many segments are named that ask a catalogue.
const mostAskers = 20

// askersOf lists the segments that mistakes are of, or the first of many.
func askersOf(refused *segments.RefusedError) string {
	var ids []string
	for _, e := range refused.Mistakes {
		ids = append(ids, e.Segment)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if more := len(ids) - mostAskers; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:mostAskers], ", "), more)
	}
	return strings.Join(ids, ", ")
}

// rationed lets few requests at once have tables in memory.
func (r *routes) rationed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		select {
		case r.large <- struct{}{}:
			defer func() { <-r.large }()
			next.ServeHTTP(w, request)
		case <-request.Context().Done():
			full(w, request)
		case <-time.After(largePatience):
			full(w, request)
		}
	})
}

// largePatience is how long a request waits for its turn to send or take a table.
const largePatience = 5 * time.Second
