package api

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/lookup"
	"muster/sink"
)

// chronicled has what tests do in a chronicle.
func chronicled() sink.Config {
	redis := sink.Default()
	redis.ChronicleKeep = 3660 * 24 * time.Hour
	return redis
}

// keepingPast is a deployment with a chronicle.
func keepingPast(t *testing.T) *kept {
	t.Helper()
	return keepingWith(t, Default(), chronicled())
}

// then is an instant of the clock of the tests, and earlier the one before.
var then, earlier = lookup.Instant(keptClock).String(), lookup.Instant(keptClock - 1).String()

func TestThePastIsTold(t *testing.T) {
	k := keepingPast(t)
	k.spends(t, "u1", 150)
	var page members
	k.get(t, "/v1/segments/vip/members?at="+then, &page)
	if !slices.Equal(page.Members, []string{"u1"}) || page.Next != "" {
		t.Errorf("then %+v", page)
	}
	if k.get(t, "/v1/segments/vip/members?at="+earlier, &page); page.Members == nil || len(page.Members) > 0 {
		t.Errorf("earlier %+v", page)
	}
	var m lookup.Memberships
	k.get(t, "/v1/profiles/u1/memberships?at="+then, &m)
	if !slices.Equal(m.Segments, []string{"hidden", "vip"}) || m.Version != 2 || m.At != keptClock {
		t.Errorf("then %+v", m)
	}
	if k.get(t, "/v1/profiles/u1/memberships?at="+earlier, &m); m.Segments == nil || len(m.Segments) > 0 || m.Version != 0 {
		t.Errorf("earlier %+v", m)
	}
	k.spends(t, "u1", 0)
	var h lookup.ProfileHistory
	var got []string
	for path := "/v1/profiles/u1/history?limit=3"; len(got) < 10; path = "/v1/profiles/u1/history?limit=3&cursor=" + h.Next {
		k.get(t, path, &h)
		for _, one := range h.Changes {
			got = append(got, fmt.Sprint(one.Segment, " ", one.Entered, " ", one.Version, " ", one.Cause))
		}
		if h.Next == "" {
			break
		}
	}
	want := []string{"vip false 4 event", "hidden false 3 event", "vip true 2 event", "hidden true 1 event"}
	if !slices.Equal(got, want) {
		t.Errorf("history %q", got)
	}
}

// However many members there were, each comes once, in pages and in lines.
func TestPastMembersComeInPages(t *testing.T) {
	k := keepingPast(t)
	var want []string
	for i := range 40 {
		id := fmt.Sprint("p", i)
		k.spends(t, id, 150)
		want = append(want, id)
	}
	slices.Sort(want)
	got, cursor, pages := []string{}, "", 0
	for begun := false; !begun || cursor != ""; begun = true {
		var page members
		k.get(t, "/v1/segments/vip/members?limit=7&at="+then+"&cursor="+cursor, &page)
		got, cursor, pages = append(got, page.Members...), page.Next, pages+1
	}
	if slices.Sort(got); !slices.Equal(got, want) || pages < 3 {
		t.Errorf("in %d pages came %q", pages, got)
	}
	response := k.ask(t, access.Read, http.MethodGet, "/v1/segments/vip/members?at="+then, nil, "Accept", linesType)
	text := textOf(t, response)
	if strings.Count(text, `{"profile":"p`) != 40 || !strings.HasSuffix(text, "{\"next\":\"\"}\n") {
		t.Errorf("in lines came %s", text)
	}
}

func TestWhatWasNotKeptIsRefused(t *testing.T) {
	k := keepingPast(t)
	k.spends(t, "u1", 150)
	var page members
	for id := range 12 {
		k.spends(t, fmt.Sprint("p", id), 150)
	}
	k.get(t, "/v1/segments/vip/members?limit=1&at="+then, &page)
	future := time.Now().Add(40 * 365 * 24 * time.Hour).UTC().Format(time.RFC3339)
	for path, want := range map[string]string{
		"/v1/segments/vip/members?at=1990-01-01T00:00:00Z":                         "ask for then or later",
		"/v1/profiles/u1/memberships?at=1990-01-01T00:00:00Z":                      "ask for then or later",
		"/v1/segments/vip/members?at=" + future:                                    "in the future",
		"/v1/profiles/u1/memberships?at=" + future:                                 "in the future",
		"/v1/segments/buyers/members?at=" + then + "&cursor=" + page.Next:          "is no cursor for the members of buyers",
		"/v1/segments/vip/members?at=" + earlier + "&cursor=" + page.Next:          "is no cursor",
		"/v1/segments/hidden/members?at=" + then:                                   "members: false",
		"/v1/profiles/u1/history?cursor=5":                                         "is no cursor",
		"/v1/profiles/u1/history?cursor=-1.5":                                      "is no cursor",
		"/v1/segments/vip/members?cursor=1.0.0.0.0.0.00000000&at=" + then:          "is no cursor",
		"/v1/segments/vip/members?cursor=9999999.9.9.9.9.9.00000000&at=" + earlier: "is no cursor",
	} {
		response := k.ask(t, access.Read, http.MethodGet, path, nil)
		if text := textOf(t, response); response.StatusCode < 400 || response.StatusCode >= 500 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, response.StatusCode, text)
		}
	}
	// Without a chronicle nothing is told, but how to have it.
	off := keeping(t, Default())
	off.spends(t, "u1", 150)
	for _, path := range []string{"/v1/segments/vip/members?at=" + then, "/v1/profiles/u1/memberships?at=" + then, "/v1/profiles/u1/history"} {
		response := off.ask(t, access.Read, http.MethodGet, path, nil)
		if text := textOf(t, response); response.StatusCode != http.StatusBadRequest || !strings.Contains(text, "set redis.chronicle_keep") {
			t.Errorf("%s: %d %s", path, response.StatusCode, text)
		}
	}
}

// textOf is the body of an answer.
func textOf(t *testing.T, response reply) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
