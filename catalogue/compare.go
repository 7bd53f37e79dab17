package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Digest identifies a file with a key: equal ones make the same table.
func Digest(data []byte, key string) string {
	hash := sha256.New()
	hash.Write([]byte(key)) // a hash.Hash never fails
	hash.Write([]byte{0})
	hash.Write(data)
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// Difference is what one table has that another has not.
type Difference struct {
	Added   int // rows by their keys
	Removed int
	Changed int // rows of which a column that both tables have is another value

	AddedColumns   []string
	RemovedColumns []string
	OtherKinds     []string // columns whose values are of another kind now
}

// Compare says what has to change in one table to make it another. A nil table
// has nothing.
func Compare(before, after *Table) Difference {
	if before == nil {
		before = &Table{}
	}
	if after == nil {
		after = &Table{}
	}
	var d Difference
	var pairs [][2]*Column
	for _, now := range after.columns {
		was := before.byName[now.Name]
		if was == nil {
			d.AddedColumns = append(d.AddedColumns, now.Name)
			continue
		}
		if was.Kind != now.Kind {
			d.OtherKinds = append(d.OtherKinds, now.Name)
		}
		pairs = append(pairs, [2]*Column{was, now})
	}
	for _, was := range before.columns {
		if after.byName[was.Name] == nil {
			d.RemovedColumns = append(d.RemovedColumns, was.Name)
		}
	}
	for key := range after.rows {
		if _, known := before.rows[key]; !known {
			d.Added++
		} else if slices.ContainsFunc(pairs, func(p [2]*Column) bool { return !alike(p[0], p[1], key) }) {
			d.Changed++
		}
	}
	d.Removed = len(before.rows) + d.Added - len(after.rows)
	return d
}

// alike reports whether two columns have the same value for a key.
func alike(a, b *Column, key string) bool {
	one, other := a.Of(key), b.Of(key)
	if one.IsMissing() || other.IsMissing() {
		return one.IsMissing() && other.IsMissing()
	}
	return one.Kind() == other.Kind() && one.Equal(other)
}
