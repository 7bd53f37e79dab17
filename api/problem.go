package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
)

// Problem is an answer that is no success, in the form of RFC 9457.
type Problem struct {
	Title  string `json:"title" doc:"What kind of problem it is, in words."`
	Status int    `json:"status" doc:"The status of the answer."`
	Detail string `json:"detail" doc:"What is wrong with this request."`
	Remedy string `json:"remedy,omitempty" doc:"What to do."`
	// Request is for whoever looks into the log.
	Request string    `json:"request,omitempty" doc:"The id of the request, by which the server's log knows it."`
	Errors  []Mistake `json:"errors,omitempty" doc:"Each mistake of the request, where there can be several."`

	headers http.Header
}

// Mistake is one thing that is wrong with a request.
type Mistake struct {
	Message  string `json:"message" doc:"What is wrong."`
	Location string `json:"location,omitempty" doc:"Where, as query.limit or body.segments."`
	Value    any    `json:"value,omitempty" doc:"What stands there."`

	// Of a mistake in the text of a segment.
	Segment string `json:"segment,omitempty" doc:"The segment whose text has it."`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty" doc:"In characters."`
	Hint    string `json:"hint,omitempty" doc:"What to write instead."`
	Text    string `json:"text,omitempty" doc:"All of it for people, with a caret under the place."`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// problem makes a Problem. The remedy says what to do.
func problem(status int, remedy, detail string, arguments ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(detail, arguments...), Remedy: remedy}
}

// remedies are for what huma finds wrong with a request.
var remedies = map[int]string{
	http.StatusBadRequest:            "Send what openapi.json describes.",
	http.StatusNotAcceptable:         "Ask for application/json in the header Accept.",
	http.StatusRequestTimeout:        "Send the body faster.",
	http.StatusRequestEntityTooLarge: "Send less at once.",
	http.StatusUnsupportedMediaType:  "Send the header Content-Type: application/json.",
	http.StatusUnprocessableEntity:   "Change what errors tells of; openapi.json describes what is taken.",
	http.StatusInternalServerError:   "Look for the request's id in the server's log.",
}

// huma has the making of its errors in variables, for the whole process.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return asProblem(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := asProblem(status, message, errs)
		p.Request = requestOf(ctx.Context())
		if o := ctx.Operation(); o != nil && strings.HasPrefix(o.Path, "/v1/profiles/{id}") && slices.ContainsFunc(p.Errors, ofLongID) {
			p.Remedy = longIDRemedy
		}
		return p
	}
}

// longIDRemedy is what to do about the id of a profile that may not fit into the
// path of a request, see maxHeader. Such ids are there only where
// pipeline.events.max_id allows them.
const longIDRemedy = "Ask with the command of the same name and -c, which goes to Redis and Kafka itself: " +
	"an id in a path may have 5,000 characters, as many as always fit into the 64 KB of a request's headers and path."

func ofLongID(m Mistake) bool {
	return m.Location == "path.id" && strings.HasPrefix(m.Message, "expected length <=")
}

// asProblem is an error of huma's as a Problem.
func asProblem(status int, message string, errs []error) *Problem {
	p := problem(status, remedies[status], "%s", sentence(message))
	for _, err := range errs {
		if status == http.StatusInternalServerError || err == nil {
			continue // what is within is for the log
		}
		one := Mistake{Message: err.Error()}
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			detail := detailer.ErrorDetail()
			one = Mistake{Message: detail.Message, Location: detail.Location, Value: shortened(detail.Value)}
		}
		p.Errors = append(p.Errors, one)
	}
	return p
}

// sentence is a message of huma's as the others are.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// longestValue is how many characters of a value are told back.
const longestValue = 200

// shortened keeps an answer from being as large as a request.
func shortened(value any) any {
	switch v := value.(type) {
	case nil, bool, float64, int, int64:
		return v
	case string:
		if len(v) <= longestValue {
			return v
		}
		return strings.ToValidUTF8(v[:longestValue], "") + "..."
	}
	return nil
}

// write answers with the problem.
func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	p.Request = requestOf(r.Context())
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that went away is no concern
}

// refuse answers who did not get past the guard.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, refusal *access.Refusal) {
	refusal.SetHeaders(w.Header())
	note(r.Context(), refusal.Holder)
	s.parts.Observer.refused(refusal)
	problem(refusal.Status, refusal.Remedy, "%s", refusal.Detail).write(w, r)
}
