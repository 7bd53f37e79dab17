package api

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// exact answers requests whose query has what huma passes over: a parameter
// that stands there without a value, which would count as one that does not
// stand there, so that ?check would not only check, and one that stands there
// twice, of which only the first would count.
func exact(op *huma.Operation, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		mistakes := inexact(op.Parameters, request.URL.Query())
		if len(mistakes) == 0 {
			next.ServeHTTP(w, request)
			return
		}
		p := problem(http.StatusUnprocessableEntity, remedies[http.StatusUnprocessableEntity], "Validation failed.")
		p.Errors = mistakes
		p.write(w, request)
	})
}

// inexact returns a mistake for each parameter of a query that is not given as
// it has to be, in the order of an operation's parameters.
func inexact(parameters []*huma.Param, query url.Values) []Mistake {
	var mistakes []Mistake
	for _, p := range parameters {
		values := query[p.Name]
		switch {
		case p.In != "query" || len(values) == 0:
		case p.Schema.Type == huma.TypeArray: // of which huma passes all over where the first is empty
			if slices.Contains(values, "") && !mayBeEmpty(p.Schema.Items) {
				mistakes = append(mistakes, Mistake{Message: "expected a value each time", Location: "query." + p.Name})
			}
		case len(values) > 1:
			mistakes = append(mistakes, Mistake{Message: "expected one value, and there are several", Location: "query." + p.Name})
		case values[0] == "" && !mayBeEmpty(p.Schema):
			mistakes = append(mistakes, Mistake{Message: "expected a value", Location: "query." + p.Name})
		}
	}
	return mistakes
}

// mayBeEmpty reports whether a schema allows the empty string.
func mayBeEmpty(s *huma.Schema) bool {
	return s.Type == huma.TypeString && s.Format == "" && s.Pattern == "" && len(s.Enum) == 0 && (s.MinLength == nil || *s.MinLength == 0)
}
