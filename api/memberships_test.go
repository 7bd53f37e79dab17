package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"muster/api/access"
	"muster/lookup"
)

// crowded has every profile in hundreds of segments.
type crowded struct{ Profiles }

// Memberships implements Profiles.
func (crowded) Memberships(_ context.Context, id string) (*lookup.Memberships, error) {
	m := &lookup.Memberships{Profile: id, At: keptClock, Version: 3}
	for i := range 400 {
		m.Segments = append(m.Segments, fmt.Sprintf("segment-%d", i))
	}
	return m, nil
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
