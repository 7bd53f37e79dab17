package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"muster/api/access"
	"muster/lookup"
)

// crowded has every profile in so many segments that gzip packs the answer.
type crowded struct{ Profiles }

// Memberships implements Profiles.
func (crowded) Memberships(_ context.Context, id string) (*lookup.Memberships, error) {
	m := &lookup.Memberships{Profile: id, At: keptClock, Version: 3}
	for i := range 1600 {
		m.Segments = append(m.Segments, fmt.Sprintf("segment-%d", i))
	}
	return m, nil
}

// told is what an answer says, but for what differs with each.
type told struct {
	status int
	header http.Header
	body   string
}

func (r *rig) told(t *testing.T, method, path string, headers ...string) told {
	t.Helper()
	response := r.ask(t, access.Read, method, path, nil, append([]string{requestHeader, "the-same", "Accept-Encoding", "identity"}, headers...)...)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Date")
	return told{response.StatusCode, response.Header, string(text)}
}

// humas is a way to ask for JSON that goes through huma.
const humas = "application/json;q=0.9, */*;q=0.1"

// A look-up in its plain form is answered as huma answers the same in another form:
// with each status, the same headers and the same body.
func TestPlainLookupsAreAnsweredAsHumaDoes(t *testing.T) {
	k := keeping(t, Default())
	for _, id := range []string{"u1", "ü@x.de", "a<b", "spoilt"} {
		k.spends(t, id, 150)
	}
	k.spends(t, "out", 150)
	k.spends(t, "out", 0)
	k.spoil(t, "spoilt")
	ids := map[string]int{
		"u1": 200, "out": 200, "%C3%BC%40x.de": 200, "a%3Cb": 200, "nobody": 404, "no%22bo%3Cdy": 404, "null": 400, "spoilt": 500,
		strings.Repeat("x", 5000): 400, strings.Repeat("x", 5001): 422, strings.Repeat("%C3%BC", 2501): 400, strings.Repeat("%C3%BC", 5001): 422,
	}
	compare := func() {
		for id, status := range ids {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				path := "/v1/profiles/" + id + "/memberships"
				want := k.told(t, method, path, "Accept", humas)
				for _, accept := range []string{"", "*/*", "application/json"} {
					got := k.told(t, method, path, "Accept", accept)
					if got.status != status || !reflect.DeepEqual(got, want) {
						t.Errorf("%s %.40s with %q:\n%+v\nhuma:\n%+v", method, id, accept, got, want)
					}
				}
			}
		}
	}
	compare()
	k.store.Close()
	for id, status := range ids {
		if status == 200 || status == 404 || status == 500 {
			ids[id] = http.StatusServiceUnavailable
		}
	}
	compare()
}

// spoil has Redis hold something else than a profile.
func (k *kept) spoil(t *testing.T, id string) {
	t.Helper()
	for _, key := range k.server.Keys() {
		if strings.Contains(key, ":p:") && k.server.HGet(key, id) != "" {
			k.server.HSet(key, id, "nonsense")
			return
		}
	}
	t.Fatal("there is no such profile")
}

// As many are answered at once as there is room for, in either way, and each gives
// its room back, also where it can't be answered.
func TestPlainLookupsAreBounded(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	for range maxAnswering - 1 {
		k.routes.room <- struct{}{}
	}
	for _, accept := range []string{"", humas} {
		for range 3 {
			refused(t, "nobody", k.ask(t, access.Read, http.MethodGet, "/v1/profiles/nobody/memberships", nil, "Accept", accept), http.StatusNotFound)
			if got := k.told(t, http.MethodGet, "/v1/profiles/u1/memberships", "Accept", accept); got.status != http.StatusOK {
				t.Errorf("with room for one: %+v", got)
			}
		}
	}
	k.routes.room <- struct{}{}
	for _, accept := range []string{"", humas} {
		response := k.ask(t, access.Read, http.MethodGet, "/v1/profiles/u1/memberships", nil, "Accept", accept)
		if p := refused(t, "without room", response, http.StatusServiceUnavailable, "which is as many as there may be"); response.Header.Get("Retry-After") != "1" {
			t.Errorf("%v, %+v", response.Header, p)
		}
	}
}

// TestLongMembershipsAreWrittenAsOthersAre compares an answer that is written by
// hand with what huma's encoder makes of it, plain and in gzip.
func TestLongMembershipsAreWrittenAsOthersAre(t *testing.T) {
	r := serving(t, Default(), Parts{Profiles: crowded{}})
	m, _ := crowded{}.Memberships(t.Context(), "a<b")
	var want bytes.Buffer
	if err := r.routes.api.Marshal(&want, "application/json", m); err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"identity", "gzip"} {
		response := r.ask(t, access.Read, http.MethodGet, "/v1/profiles/a%3Cb/memberships", nil, "Accept-Encoding", encoding)
		var body io.Reader = response.Body
		if encoding == "gzip" {
			unzipped, err := gzip.NewReader(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = unzipped
		} else if response.ContentLength != int64(want.Len()) {
			t.Errorf("Content-Length is %d", response.ContentLength)
		}
		text, err := io.ReadAll(body)
		if err != nil || response.StatusCode != http.StatusOK || !bytes.Equal(text, want.Bytes()) || !json.Valid(text) {
			t.Errorf("%s: %s, %v: %s", encoding, response.Status, err, text)
		}
		if kind := response.Header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("Content-Type is %q", kind)
		}
	}
}
