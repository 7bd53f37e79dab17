package segments

import (
	"sync"
	"weak"

	"muster/catalogue"
)

// inUse are the tables that are in use in this process, by digest: what watches
// definitions and what changes them have each in memory once, and whoever comes
// second need not read it. It keeps none in memory.
var inUse = &knownTables{tables: map[string]weak.Pointer[catalogue.Table]{}}

type knownTables struct {
	mu     sync.Mutex
	tables map[string]weak.Pointer[catalogue.Table]
}

// find returns the table of a digest, nil where nobody has it.
func (k *knownTables) find(digest string) *catalogue.Table {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.tables[digest].Value()
}

// add makes a table known, and forgets those that nobody has any more.
func (k *knownTables) add(digest string, table *catalogue.Table) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for digest, one := range k.tables {
		if one.Value() == nil {
			delete(k.tables, digest)
		}
	}
	k.tables[digest] = weak.Make(table)
}
