package archive

import (
	"github.com/parquet-go/parquet-go"
)

// shape is what a column of Parquet is in JSON.
type shape uint8

const (
	leafShape  shape = iota // one value
	groupShape              // an object with the columns as fields
	listShape               // an array
	dictShape               // an object whose keys are values
)

// column is a column of Parquet, or a group of columns.
type column struct {
	name     string
	shape    shape
	optional bool
	defined  int // definition level from which on it is not null
	filled   int // definition level from which on a list has elements
	repeated int // repetition level of a list's further elements
	first    int // of the leaf columns that it is made of
	count    int // of them
	inner    []*column
	write    func(dst []byte, v parquet.Value) []byte // of a leaf
}

// columnsOf returns the columns of a file.
func columnsOf(root *parquet.Column) []*column {
	b := &columnBuilder{}
	return b.all(root.Columns(), 0, 0)
}

// columnBuilder counts the leaves.
type columnBuilder struct{ leaves int }

func (b *columnBuilder) all(found []*parquet.Column, defined, repeated int) []*column {
	var all []*column
	for _, c := range found {
		all = append(all, b.column(c, defined, repeated))
	}
	return all
}

// column builds a column that lies within levels.
func (b *columnBuilder) column(c *parquet.Column, defined, repeated int) *column {
	if c.Repeated() {
		return b.list(c, &column{name: c.Name(), defined: defined}, defined, repeated)
	}
	built := &column{name: c.Name(), optional: c.Optional()}
	if c.Optional() {
		defined++
	}
	built.defined = defined
	inner := c.Columns()
	switch {
	case c.Leaf():
		return b.leaf(c, built)
	case len(inner) == 1 && inner[0].Repeated():
		return b.list(inner[0], built, defined, repeated)
	}
	built.shape, built.first = groupShape, b.leaves
	built.inner = b.all(inner, defined, repeated)
	built.count = b.leaves - built.first
	return built
}

func (b *columnBuilder) leaf(c *parquet.Column, built *column) *column {
	built.shape, built.first, built.count = leafShape, b.leaves, 1
	built.write = writerOf(c.Type())
	b.leaves++
	return built
}

// list builds an array, or an object, of what a repeated column holds.
func (b *columnBuilder) list(c *parquet.Column, built *column, defined, repeated int) *column {
	defined, repeated = defined+1, repeated+1
	built.shape, built.filled, built.repeated, built.first = listShape, defined, repeated, b.leaves
	switch inner := c.Columns(); {
	case c.Leaf():
		built.inner = []*column{b.leaf(c, &column{defined: defined})}
	case len(inner) == 2 && inner[0].Name() == "key" && inner[0].Leaf():
		built.shape = dictShape
		built.inner = b.all(inner, defined, repeated)
	case len(inner) == 1:
		built.inner = b.all(inner, defined, repeated)
	default:
		element := &column{shape: groupShape, defined: defined, first: b.leaves}
		element.inner = b.all(inner, defined, repeated)
		element.count = b.leaves - element.first
		built.inner = []*column{element}
	}
	built.count = b.leaves - built.first
	return built
}

// rowValues are the values of one row, by leaf column.
type rowValues struct {
	of [][]parquet.Value
	at []int // of each: what was not read yet
}

func (r *rowValues) init(columns []*column) {
	leaves := 0
	for _, c := range columns {
		leaves += c.count
	}
	r.of, r.at = make([][]parquet.Value, leaves), make([]int, leaves)
}

// set goes to another row.
func (r *rowValues) set(row parquet.Row) {
	clear(r.of)
	clear(r.at)
	for i := 0; i < len(row); {
		end, leaf := i+1, row[i].Column()
		for end < len(row) && row[end].Column() == leaf {
			end++
		}
		r.of[leaf] = row[i:end]
		i = end
	}
}

// only returns the value of a column that has one value, false for null.
func (r *rowValues) only(c *column) (parquet.Value, bool) {
	v := r.of[c.first][0]
	return v, v.DefinitionLevel() >= c.defined && !v.IsNull()
}

func (r *rowValues) rewind(c *column) { clear(r.at[c.first : c.first+c.count]) }

func (r *rowValues) peek(c *column) parquet.Value { return r.of[c.first][r.at[c.first]] }

// skip passes over what stands for nothing in every leaf of a column.
func (r *rowValues) skip(c *column) {
	for i := c.first; i < c.first+c.count; i++ {
		r.at[i]++
	}
}

// append writes the next value of a column as JSON. It reports false for null,
// which it writes too.
func (r *rowValues) append(dst []byte, c *column) ([]byte, bool) {
	if v := r.peek(c); c.optional && v.DefinitionLevel() < c.defined {
		r.skip(c)
		return append(dst, "null"...), false
	}
	switch c.shape {
	case groupShape:
		return r.appendGroup(dst, c), true
	case listShape:
		return r.appendList(dst, c), true
	case dictShape:
		return r.appendDict(dst, c), true
	case leafShape:
	}
	v := r.peek(c)
	r.skip(c)
	if v.IsNull() {
		return append(dst, "null"...), false
	}
	return c.write(dst, v), true
}

// appendGroup leaves out what is null.
func (r *rowValues) appendGroup(dst []byte, c *column) []byte {
	dst = append(dst, '{')
	begin := len(dst)
	for _, inner := range c.inner {
		before := len(dst)
		dst = append(dst, ',')
		dst = append(appendText(dst, []byte(inner.name)), ':')
		var ok bool
		if dst, ok = r.append(dst, inner); !ok {
			dst = dst[:before]
		}
	}
	return append(closeUp(dst, begin), '}')
}

func (r *rowValues) appendList(dst []byte, c *column) []byte {
	dst = append(dst, '[')
	begin := len(dst)
	r.elements(c, func() {
		dst = append(dst, ',')
		dst, _ = r.append(dst, c.inner[0])
	})
	return append(closeUp(dst, begin), ']')
}

func (r *rowValues) appendDict(dst []byte, c *column) []byte {
	dst = append(dst, '{')
	begin := len(dst)
	r.elements(c, func() {
		key, before := r.peek(c.inner[0]), len(dst)
		r.skip(c.inner[0])
		dst = append(dst, ',')
		dst = append(appendText(dst, key.Bytes()), ':')
		var ok bool
		if dst, ok = r.append(dst, c.inner[1]); !ok {
			dst = dst[:before]
		}
	})
	return append(closeUp(dst, begin), '}')
}

// elements calls each for every element of a list, which must read it.
func (r *rowValues) elements(c *column, each func()) {
	if r.peek(c).DefinitionLevel() < c.filled {
		r.skip(c)
		return
	}
	for {
		each()
		if i := c.first; r.at[i] >= len(r.of[i]) || r.peek(c).RepetitionLevel() < c.repeated {
			return
		}
	}
}
