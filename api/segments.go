package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/api/access"
	"muster/lookup"
)

// Segments is what the API asks about segments.
type Segments interface {
	// Segments tells of all segments in force, in the order of their ids.
	Segments(ctx context.Context) ([]lookup.Segment, error)
	// Segment tells of one.
	Segment(ctx context.Context, id string) (*lookup.Definition, error)
	// Members calls fn with about limit profiles in a segment, 0 for all, from
	// a cursor on, and returns where to go on, "" for nowhere.
	Members(ctx context.Context, segment, cursor string, limit int, fn func(profile string) error) (next string, err error)
}

// pageDefault and pageMost are how many members a page has, about.
const (
	pageDefault = 1000
	pageMost    = 10_000
)

type segmentList struct {
	Body struct {
		Segments []lookup.Segment `json:"segments"`
	}
}

type segmentInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64" example:"vip" doc:"The id of the segment."`
}

type segmentOutput struct {
	ETag string `header:"ETag" doc:"Of the definition, not of size and state."`
	Body *describedSegment
}

type membersInput struct {
	ID     string    `path:"id" minLength:"1" maxLength:"64" example:"vip" doc:"The id of the segment."`
	Cursor string    `query:"cursor" maxLength:"100" doc:"Where to go on: next of the page before."`
	Limit  int       `query:"limit" minimum:"1" maximum:"10000" doc:"About how many members to tell of. Default: 1000, and with application/x-ndjson all."`
	At     time.Time `query:"at" doc:"Who was in at this time, as 2026-11-21T10:00:00Z, from what redis.chronicle_keep keeps. Default: now."`
	Accept string    `header:"Accept" doc:"application/x-ndjson for a line for each member, as they come."`
}

// members is a page of a segment's members.
type members struct {
	Members []string `json:"members" doc:"Ids of profiles, in no order. While a set changes, one may come twice."`
	Next    string   `json:"next" doc:"The cursor to go on with; empty when these were all."`
}

func (r *routes) addSegments(segments Segments) {
	huma.Register(r.api, huma.Operation{
		OperationID: "list-segments", Method: http.MethodGet, Path: "/v1/segments", Summary: "All segments", Tags: []string{"segments"}, Security: needs(access.Read),
		Description: "In the order of their ids. Figures are some moments old and of no single instant.",
	}, func(ctx context.Context, _ *struct{}) (*segmentList, error) {
		list, err := segments.Segments(ctx)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		out := &segmentList{}
		out.Body.Segments = list
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "get-segment", Method: http.MethodGet, Path: "/v1/segments/{id}", Summary: "One segment", Tags: []string{"segments"}, Security: needs(access.Read),
	}, func(ctx context.Context, in *segmentInput) (*segmentOutput, error) {
		out, err := r.describe(ctx, segments, in.ID)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "list-members", Method: http.MethodGet, Path: "/v1/segments/{id}/members", Summary: "Who is in a segment", Tags: []string{"segments"}, Security: needs(access.Read),
		Description: "A page of ids, or with Accept: application/x-ndjson a line {\"profile\":\"u1\"} for each, as Redis hands them out. " +
			"The last line is {\"next\":\"\"} with where to go on; where it is missing, not all have come. A cursor is good until the next reshard and, " +
			"for a gapless list, until Redis restarts or fails over.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: r.api.OpenAPI().Components.Schemas.Schema(typeOf[members](), true, "Members")},
			linesType:          {Schema: &huma.Schema{Type: "string"}},
		}}},
	}, func(ctx context.Context, in *membersInput) (*huma.StreamResponse, error) {
		if strings.Contains(in.Accept, linesType) {
			return r.memberLines(segments, in), nil
		}
		page, err := r.memberPage(ctx, segments, in)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			ctx.SetHeader("Content-Type", "application/json")
			ctx.SetStatus(http.StatusOK)
			_ = json.NewEncoder(ctx.BodyWriter()).Encode(page) // a client that went away is no concern
		}}, nil
	})
}

// etagOf is of what a write of the segment would change.
func etagOf(one *lookup.Definition) string {
	text, _ := json.Marshal([]any{one.ID, one.Name, one.Rule, one.Members}) // plain values
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

func (r *routes) memberPage(ctx context.Context, segments Segments, in *membersInput) (*members, error) {
	limit := in.Limit
	if limit == 0 {
		limit = pageDefault
	}
	page := &members{Members: []string{}}
	var err error
	page.Next, err = r.membersOf(ctx, segments, in, limit, func(profile string) error {
		page.Members = append(page.Members, profile)
		return nil
	})
	return page, err
}

const (
	linesType = "application/x-ndjson"
	// lineTimeout is how long a client may take to take some lines.
	lineTimeout = 30 * time.Second
	// flushLines is how many lines are written before they are sent. Together
	// with a page of Redis they are all that is in memory.
	flushLines = 500
)

// memberLines answers with a line for each member.
func (r *routes) memberLines(segments Segments, in *membersInput) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		request, w := humago.Unwrap(hc)
		l := &lines{w: w, control: http.NewResponseController(w), buffer: bufio.NewWriterSize(w, 1<<16)}
		goesOn(hc.Context())
		_ = l.control.SetReadDeadline(time.Time{}) // or it would end the request, as the server reads ahead
		next, err := r.membersOf(request.Context(), segments, in, in.Limit, func(profile string) error {
			return l.add(struct {
				Profile string `json:"profile"`
			}{profile})
		})
		switch {
		case err != nil && !l.begun:
			r.problemOf(request.Context(), err).write(w, request)
			return
		case err != nil && l.failed == nil:
			_ = l.add(r.problemOf(request.Context(), err))
		case err == nil:
			_ = l.add(struct {
				Next string `json:"next"`
			}{next})
		}
		_ = l.send()
	}}
}

// lines writes JSON, a line each.
type lines struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  *bufio.Writer
	begun   bool
	waiting int   // lines that were not sent yet
	failed  error // of sending
}

func (l *lines) add(value any) error {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", linesType)
		_ = l.control.SetWriteDeadline(time.Now().Add(lineTimeout))
	}
	encoder := json.NewEncoder(l.buffer)
	encoder.SetEscapeHTML(false)
	if l.failed = encoder.Encode(value); l.failed != nil {
		return l.failed
	}
	if l.waiting++; l.waiting < flushLines {
		return nil
	}
	return l.send()
}

// send sends the lines that wait. A client that does not take them in time is
// cut off.
func (l *lines) send() error {
	l.waiting = 0
	_ = l.control.SetWriteDeadline(time.Now().Add(lineTimeout))
	if l.failed = l.buffer.Flush(); l.failed == nil {
		l.failed = l.control.Flush()
	}
	return l.failed
}
