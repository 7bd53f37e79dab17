package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"muster/api/access"
	"muster/sink"
)

// edited is a deployment whose segment vip was edited twice, deleted, and
// created again, among edits of another one.
func edited(t *testing.T) *kept {
	t.Helper()
	k := editing(t)
	k.put(t, "vip?message=more", "rule: traits.spent >= 200") // 2
	k.put(t, "other", "rule: traits.spent >= 1")              // 3
	k.put(t, "vip", "rule: traits.spent >= 300")              // 4
	if response := k.ask(t, access.Write, http.MethodDelete, "/v1/segments/vip", nil); response.StatusCode != http.StatusNoContent {
		t.Fatal(response.Status)
	}
	k.put(t, "vip", "rule: traits.spent >= 400") // 6
	return k
}

func TestVersionsOfASegment(t *testing.T) {
	k := edited(t)
	for _, limit := range []int{0, 1, 2, 5} {
		var got []string
		path := "/v1/segments/vip/versions"
		if limit > 0 {
			path += fmt.Sprint("?limit=", limit)
		}
		for next := "0"; next != ""; {
			var page struct {
				Versions []segmentVersion
				Next     string
			}
			ask := path
			if next != "0" {
				ask += "&cursor=" + next
			}
			k.get(t, ask, &page)
			if limit > 0 && len(page.Versions) > limit {
				t.Errorf("a page of %d has %d", limit, len(page.Versions))
			}
			for _, v := range page.Versions {
				got = append(got, fmt.Sprintf("%d %s was %d by %s %q", v.Version, v.Change, v.Was, v.Who, v.Message))
			}
			next = page.Next
		}
		want := `6 added was 0 by the-write ""|5 removed was 4 by the-write ""|4 changed was 2 by the-write ""|2 changed was 1 by the-write "more"|1 added was 0 by ann ""`
		if strings.Join(got, "|") != want {
			t.Errorf("limit %d: %s", limit, got)
		}
	}
	var none struct {
		Versions []segmentVersion
		Next     string
	}
	if k.get(t, "/v1/segments/never/versions", &none); none.Versions == nil || len(none.Versions) > 0 || none.Next != "" {
		t.Errorf("of one that never was: %+v", none)
	}
}

func TestASegmentAsItWas(t *testing.T) {
	k := edited(t)
	for _, one := range []struct {
		path string
		of   int64
		diff string
	}{
		{"1", 1, "none"}, {"3", 2, "none"}, {"6", 6, "none"},
		{"2?against=1", 2, "@@ -1,3 +1,2 @@\n id: vip\n-name: Spends a lot\n-rule: traits.spent >= 100\n+rule: traits.spent >= 200\n"},
		{"3?against=2", 2, ""}, {"2?against=5", 2, "@@ -0,0 +1,2 @@\n+id: vip\n+rule: traits.spent >= 200\n"},
		{"2?against=0", 2, "@@ -0,0 +1,2 @@\n+id: vip\n+rule: traits.spent >= 200\n"},
		{"4?against=6", 4, "@@ -1,2 +1,2 @@\n id: vip\n-rule: traits.spent >= 400\n+rule: traits.spent >= 300\n"},
	} {
		var got definitionAsItWas
		k.get(t, "/v1/segments/vip/versions/"+one.path, &got)
		diff := "none"
		if got.Diff != nil {
			diff = *got.Diff
		}
		if got.Version != one.of || diff != one.diff {
			t.Errorf("%s: %+v, %q", one.path, got, diff)
		}
	}
	read := func(path string) reply { return k.ask(t, access.Read, http.MethodGet, "/v1/segments/"+path, nil) }
	refused(t, "while it was removed", read("vip/versions/5"), http.StatusNotFound, "no such definition")
	refused(t, "of the future", read("vip/versions/7"), http.StatusNotFound, "is not kept")
	refused(t, "against the future", read("vip/versions/6?against=7"), http.StatusNotFound, "is not kept")
	for _, path := range []string{"vip/versions/0", "vip/versions/x", "vip/versions/1?against=-2", "vip/versions?limit=0", "vip/versions?limit=1001", "vip/versions?cursor=x", "vip/versions?cursor=0"} {
		refused(t, path, read(path), http.StatusUnprocessableEntity)
	}
}

// edit sends a change of several definitions.
func (k *kept) edit(t *testing.T, query string, body any) reply {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return k.ask(t, access.Write, http.MethodPost, "/v1/definitions"+query, strings.NewReader(string(text)), "Content-Type", "application/json")
}

func TestSeveralSegmentsAreChangedAtOnce(t *testing.T) {
	k := editing(t)
	seen := int64(1)
	change := definitionsEdit{
		Version: &seen, Write: map[string]string{"vip": "rule: traits.spent >= 200", "rich": `rule: segment("vip") and traits.rich == true`},
		Remove: []string{"buyers"}, Message: "the spring",
	}
	version := func(r reply) (out struct{ Version int64 }) {
		if err := json.NewDecoder(r.Body).Decode(&out); err != nil || r.StatusCode != http.StatusOK {
			t.Errorf("%s, %v", r.Status, err)
		}
		return out
	}
	if got := version(k.edit(t, "?check=true", change)); got.Version != 1 {
		t.Errorf("checked: %+v", got)
	}
	if got := version(k.edit(t, "", change)); got.Version != 2 {
		t.Errorf("applied: %+v", got)
	}
	p := refused(t, "made for another version", k.edit(t, "", change), http.StatusPreconditionFailed, "of version 2, and not 1")
	if p.Remedy == "" {
		t.Error("it does not say what to do")
	}
	wrong := definitionsEdit{Write: map[string]string{"a": "rule: x ==", "b": "rule: traits.b == 1"}}
	for _, query := range []string{"", "?check=true"} {
		p := refused(t, "a mistake", k.edit(t, query, wrong), http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Segment != "a" || p.Errors[0].Location != "segment a" || p.Errors[0].Line != 1 {
			t.Errorf("%+v", p.Errors)
		}
	}
	var all allDefinitions
	k.get(t, "/v1/definitions", &all)
	if all.Version != 2 || len(all.Definitions) != 3 || all.Definitions[1].ID != "rich" || all.Definitions[2].Text != "id: vip\nrule: traits.spent >= 200\n" {
		t.Errorf("%+v", all)
	}
	var before allDefinitions
	k.get(t, "/v1/definitions?version=1", &before)
	if before.Version != 1 || len(before.Definitions) != 3 || before.Definitions[0].ID != "buyers" || before.Definitions[2].Name != "Spends a lot" {
		t.Errorf("%+v", before)
	}
	refused(t, "a version that is not", k.ask(t, access.Read, http.MethodGet, "/v1/definitions?version=3", nil), http.StatusNotFound, "is not kept")
	var history struct{ Versions []definitionsVersion }
	k.get(t, "/v1/definitions/versions", &history)
	if len(history.Versions) != 2 || history.Versions[0].Who != "the-write" || history.Versions[0].Message != "the spring" ||
		fmt.Sprint(history.Versions[0].Changes) != "[{buyers removed 1} {rich added 0} {vip changed 1}]" {
		t.Errorf("%+v", history)
	}
}

func TestChangesOfSeveralThatCantBeMade(t *testing.T) {
	k := editing(t)
	for what, one := range map[string]struct {
		body   string
		status int
		word   string
	}{
		"no JSON":          {`{`, 400, ""},
		"an unknown field": {`{"wriet":{}}`, 422, "body.wriet"},
		"a wrong type":     {`{"write":{"a":{"rule":"traits.x == 1"}}}`, 422, "body.write.a"},
		"a wrong list":     {`{"remove":"vip"}`, 422, "body.remove"},
		"a wrong version":  {`{"version":"1"}`, 422, "body.version"},
		"a long why":       {`{"message":"` + strings.Repeat("x", 2001) + `"}`, 422, "body.message"},
		"a bad id":         {`{"write":{"a b":"rule: traits.x == 1"}}`, 422, "1 to 64 of the characters"},
		"a huge body":      {`{"message":"` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
	} {
		response := k.ask(t, access.Write, http.MethodPost, "/v1/definitions", strings.NewReader(one.body), "Content-Type", "application/json")
		refused(t, what, response, one.status, one.word)
	}
}

// However many segments versions have changed, a page is bounded, and pages
// together have all of them.
func TestPagesOfManyChangesAreBounded(t *testing.T) {
	k := editing(t)
	const each, versions = mostChangesTold / 4, 7
	write := map[string]string{}
	for i := range each {
		write[fmt.Sprint("s", i)] = "text" // compiling so many would take long
	}
	for range versions {
		head, err := k.store.DefinitionsHead(t.Context())
		if err == nil {
			_, err = k.store.CommitDefinitions(t.Context(), head, sink.DefinitionsEdit{Write: write, Who: "ann"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		var page struct {
			Versions []definitionsVersion
			Next     string
		}
		path := "/v1/definitions/versions"
		if next != "" {
			path += "?cursor=" + next
		}
		k.get(t, path, &page)
		changes := 0
		for _, v := range page.Versions {
			got, changes = append(got, v.Version), changes+len(v.Changes)
		}
		if next = page.Next; changes > mostChangesTold+each {
			t.Errorf("a page has %d changes", changes)
		}
	}
	if fmt.Sprint(got) != "[8 7 6 5 4 3 2 1]" {
		t.Errorf("%v", got)
	}
}
