package segments_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/catalogue"
	"muster/segments"
)

const (
	shoes    = `lookup("products", traits.sku).category == "shoes"`
	products = "sku,category\nA,shoes\nB,vases\n"
)

func table(csv string) map[string]segments.CatalogueText {
	return map[string]segments.CatalogueText{"products": {Key: "sku", Data: []byte(csv)}}
}

// A catalogue that comes with definitions is taken over with them, and so is
// another table. It is another meaning only of the segments that ask it.
func TestCataloguesAreTakenOver(t *testing.T) {
	store, server := newStore(t)
	d := newDefinitions(store)
	apply := func(e segments.Edit) error {
		e.If = segments.Any
		_, err := d.Apply(t.Context(), e, ann)
		return err
	}
	w := watch(t, store)
	w.expect("edition 1 of 0")
	write := map[string]string{"shoes": text("shoes", shoes), "old": text("old", "traits.age > 60")}
	if err := apply(segments.Edit{Write: write, Catalogues: table(products)}); err != nil {
		t.Fatal(err)
	}
	w.expect("edition 2 of 2")
	before := w.live.Current().Set
	if err := apply(segments.Edit{Catalogues: table(products + "C,shoes\n")}); err != nil {
		t.Fatal(err)
	}
	w.expect("edition 3 of 2")
	after := w.live.Current().Set
	for id, changes := range map[string]bool{"shoes": true, "old": false} {
		at, _ := before.Position(id)
		if other := before.Meaning(at) != after.Meaning(at); other != changes {
			t.Errorf("with another table the meaning of %s is another: %t", id, other)
		}
	}
	if err := apply(segments.Edit{Catalogues: table(products + "C,shoes\n")}); err != nil {
		t.Fatal(err)
	}
	list, err := d.Catalogues(t.Context())
	if err != nil || len(list) != 1 || list[0].Rows != 3 || list[0].Version != 2 || list[0].Who != "ann" {
		t.Fatalf("the catalogues are %+v: %v", list, err)
	}
	if _, content, err := d.CatalogueContent(t.Context(), "products"); err != nil || string(content) != products+"C,shoes\n" {
		t.Errorf("the table is %q: %v", content, err)
	}

	// Whoever begins now finds what is lost, and what to do mends it.
	server.Del("m:{definitions}:table:" + list[0].Table)
	if c := segments.NewStored(store, nil).Read(t.Context()); c.Err == nil || !strings.Contains(c.Err.Error(), "the catalogue products: redis has lost its table") {
		t.Errorf("without the table: %v", c.Err)
	}
	d = newDefinitions(store)
	if err := apply(segments.Edit{Catalogues: table(products + "C,shoes\n")}); err != nil {
		t.Fatal(err)
	}
	if c := segments.NewStored(store, nil).Read(t.Context()); c.Err != nil {
		t.Errorf("with the table again: %v", c.Err)
	}
	w.expect("unchanged")

	if err := apply(segments.Edit{Remove: []string{"shoes"}, RemoveCatalogues: []string{"products"}}); err != nil {
		t.Fatal(err)
	}
	w.expect("edition 4 of 1")
	for _, key := range server.Keys() {
		if strings.Contains(key, ":table:") {
			t.Errorf("%s is left", key)
		}
	}
}

// A catalogue that no segment asks yet is in force too, for whoever asks ad hoc.
func TestACatalogueThatNobodyAsksIsInForce(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	w := watch(t, store)
	w.expect("edition 1 of 0")
	if _, err := d.Apply(t.Context(), segments.Edit{Catalogues: table(products), If: segments.Any}, ann); err != nil {
		t.Fatal(err)
	}
	w.expect("edition 2 of 0")
	if in := w.live.Current().Set.Catalogues(); in["products"].Len() != 2 {
		t.Errorf("in force are %v", in)
	}
}

func TestCataloguesThatCantBeUsed(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	tested := text("shoes", "'"+shoes+"'") +
		"tests: [{events: [{type: identify, userId: u, traits: {sku: A}, timestamp: \"2026-11-01T10:00:00Z\"}], expect: in}]\n"
	_, err := d.Apply(t.Context(), segments.Edit{Write: map[string]string{"shoes": tested}, Catalogues: table(products), If: segments.Any}, ann)
	if err != nil {
		t.Fatal(err)
	}
	for want, e := range map[string]segments.Edit{
		"segment shoes: there is no catalogue products":              {RemoveCatalogues: []string{"products"}},
		`catalogue products:3:1: the key "A" is there twice`:         {Catalogues: table("sku,category\nA,shoes\nA,vases\n")},
		"the catalogue products has no column category":              {Catalogues: table("sku,kind\nA,shoes\n")},
		"expected profile u in, but it is out":                       {Catalogues: table("sku,category\nA,vases\n")},
		`the id "Products" can't be used`:                            {Catalogues: map[string]segments.CatalogueText{"Products": {Key: "sku", Data: []byte(products)}}},
		"the catalogue p has no key":                                 {Catalogues: map[string]segments.CatalogueText{"p": {Data: []byte(products)}}},
		"there would be 21 catalogues; there may be 20":              {Catalogues: many(catalogue.MaxTables)},
		"the catalogue products is there already":                    {Catalogues: table(products), Digests: map[string]string{"products": ""}},
		"the catalogue products has another content by now":          {Catalogues: table(products), Digests: map[string]string{"products": "x"}},
		"the catalogue stores is not there: somebody has removed it": {RemoveCatalogues: []string{"stores"}, Digests: map[string]string{"stores": "x"}},
		"segment new: there is no catalogue product\n":               {Write: map[string]string{"new": text("new", `lookup("product", traits.x).a == "b"`)}},
	} {
		e.If = segments.Any
		if _, err := d.Apply(t.Context(), e, ann); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	if _, _, err := d.CatalogueContent(t.Context(), "stores"); !errors.Is(err, segments.ErrNoCatalogue) {
		t.Errorf("what is not there is read: %v", err)
	}
	if head, err := store.DefinitionsHead(t.Context()); err != nil || head.Version != 1 {
		t.Errorf("something was stored: %+v, %v", head, err)
	}
}

func many(n int) map[string]segments.CatalogueText {
	all := map[string]segments.CatalogueText{}
	for i := range n {
		all[fmt.Sprint("p", i)] = segments.CatalogueText{Key: "k", Data: []byte("k\n")}
	}
	return all
}
