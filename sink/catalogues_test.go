package sink_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"muster/sink"
	"muster/test/kit/redis"
)

// definitionsCatalogues demands that a table is there in whole as long as it is
// declared, and not a moment longer.
func definitionsCatalogues(t *testing.T, d *definitionsDesk) {
	d.commit(map[string]string{"a": "z"})
	first := d.table("p", "one")
	if ttl := d.client.TTL(t.Context(), tableKey(first)).Val(); ttl <= 0 {
		t.Errorf("a table that nobody has declared stays for %s", ttl)
	}
	d.declare(first)
	if ttl := d.client.TTL(t.Context(), tableKey(first)).Val(); ttl != -1 {
		t.Errorf("a table that is declared goes in %s", ttl)
	}
	d.expectTable(first, "one")

	second, other := d.table("p", "two"), d.table("q", "q")
	d.declare(second, other)
	if _, err := d.store.CatalogueContent(t.Context(), first); !errors.Is(err, sink.ErrTableChanged) || d.client.Exists(t.Context(), tableKey(first)).Val() != 0 {
		t.Errorf("a table that was replaced is read, or there: %v", err)
	}
	d.expectTable(second, "two")
	d.expectTable(other, "q")

	gone, before := d.table("p", "three"), redis.Dump(t, d.client)
	d.client.Del(t.Context(), tableKey(gone))
	delete(before, tableKey(gone))
	_, err := d.store.CommitDefinitions(t.Context(), d.head, sink.DefinitionsEdit{Catalogues: map[string]sink.Catalogue{"p": gone}})
	if after := redis.Dump(t, d.client); !errors.Is(err, sink.ErrTableChanged) || !reflect.DeepEqual(before, after) {
		t.Errorf("a table that has expired is declared: %v", err)
	}

	next, err := d.store.CommitDefinitions(t.Context(), d.head, sink.DefinitionsEdit{RemoveCatalogues: []string{"p", "never"}})
	if d.head = next; err != nil || d.client.Exists(t.Context(), tableKey(second)).Val() != 0 {
		t.Errorf("a removed catalogue leaves its table: %v", err)
	}
	d.client.Del(t.Context(), tableKey(other))
	found, err := d.store.DefinitionsSince(t.Context(), sink.DefinitionsHead{})
	if err != nil || len(found.Catalogues) != 1 || !found.Catalogues["q"].Lost {
		t.Errorf("of a lost table is told %+v: %v", found.Catalogues, err)
	}
	log, err := d.store.DefinitionsVersions(t.Context(), 2, 10)
	want := [][]sink.CatalogueReplace{{{ID: "p", Was: "one", Now: "two"}, {ID: "q", Now: "q"}}, {{ID: "p", Was: "two"}}}
	if err != nil || len(log) != 2 || !slices.Equal(log[0].Catalogues, want[0]) || !slices.Equal(log[1].Catalogues, want[1]) {
		t.Errorf("the log says %+v: %v", log, err)
	}
}

func tableKey(c sink.Catalogue) string { return "m:{definitions}:table:" + c.Table }

// tableOf is a content of several chunks.
func tableOf(name string) []byte {
	var out bytes.Buffer
	for i := 0; out.Len() < 5<<19; i++ {
		fmt.Fprintf(&out, "%s,%d\n", name, i*i)
	}
	return out.Bytes()
}

// table uploads one. Its digest is its name.
func (d *definitionsDesk) table(id, name string) sink.Catalogue {
	d.t.Helper()
	one, err := d.store.UploadCatalogue(d.t.Context(), sink.Catalogue{ID: id, Key: "k", Digest: name, Columns: []string{"k"}}, tableOf(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return one
}

func (d *definitionsDesk) declare(list ...sink.Catalogue) {
	d.t.Helper()
	e := sink.DefinitionsEdit{Catalogues: map[string]sink.Catalogue{}, At: 1000, Who: "ann"}
	for _, one := range list {
		e.Catalogues[one.ID] = one
	}
	next, err := d.store.CommitDefinitions(d.t.Context(), d.head, e)
	if err != nil {
		d.t.Fatal(err)
	}
	d.head = next
}

func (d *definitionsDesk) expectTable(c sink.Catalogue, name string) {
	d.t.Helper()
	found, err := d.store.DefinitionsSince(d.t.Context(), sink.DefinitionsHead{})
	got := found.Catalogues[c.ID]
	c.Version, c.At, c.Who = d.head.Version, 1000, "ann"
	if err != nil || !reflect.DeepEqual(got, c) {
		d.t.Errorf("declared is %+v, want %+v: %v", got, c, err)
	}
	if content, err := d.store.CatalogueContent(d.t.Context(), got); err != nil || !bytes.Equal(content, tableOf(name)) {
		d.t.Errorf("the table %s has %d bytes: %v", name, len(content), err)
	}
}
