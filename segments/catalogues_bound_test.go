package segments

import (
	"strings"
	"testing"

	"muster/catalogue"
	"muster/sink"
)

// What all tables have together is bounded; whoever takes some away is not held up.
func TestAllCataloguesTogetherAreBounded(t *testing.T) {
	seen := &snapshot{catalogues: map[string]sink.Catalogue{"a": {ID: "a", Bytes: catalogue.MaxStored - 1}, "b": {ID: "b", Bytes: 2}}}
	c := newCheck(seen, nil)
	c.removeCatalogue("b")
	if got := c.bound(); got != "" {
		t.Errorf("taking away is refused: %s", got)
	}
	c.writeCatalogue("c", CatalogueText{Key: "k", Data: []byte("k\n")})
	if got := c.bound(); !strings.Contains(got, "all catalogues together would have 134217729 bytes; they may have 134217728") {
		t.Errorf("one byte too much: %q", got)
	}
}
