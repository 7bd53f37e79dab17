package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"muster/api/access"
	"muster/catalogue"
	"muster/rules"
	"muster/segments"
	"muster/sink"
)

const keptProducts = "sku,category\nA,shoes\nB,vases\n"

// putTable sends a table, and reads what is answered.
func (k *kept) putTable(t *testing.T, path, csv string, headers ...string) (reply, toldCatalogue) {
	t.Helper()
	response := k.ask(t, access.Write, http.MethodPut, "/v1/catalogues/"+path, strings.NewReader(csv), append(headers, "Content-Type", "text/csv")...)
	var got toldCatalogue
	if response.StatusCode < http.StatusBadRequest {
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
	}
	return response, got
}

func TestACatalogueIsCreatedReplacedAndRemoved(t *testing.T) {
	k := editing(t, sink.Default())
	response, got := k.putTable(t, "products?key=sku&message=for+the+spring", keptProducts)
	tag := `"` + catalogue.Digest([]byte(keptProducts), "sku") + `"`
	if response.StatusCode != http.StatusCreated || response.Header.Get("ETag") != tag || got.Rows != 2 || got.Version != 2 || got.Who != "the-write" || got.At != keptClock {
		t.Fatalf("%s, ETag %q: %+v", response.Status, response.Header.Get("ETag"), got)
	}
	if response, again := k.putTable(t, "products?key=sku", keptProducts); response.StatusCode != http.StatusOK || again.Version != 2 {
		t.Errorf("the same again: %s, %+v", response.Status, again)
	}
	if response, _ := k.put(t, "shoes", `rule: lookup("products", traits.sku).category == "shoes"`); response.StatusCode != http.StatusCreated {
		t.Fatalf("a rule that asks it: %s", response.Status)
	}
	refused(t, "removed while it is asked", k.ask(t, access.Write, http.MethodDelete, "/v1/catalogues/products", nil),
		http.StatusConflict, "Segments ask the catalogue products: shoes.", `"segment":"shoes"`)
	response, got = k.putTable(t, "products?key=sku", keptProducts+"C,shoes\n", "If-Match", tag)
	if response.StatusCode != http.StatusOK || got.Rows != 3 || got.Version != 4 {
		t.Errorf("%s: %+v", response.Status, got)
	}
	response, _ = k.putTable(t, "products?key=sku", keptProducts, "If-Match", tag)
	if p := refused(t, "of another table", response, http.StatusPreconditionFailed, "of version 4, written by the-write"); p.Status != 0 && response.Header.Get("ETag") != `"`+got.Digest+`"` {
		t.Errorf("the ETag is %q", response.Header.Get("ETag"))
	}
	response, _ = k.putTable(t, "products?key=sku", keptProducts, "If-None-Match", "*")
	refused(t, "only created", response, http.StatusPreconditionFailed)

	var list struct{ Catalogues []toldCatalogue }
	k.get(t, "/v1/catalogues", &list)
	if len(list.Catalogues) != 1 || list.Catalogues[0].Key != "sku" || strings.Join(list.Catalogues[0].Columns, " ") != "sku category" || list.Catalogues[0].Lost {
		t.Errorf("listed are %+v", list)
	}
	csv := k.ask(t, access.Read, http.MethodGet, "/v1/catalogues/products", nil)
	text, err := io.ReadAll(csv.Body)
	if err != nil || string(text) != keptProducts+"C,shoes\n" || csv.Header.Get("ETag") != `"`+got.Digest+`"` || !strings.HasPrefix(csv.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("%s: %q, %v", csv.Status, text, err)
	}
	var history struct{ Versions []definitionsVersion }
	k.get(t, "/v1/definitions/versions?limit=1", &history)
	if len(history.Versions) != 1 || len(history.Versions[0].Catalogues) != 1 || history.Versions[0].Catalogues[0].Change != "changed" {
		t.Errorf("%+v", history)
	}
	k.ask(t, access.Write, http.MethodDelete, "/v1/segments/shoes", nil)
	if response := k.ask(t, access.Write, http.MethodDelete, "/v1/catalogues/products", nil); response.StatusCode != http.StatusNoContent {
		t.Errorf("it is removed with %s", response.Status)
	}
	refused(t, "removed twice", k.ask(t, access.Write, http.MethodDelete, "/v1/catalogues/products", nil), http.StatusNotFound, "Catalogue products")
}

func TestTablesThatCantBeUsed(t *testing.T) {
	k := editing(t, sink.Default())
	k.putTable(t, "products?key=sku", keptProducts)
	k.put(t, "shoes", `rule: lookup("products", traits.sku).category == "shoes"`)
	for what, one := range map[string]struct {
		path, csv string
		status    int
		word      string
	}{
		"without a key":       {"p", "sku\n", 422, "query.key"},
		"an empty key":        {"p?key=", "sku\n", 422, "query.key"},
		"another key":         {"p?key=sk", "sku\nA\n", 422, "did you mean key: sku?"},
		"an empty body":       {"p?key=sku", "", 400, ""},
		"a key twice":         {"p?key=sku", "sku\nA\nA\n", 422, `"line":3`},
		"no text":             {"p?key=sku", "sku\n\xff\n", 422, "save the file as UTF-8"},
		"a bad id":            {"P%20q?key=sku", "sku\nA\n", 422, "1 to 64 of the characters"},
		"without a column":    {"products?key=sku", "sku,kind\nA,shoes\n", 422, "has no column category"},
		"an unknown question": {"p?key=sku&check", "sku\nA\n", 422, "query.check"},
	} {
		response, _ := k.putTable(t, one.path, one.csv)
		refused(t, what, response, one.status, one.word)
	}
	large := k.ask(t, access.Write, http.MethodPut, "/v1/catalogues/p?key=sku", io.LimitReader(endless{}, catalogue.MaxBytes+1), "Content-Type", "text/csv")
	refused(t, "a huge table", large, http.StatusRequestEntityTooLarge)
	refused(t, "without the scope", k.ask(t, access.Read, http.MethodPut, "/v1/catalogues/p?key=sku", strings.NewReader("sku\nA\n")), http.StatusForbidden)
	refused(t, "one that is not", k.ask(t, access.Read, http.MethodGet, "/v1/catalogues/stores", nil), http.StatusNotFound, "GET /v1/catalogues lists")
	files := keeping(t, Default())
	refused(t, "where files rule", files.ask(t, access.Read, http.MethodGet, "/v1/catalogues", nil), http.StatusConflict)
}

// endless is a text that does not end.
type endless struct{}

// Read implements io.Reader.
func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A draft that is checked may ask the catalogues in force.
func TestADraftMayAskCatalogues(t *testing.T) {
	k := keepingWith(t, Default(), sink.Default(), func(k *kept, parts *Parts) {
		k.definitions = segments.NewDefinitions(k.store, func() int64 { return keptClock }, rules.NewChecks())
		parts.Definitions, parts.Tables = k.definitions, func() catalogue.Tables { return k.live.Current().Set.Catalogues() }
	})
	k.putTable(t, "products?key=sku", keptProducts)
	k.takeOver(t)
	for rule, want := range map[string]bool{`lookup("products", traits.sku).category == "shoes"`: true, `lookup("stores", traits.sku).category == "shoes"`: false} {
		response := k.ask(t, access.Read, http.MethodPost, "/v1/segments/check", strings.NewReader("segments:\n  - id: a\n    rule: '"+rule+"'\n"))
		var got checked
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Valid != want {
			t.Errorf("%s: %+v, %v", rule, got, err)
		}
	}
}
