package segments

import (
	"runtime"
	"testing"
	"weak"

	"muster/catalogue"
)

// A table is known for as long as somebody has it.
func TestTablesThatNobodyHasAreForgotten(t *testing.T) {
	k := &knownTables{tables: map[string]weak.Pointer[catalogue.Table]{}}
	read := func() *catalogue.Table {
		table, mistakes := catalogue.Read([]byte("k\na\n"), "k")
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		return table
	}
	kept := read()
	k.add("a table", kept)
	k.add("another", read())
	if k.find("a table") != kept {
		t.Error("a table that is in use is not known")
	}
	runtime.GC()
	if k.find("another") != nil {
		t.Error("a table that nobody has is known")
	}
	k.add("a third", kept)
	if _, there := k.tables["another"]; there {
		t.Error("its place is kept")
	}
	runtime.KeepAlive(kept)
}
