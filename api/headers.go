package api

import (
	"net/http"
	"slices"
	"strings"

	"muster/catalogue"
)

// hardening are the headers that all answers have, by their canonical names. The
// values are those of all answers, so nobody may change them in place.
var hardening = [...]struct {
	name   string
	values []string
}{
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Frame-Options", []string{"DENY"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
	{"Cache-Control", []string{"no-store"}}, // answers are about people
}

// hardened sets the headers that keep browsers from doing more with an answer
// than is meant, and bounds the body of requests.
func hardened(encrypted bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for i := range hardening {
			h[hardening[i].name] = hardening[i].values
		}
		if encrypted {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, bodyBound(r))
		}
		next.ServeHTTP(w, r)
	})
}

// bodyBound is how many bytes the body of a request may have: a table may have
// more than anything else.
func bodyBound(r *http.Request) int64 {
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/v1/catalogues/") {
		return catalogue.MaxBytes
	}
	return maxBody
}

// shared lets pages of some origins ask (CORS). Without any, a browser lets
// none.
func shared(origins []string, next http.Handler) http.Handler {
	if len(origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if !slices.Contains(origins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "ETag, Retry-After, "+requestHeader)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
