package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"muster/api/access"
	"muster/lookup"
	"muster/rules"
	"muster/segments"
	"muster/sink"
)

// editing serves an API of a deployment whose segments are definitions: those
// of keptRules, in version 1, by ann.
func editing(t *testing.T, redis sink.Config) *kept {
	t.Helper()
	return keepingWith(t, Default(), redis, func(k *kept, parts *Parts) {
		k.definitions = segments.NewDefinitions(k.store, func() int64 { return keptClock }, rules.NewChecks())
		texts, wrong := rules.Split(rules.Source{Data: []byte(keptRules)})
		write := map[string]string{}
		for _, one := range texts {
			write[one.ID] = one.Text
		}
		if _, err := k.definitions.Apply(t.Context(), segments.Edit{Write: write, If: segments.Any}, segments.Author{Who: "ann"}); err != nil || len(wrong) > 0 {
			t.Fatal(err, wrong)
		}
		parts.Definitions = k.definitions
	})
}

// takeOver puts the definitions in force, as an evaluator does.
func (k *kept) takeOver(t *testing.T) {
	t.Helper()
	content := segments.NewStored(k.store, nil).Read(t.Context())
	set, err := content.Build(rules.Options{})
	if err != nil || content.Err != nil {
		t.Fatal(err, content.Err)
	}
	k.live.Publish(set)
}

// put sends the text of a segment, and reads what is answered.
func (k *kept) put(t *testing.T, path, text string, headers ...string) (reply, definition) {
	t.Helper()
	response := k.ask(t, access.Write, http.MethodPut, "/v1/segments/"+path, strings.NewReader(text), headers...)
	var got definition
	if response.StatusCode < http.StatusBadRequest {
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
	}
	return response, got
}

func (k *kept) tag(t *testing.T, id string) string {
	t.Helper()
	var got describedSegment
	return k.get(t, "/v1/segments/"+id, &got).Header.Get("ETag")
}

func TestASegmentIsCreatedEditedAndDeleted(t *testing.T) {
	k := editing(t, sink.Default())
	response, got := k.put(t, "young?message=for+the+spring", "# who is\nrule: traits.age < 30\n")
	created := definition{ID: "young", Rule: "traits.age < 30", Members: true, Version: 2, At: keptClock, Who: "the-write", Text: "# who is\nid: young\nrule: traits.age < 30\n"}
	if response.StatusCode != http.StatusCreated || got != created || response.Header.Get("ETag") != k.tag(t, "young") {
		t.Errorf("%s, ETag %q: %+v", response.Status, response.Header.Get("ETag"), got)
	}
	if response, again := k.put(t, "young", created.Text); response.StatusCode != http.StatusOK || again != created {
		t.Errorf("the same again: %s, %+v", response.Status, again)
	}
	response, got = k.put(t, "young", `{"id": "young", "name": "Young", "rule": "traits.age < 25", "members": false}`, "Content-Type", "application/json")
	if response.StatusCode != http.StatusOK || got.Version != 3 || got.Name != "Young" || got.Members || got.Rule != "traits.age < 25" {
		t.Errorf("%s: %+v", response.Status, got)
	}
	if response := k.ask(t, access.Write, http.MethodDelete, "/v1/segments/young", nil); response.StatusCode != http.StatusNoContent {
		t.Errorf("it is deleted with %s", response.Status)
	}
	refused(t, "deleted twice", k.ask(t, access.Write, http.MethodDelete, "/v1/segments/young", nil), http.StatusNotFound, "Definition young")
	if _, err := k.definitions.Get(t.Context(), "young"); !errors.Is(err, segments.ErrNotFound) {
		t.Errorf("what was deleted is there: %v", err)
	}
	list, err := k.definitions.Versions(t.Context(), "young", 0, 10)
	if err != nil || len(list) != 3 || list[2].Who != "the-write" || list[2].Message != "for the spring" {
		t.Errorf("%+v, %v", list, err)
	}
}

// Who has changed a segment sees that at once, and that evaluators have yet to
// take it over.
func TestASegmentIsToldAsItIsStored(t *testing.T) {
	k := editing(t, sink.Default())
	k.takeOver(t)
	k.spends(t, "u1", 150)
	tell := func(id string) string {
		var got describedSegment
		k.get(t, "/v1/segments/"+id, &got)
		return fmt.Sprintf("%s %q %q %v of %d by %s, %d", got.ID, got.Name, got.Rule, got.State, got.Version, got.Who, got.Size)
	}
	state := tell("vip")
	if !strings.HasPrefix(state, `vip "Spends a lot" "traits.spent >= 100" `) || !strings.HasSuffix(state, " of 1 by ann, 1") {
		t.Errorf("before: %s", state)
	}
	k.put(t, "vip", "rule: traits.spent >= 200")
	k.put(t, "young", "rule: traits.age < 30")
	for id, want := range map[string]string{
		"vip": `vip "" "traits.spent >= 200" pending of 2 by the-write, 1`, "young": `young "" "traits.age < 30" pending of 3 by the-write, 0`,
	} {
		if got := tell(id); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	k.takeOver(t)
	k.open(t, k.live.Current().Set) // as evaluators do with the next batch
	k.spends(t, "u2", 250)
	k.spends(t, "u3", 250)
	if got := tell("young"); strings.Contains(got, " of 2 ") || !strings.HasPrefix(got, `young "" "traits.age < 30" `) {
		t.Errorf("taken over: %s", got)
	}
	k.ask(t, access.Write, http.MethodDelete, "/v1/segments/young", nil)
	refused(t, "removed, but in force", k.ask(t, access.Read, http.MethodGet, "/v1/segments/young", nil), http.StatusNotFound, "no segment young any more")
	refused(t, "never there", k.ask(t, access.Read, http.MethodGet, "/v1/segments/vipp", nil), http.StatusNotFound, "near it are vip")
}

func TestWritesUnderACondition(t *testing.T) {
	k := editing(t, sink.Default())
	old := k.tag(t, "vip")
	k.put(t, "vip", "rule: traits.spent >= 101")
	now := k.tag(t, "vip")
	for _, one := range []struct {
		id, header, value string
		want              int
	}{
		{"vip", "If-Match", old, 412}, {"vip", "If-Match", "W/" + now, 412}, {"vip", "If-Match", strings.Trim(now, `"`), 412},
		{"vip", "If-Match", old + ", " + `"x"`, 412}, {"new", "If-Match", "*", 412}, {"new", "If-Match", now, 412},
		{"vip", "If-None-Match", "*", 412}, {"vip", "If-None-Match", now, 412}, {"vip", "If-None-Match", "W/" + now, 412},
		{"vip", "If-None-Match", old, 200}, {"vip", "If-Match", "*", 200}, {"new", "If-None-Match", "*", 201}, {"new", "If-None-Match", "*", 412},
	} {
		response, _ := k.put(t, one.id, "rule: traits.spent >= 101", one.header, one.value)
		if response.StatusCode != one.want {
			t.Errorf("%s, %s %s: %s, want %d", one.id, one.header, one.value, response.Status, one.want)
		}
	}
	response, _ := k.put(t, "vip", "rule: traits.spent >= 102", "If-Match", old)
	if tag := response.Header.Get("ETag"); tag != now {
		t.Errorf("what is refused has the ETag %q, and not %q", tag, now)
	}
	refused(t, "an old ETag", response, http.StatusPreconditionFailed, "of version 2, written by the-write at 2026-", "decide again")
	if response, _ := k.put(t, "vip", "rule: traits.spent >= 103", "If-Match", `"x", `+now); response.StatusCode != http.StatusOK {
		t.Errorf("the right ETag: %s", response.Status)
	}
	refused(t, "deleting what has changed", k.ask(t, access.Write, http.MethodDelete, "/v1/segments/vip", nil, "If-Match", now), http.StatusPreconditionFailed)
	if response := k.ask(t, access.Write, http.MethodDelete, "/v1/segments/vip", nil, "If-Match", k.tag(t, "vip")); response.StatusCode != http.StatusNoContent {
		t.Errorf("deleting what was seen: %s", response.Status)
	}
}

// Of several who edit what they have all seen, one succeeds, and what it has
// written stays.
func TestEditsAtTheSameTime(t *testing.T) {
	k := editing(t, sink.Default())
	seen := k.tag(t, "vip")
	const editors = 8
	outcomes := make(chan string, editors)
	for i := range editors {
		go func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, k.url+"/v1/segments/vip", strings.NewReader(fmt.Sprint("rule: traits.spent >= 20", i)))
			if err != nil {
				outcomes <- err.Error()
				return
			}
			request.Header.Set("Authorization", "Bearer "+k.tokens[access.Write])
			request.Header.Set("If-Match", seen)
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				outcomes <- err.Error()
				return
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			if response.StatusCode == http.StatusOK {
				outcomes <- "stored " + string(text)
				return
			}
			outcomes <- response.Status
		}()
	}
	stored, conflicts := "", 0
	for range editors {
		switch one := <-outcomes; {
		case strings.HasPrefix(one, "stored ") && stored == "":
			stored = one
		case strings.HasPrefix(one, "412 "):
			conflicts++
		default:
			t.Error(one)
		}
	}
	one, err := k.definitions.Get(t.Context(), "vip")
	var told definition
	_ = json.Unmarshal([]byte(strings.TrimPrefix(stored, "stored ")), &told) // what is told wrongly is not what is stored
	if err != nil || conflicts != editors-1 || one.Version != 2 || told.Text != one.Text {
		t.Errorf("%d conflicts; %s; in Redis is %+v, %v", conflicts, stored, one, err)
	}
}

func TestEachMistakeOfASegmentIsTold(t *testing.T) {
	k := editing(t, sink.Default())
	response, _ := k.put(t, "vip", "name: V\nrule: traits.spent = 100\n")
	p := refused(t, "a mistake", response, http.StatusUnprocessableEntity, "docs/rules.md")
	if len(p.Errors) != 1 {
		t.Fatalf("%+v", p.Errors)
	}
	e := p.Errors[0]
	if e.Line != 2 || e.Column != 20 || e.Segment != "vip" || e.Location != "body" || e.Hint == "" || !strings.Contains(e.Text, "\n                       ^\n    hint: ") {
		t.Errorf("%+v", e)
	}
	response, _ = k.put(t, "vip", "rule: traits.spent >= 1\ntests:\n  - name: poor\n    events: [{type: identify, userId: u, traits: {spent: 2}, timestamp: 2026-11-01T10:00:00Z}]\n    expect: out\n")
	p = refused(t, "a test that fails", response, http.StatusUnprocessableEntity, "Tests that fail: 1.")
	if len(p.Errors) != 1 || p.Errors[0].Line != 3 || !strings.Contains(p.Errors[0].Message, "test poor: expected profile u out, but it is in") {
		t.Errorf("%+v", p.Errors)
	}
	if response, _ = k.put(t, "rich", `rule: segment("vip") and traits.rich == true`); response.StatusCode != http.StatusCreated {
		t.Fatal(response.Status)
	}
	p = refused(t, "what is mentioned", k.ask(t, access.Write, http.MethodDelete, "/v1/segments/vip", nil), http.StatusUnprocessableEntity)
	if len(p.Errors) != 1 || p.Errors[0].Location != "segment rich" || p.Errors[0].Segment != "rich" {
		t.Errorf("%+v", p.Errors)
	}
	response, _ = k.put(t, "many", strings.Repeat("a: 1\n", 2000))
	if p = refused(t, "very many mistakes", response, http.StatusUnprocessableEntity); len(p.Errors) > mostMistakes {
		t.Errorf("%d are told", len(p.Errors))
	}
	if one, err := k.definitions.Get(t.Context(), "vip"); err != nil || one.Version != 1 {
		t.Errorf("something was stored: %+v, %v", one, err)
	}
}

func TestSegmentsThatCantBeWritten(t *testing.T) {
	k := editing(t, sink.Default())
	for what, one := range map[string]struct {
		path, text string
		status     int
		word       string
	}{
		"nothing":              {"a", "", 400, "body is required"},
		"no YAML":              {"a", "rule: [", 422, "not YAML"},
		"no text":              {"a", "\xff\xfe", 422, "not UTF-8"},
		"a list":               {"a", "- rule: traits.x == 1", 422, "must be a mapping"},
		"a file":               {"a", "segments:\n  - {id: a, rule: traits.x == 1}\n", 422, "no key segments"},
		"two":                  {"a", "rule: traits.x == 1\n---\nrule: traits.x == 1\n", 422, "must be one segment"},
		"no rule":              {"a", "name: x", 422, "has no rule"},
		"an unknown field":     {"a", "rule: traits.x == 1\nowner: me", 422, "no key owner"},
		"a wrong type":         {"a", "rule: traits.x == 1\nmembers: maybe", 422, "members must be true or false"},
		"a rule that is none":  {"a", "rule: {}", 422, "rule"},
		"another id":           {"a", "id: b\nrule: traits.x == 1", 422, "the text is of the segment b"},
		"a long text":          {"a", "rule: traits.x == 1\nname: " + strings.Repeat("x", rules.MaxText), 422, "it may have 131072"},
		"a long why":           {"a?message=" + strings.Repeat("x", 2001), "rule: traits.x == 1", 422, "query.message"},
		"an unknown parameter": {"a?force=true", "rule: traits.x == 1", 422, "query.force"},
		"a huge body":          {"a", strings.Repeat("x", maxBody+1), 413, "Send less"},
	} {
		response, _ := k.put(t, one.path, one.text)
		refused(t, what, response, one.status, one.word)
	}
	for _, id := range []string{
		"A", "a_b", "%20", "a%20b", "a%2Fb", "%2E%2E", "%00", "%C3%A4", "%F0%9F%98%80", "'", "a'b", "%22", "%5Bobject%20Object%5D", "a%0Ab",
		"%7B%7D", "%23", "a%3A%20b", "*", "%3Cscript%3E", "-_-", strings.Repeat("x", 65),
	} {
		response, _ := k.put(t, id, "rule: traits.x == 1")
		refused(t, id, response, http.StatusUnprocessableEntity)
	}
	// These are texts that look like another type; as ids they are good.
	for _, id := range []string{"null", "true", "undefined", "0", "1e3", "2026-01-01", "none"} {
		response, got := k.put(t, id, "rule: traits.x == 1")
		if response.StatusCode != http.StatusCreated || got.ID != id {
			t.Errorf("%s: %s, %+v", id, response.Status, got)
		}
	}
	for _, scope := range []access.Scope{access.Read, access.Ingest, access.Admin} {
		refused(t, string(scope), k.ask(t, scope, http.MethodPut, "/v1/segments/a", strings.NewReader("rule: traits.x == 1")), http.StatusForbidden, "scope write")
		refused(t, string(scope), k.ask(t, scope, http.MethodDelete, "/v1/segments/vip", nil), http.StatusForbidden, "scope write")
		refused(t, string(scope), k.ask(t, scope, http.MethodPost, "/v1/definitions", strings.NewReader("{}")), http.StatusForbidden, "scope write")
	}
	refused(t, "nobody", k.ask(t, "", http.MethodDelete, "/v1/segments/vip", nil), http.StatusUnauthorized)
	if list, _, err := k.definitions.List(t.Context()); err != nil || slices.ContainsFunc(list, func(d segments.Definition) bool { return d.ID == "a" }) {
		t.Errorf("something was stored: %+v, %v", list, err)
	}
}

// Where segments are those of files, nothing is changed, and it is told what
// to do.
func TestSegmentsOfFilesAreReadOnly(t *testing.T) {
	k := keeping(t, Default())
	for _, one := range []struct {
		scope              access.Scope
		method, path, text string
	}{
		{access.Write, http.MethodPut, "segments/vip", "rule: traits.x == 1"}, {access.Write, http.MethodDelete, "segments/vip", ""},
		{access.Write, http.MethodPost, "definitions", "{}"}, {access.Read, http.MethodGet, "segments/vip/versions", ""},
		{access.Read, http.MethodGet, "segments/vip/versions/1", ""}, {access.Read, http.MethodGet, "definitions", ""},
		{access.Read, http.MethodGet, "definitions/versions", ""},
	} {
		response := k.ask(t, one.scope, one.method, "/v1/"+one.path, strings.NewReader(one.text))
		refused(t, one.path, response, http.StatusConflict, "segments.path", "segments.from: redis")
	}
	var got lookup.Definition
	if k.get(t, "/v1/segments/vip", &got); got.Rule != "traits.spent >= 100" {
		t.Errorf("%+v", got)
	}
}
