package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"muster/api/access"
	"muster/sink"
)

// No parameter of a query may stand there twice, and none without a value that
// has to have one. Those that were asked for in vain change nothing.
func TestParametersWithoutAValueAreRefused(t *testing.T) {
	r := editing(t, sink.Default())
	for _, query := range []string{
		"segments/vip/members?limit=", "segments/vip/members?at=", "segments/vip/members?limit", "segments/vip/members?limit=1&limit=2",
		"segments/vip/history?from=", "segments/vip/history?step=", "profiles/u1/explain?segment=", "profiles/u1?outbox=",
	} {
		_, name, _ := strings.Cut(query, "?")
		name, _, _ = strings.Cut(name, "=")
		refused(t, query, r.ask(t, access.Read, http.MethodGet, "/v1/"+query, nil), http.StatusUnprocessableEntity, "query."+name)
	}
	for _, query := range []string{"check", "check=", "check=true&check=false"} {
		response := r.ask(t, access.Write, http.MethodPost, "/v1/definitions?"+query, strings.NewReader(`{"remove":["vip"]}`), "Content-Type", "application/json")
		refused(t, query, response, http.StatusUnprocessableEntity, "query.check")
	}
	if _, err := r.definitions.Get(t.Context(), "vip"); err != nil {
		t.Errorf("the segment that was not to be removed: %v", err)
	}
	if response := r.ask(t, access.Read, http.MethodGet, "/v1/segments/vip/members?cursor=", nil); response.StatusCode != http.StatusOK {
		t.Errorf("an empty cursor: %s", response.Status)
	}
}

// The longest id that a path may have fits into a request whatever its
// characters are, and one that is longer gets a problem.
func TestTheLongestIdOfAPathFits(t *testing.T) {
	r := keeping(t, Default())
	const most = 5000
	for _, character := range []string{"x", "é", "😀"} {
		for _, o := range r.operations(t) {
			if !strings.Contains(o.path, "/profiles/") {
				continue
			}
			ask := func(characters int) reply {
				path := strings.Replace(o.path, "/profiles/vip", "/profiles/"+url.PathEscape(strings.Repeat(character, characters)), 1)
				if strings.HasSuffix(path, "/explain") {
					path += "?segment=vip"
				}
				return r.ask(t, scopeOf(o.Operation), o.Method, path, nil)
			}
			refused(t, o.String(), ask(most), http.StatusBadRequest, "max_id")
			refused(t, o.String()+", longer", ask(most+1), http.StatusUnprocessableEntity, "path.id", "5,000 characters", "-c")
		}
	}
}
