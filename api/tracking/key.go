package tracking

import (
	"context"
	"net/http"

	"muster/api/access"
)

// keyOf is where the write key of a body is kept in a request's context.
type keyOf struct{}

// withKey returns the request with the write key that its body has.
func withKey(r *http.Request, key string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), keyOf{}, key))
}

// findKey returns the write key of a request: the user name of its basic
// authentication, as clients on servers and phones send it, a bearer token, or
// what the body says, as browsers do.
func findKey(r *http.Request) string {
	if key := headerKey(r); key != "" {
		return key
	}
	key, _ := r.Context().Value(keyOf{}).(string)
	return key
}

func headerKey(r *http.Request) string {
	if key := access.BasicUser(r); key != "" {
		return key
	}
	return access.Bearer(r)
}

// bodyKey is the write key in a body, "" for none.
func bodyKey(body fields) string {
	key, _ := body.text("writeKey")
	return key
}
