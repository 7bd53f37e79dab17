package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/api/access"
	"muster/lookup"
)

func TestSegmentsAreListed(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 150)
	k.spends(t, "u2", 20)
	k.apply(t, `{"type":"track","userId":"u3","event":"Order Completed"}`)
	var got struct{ Segments []lookup.Segment }
	k.get(t, "/v1/segments", &got)
	want := []lookup.Segment{
		{ID: "buyers", Name: "", Size: 1, Members: true}, {ID: "hidden", Size: 2}, {ID: "vip", Name: "Spends a lot", Size: 1, Members: true},
	}
	if len(got.Segments) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, one := range got.Segments {
		if one.State == "" {
			t.Errorf("%s has no state", one.ID)
		}
		one.State = ""
		if one.Entered == nil || one.Left == nil {
			t.Fatalf("who enters and leaves %s is not told", one.ID)
		}
		one.Entered, one.Left = nil, nil
		if one.CompleteSince != nil {
			t.Errorf("%s is complete since %v", one.ID, one.CompleteSince)
		}
		if one != want[i] {
			t.Errorf("got %+v, want %+v", one, want[i])
		}
	}
	refused(t, "a parameter that is none", k.ask(t, access.Read, http.MethodGet, "/v1/segments?sort=size", nil), http.StatusUnprocessableEntity, "query.sort")
	refused(t, "POST", k.ask(t, access.Read, http.MethodPost, "/v1/segments", nil), http.StatusMethodNotAllowed, "Use GET.")
}

func TestASegmentHasItsRuleAndAnETag(t *testing.T) {
	k := keeping(t, Default())
	var got lookup.Definition
	before := k.get(t, "/v1/segments/vip", &got).Header.Get("ETag")
	if got.Rule != "traits.spent >= 100" || got.Name != "Spends a lot" || len(before) != 26 {
		t.Errorf("%+v, ETag %q", got, before)
	}
	k.spends(t, "u1", 150)
	if after := k.get(t, "/v1/segments/vip", &got).Header.Get("ETag"); after != before {
		t.Errorf("the ETag is another one as somebody entered: %q, before %q", after, before)
	}
	if other := k.get(t, "/v1/segments/buyers", &got).Header.Get("ETag"); other == before {
		t.Error("another segment has the same ETag")
	}
	refused(t, "an unknown one", k.ask(t, access.Read, http.MethodGet, "/v1/segments/vipp", nil), http.StatusNotFound, "near it are vip", "which GET /v1/segments lists")
	refused(t, "a long one", k.ask(t, access.Read, http.MethodGet, "/v1/segments/"+strings.Repeat("x", 65), nil), http.StatusUnprocessableEntity, "path.id")
}

func ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("p%06d", i)
	}
	return list
}

// Pages together have all members, whatever their size is.
func TestMembersComeInPages(t *testing.T) {
	k := keeping(t, Default())
	want := ids(5000)
	k.populate(t, want...)
	for _, limit := range []string{"", "limit=10000&", "limit=700&"} {
		var got []string
		for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
			var page members
			k.get(t, "/v1/segments/vip/members?"+limit+"cursor="+cursor, &page)
			got, cursor = append(got, page.Members...), page.Next
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%q: %d members, want %d", limit, len(got), len(want))
		}
	}
	var none members
	if k.get(t, "/v1/segments/buyers/members", &none); none.Members == nil || len(none.Members) > 0 || none.Next != "" {
		t.Errorf("an empty segment: %+v", none)
	}
}

func TestCursorsThatCantBeUsed(t *testing.T) {
	k := keeping(t, Default())
	k.populate(t, ids(5000)...)
	var page members
	k.get(t, "/v1/segments/vip/members?limit=10", &page)
	for path, want := range map[string]int{
		"buyers/members?cursor=" + page.Next:             http.StatusBadRequest, // of another segment
		"vip/members?cursor=1.0.4711":                    http.StatusBadRequest,
		"vip/members?cursor=x":                           http.StatusBadRequest,
		"vip/members?cursor=" + "9" + page.Next[1:]:      http.StatusBadRequest, // of another layout, or forged
		"vip/members?cursor=" + strings.Repeat("1", 101): http.StatusUnprocessableEntity,
		"vip/members?limit=0":                            http.StatusUnprocessableEntity,
		"vip/members?limit=10001":                        http.StatusUnprocessableEntity,
		"vip/members?limit=many":                         http.StatusUnprocessableEntity,
		"nobody/members":                                 http.StatusNotFound,
	} {
		for _, accept := range []string{"application/json", linesType} {
			refused(t, path, k.ask(t, access.Read, http.MethodGet, "/v1/segments/"+path, nil, "Accept", accept), want)
		}
	}
}

// linesOf reads NDJSON: the members, and the last line's cursor.
func linesOf(t *testing.T, body io.Reader) (members []string, next *string) {
	t.Helper()
	scanner := bufio.NewScanner(body)
	for scanner.Scan() {
		var line struct {
			Profile *string
			Next    *string
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, scanner.Text())
		}
		if next != nil {
			t.Errorf("a line behind the last: %s", scanner.Text())
		}
		if next = line.Next; line.Profile != nil {
			members = append(members, *line.Profile)
		}
	}
	if err := scanner.Err(); err != nil {
		t.Error(err)
	}
	return members, next
}

func TestMembersStreamAsLines(t *testing.T) {
	k := keeping(t, Default())
	want := ids(8_000)
	k.populate(t, want...)
	for _, encoding := range []string{"identity", "gzip"} {
		response := k.ask(t, access.Read, http.MethodGet, "/v1/segments/vip/members", nil, "Accept", linesType, "Accept-Encoding", encoding)
		var body io.Reader = response.Body
		if encoding == "gzip" {
			unzipped, err := gzip.NewReader(body)
			if err != nil {
				t.Fatalf("%v: %v", err, response.Header)
			}
			body = unzipped
		}
		got, next := linesOf(t, body)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) || next == nil || *next != "" || response.Header.Get("Content-Type") != linesType {
			t.Errorf("%s: %d members, next %v, %v", encoding, len(got), next, response.Header)
		}
	}
}

// The last line is missing when a list did not come to its end, and a problem
// stands there.
func TestAListThatBreaksOffSaysSo(t *testing.T) {
	k := keeping(t, Default())
	k.populate(t, ids(20_000)...)
	response := k.ask(t, access.Read, http.MethodGet, "/v1/segments/vip/members", nil, "Accept", linesType, "Accept-Encoding", "identity")
	reader := bufio.NewReader(response.Body)
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	k.server.SetError("LOADING away")
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	last := rest[bytes.LastIndexByte(bytes.TrimSpace(rest), '\n')+1:]
	var p Problem
	if err := json.Unmarshal(last, &p); err != nil || p.Status != http.StatusServiceUnavailable || p.Request == "" || strings.Contains(string(last), "LOADING") {
		t.Errorf("the last line is %s", last)
	}
}

// A client that takes nothing is left waiting and keeps nobody else from
// being answered.
func TestASlowClientIsAlone(t *testing.T) {
	k := keeping(t, Default())
	k.populate(t, ids(20_000)...)
	slow, err := net.Dial("tcp", strings.TrimPrefix(k.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	_, _ = fmt.Fprintf(slow, "GET /v1/segments/vip/members HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\nAuthorization: Bearer %s\r\n\r\n", linesType, k.tokens[access.Read])
	if _, err := bufio.NewReaderSize(slow, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	var page members
	k.get(t, "/v1/segments/vip/members", &page)
	if len(page.Members) < 1000 {
		t.Errorf("%d members", len(page.Members))
	}
}

func TestSegmentsAreChecked(t *testing.T) {
	k := keeping(t, Default())
	check := func(text string) checked {
		response := k.ask(t, access.Read, http.MethodPost, "/v1/segments/check", strings.NewReader(text), "Content-Type", "application/yaml")
		var got checked
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", response.Status, err)
		}
		return got
	}
	if got := check(keptRules); !got.Valid || got.Segments != 3 || len(got.Errors) > 0 || len(got.Costs) != 3 {
		t.Errorf("good segments: %+v", got)
	}
	if got := check(`{"segments":[{"id":"a","rule":"traits.x > 1"}]}`); !got.Valid || got.Segments != 1 {
		t.Errorf("JSON: %+v", got)
	}
	got := check("segments:\n  - id: vip\n    rule: traits.spent >> 100\n  - id: other\n    ruel: true\n")
	if got.Valid || len(got.Errors) != 3 || got.Errors[2].Line != 3 || got.Errors[2].Column != 25 || !strings.Contains(got.Errors[2].Text, "^") || got.Errors[1].Hint == "" {
		t.Errorf("mistakes: %+v", got)
	}
}

func TestWhatCantBeChecked(t *testing.T) {
	k := keeping(t, Default())
	post := func(body io.Reader) reply {
		return k.ask(t, access.Read, http.MethodPost, "/v1/segments/check", body, "Content-Type", "application/yaml")
	}
	refused(t, "nothing", post(nil), http.StatusBadRequest)
	refused(t, "a large body", post(strings.NewReader(strings.Repeat("#", maxBody+1))), http.StatusRequestEntityTooLarge)
	refused(t, "no token", k.ask(t, "", http.MethodPost, "/v1/segments/check", strings.NewReader(keptRules)), http.StatusUnauthorized)
	refused(t, "wrong scope", k.ask(t, access.Write, http.MethodPost, "/v1/segments/check", strings.NewReader(keptRules)), http.StatusForbidden)
}

// What Redis says of itself stays in the log.
func TestTroubleOfRedisIsNotShown(t *testing.T) {
	k := keeping(t, Default())
	k.server.SetError("WRONGPASS of 10.0.0.7")
	for _, path := range []string{"/v1/segments", "/v1/segments/vip/members", "/v1/profiles/u1", "/v1/profiles/u1/memberships", "/v1/changes"} {
		response := k.ask(t, access.Read, http.MethodGet, path, nil, "X-Request-Id", "trouble")
		p := refused(t, path, response, http.StatusServiceUnavailable)
		if strings.Contains(fmt.Sprint(p), "WRONGPASS") || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v, %v", path, p, response.Header)
		}
	}
	deadline := time.Now().Add(time.Minute)
	for k.lines.FilterMessage("a question can't be answered").Len() == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if k.lines.FilterMessage("a question can't be answered").Len() == 0 {
		t.Error("the log says nothing")
	}
}
