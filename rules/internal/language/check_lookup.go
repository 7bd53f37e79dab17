package language

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"muster/catalogue"
	"muster/event"
	"muster/spelling"
)

const lookupUsage = `lookup("products", .sku).category == "shoes"`

// Lookup is a catalogue that a rule asks.
type Lookup struct {
	Catalogue string
	// Follows says that it is asked for what is known of the profile whenever the
	// rule is evaluated. In the predicate of a stream it is asked once for each
	// event, when that arrives.
	Follows bool
}

// Fits lists what is wrong with a rule beside the catalogues that there are: one
// that is not there, a column that it does not have, and a comparison that the
// values of a column can't ever fulfil. It is for a rule in which Check has found
// no mistake.
func Fits(text string, tables catalogue.Tables) []Mistake {
	_, mistakes := check(&checker{rule: text, tables: &tables})
	return mistakes
}

// Columns calls f with each column of a catalogue that a term asks for,
// predicates of streams included.
func (t *Term) Columns(f func(catalogue, column string)) {
	if t.Op == OpLookup {
		f(t.Value.Text(), t.Name)
	}
	for _, b := range t.below() {
		if b != nil {
			b.Columns(f)
		}
	}
}

// lookup checks lookup(catalogue, key), the row of a key, of which a column has
// to be named behind it.
func (c *checker) lookup(n ast.Node, args []ast.Node, s scope) operand {
	if c.alone {
		return of(c.wrong(n, "lookup stands in rules of segments", "catalogues can't be asked here"))
	}
	id, ok := c.constantText(args[0], lookupUsage)
	key := c.value(args[1], s)
	switch {
	case !ok, key.Op == OpInvalid:
		return of(invalid)
	case !c.isCatalogue(args[0], id):
		return of(invalid)
	case !isKey(key.Kind):
		return of(c.wrong(args[1], "a key is a text or a number, as "+lookupUsage, "lookup wants a key; this is %s", kindPhrase(key.Kind)))
	}
	one := Lookup{Catalogue: id, Follows: !s.event}
	if !slices.Contains(c.lookups, one) {
		c.lookups = append(c.lookups, one)
	}
	return of(&Term{Op: OpLookup, Value: event.StringOf(id), Args: []*Term{key}})
}

// isKey reports whether what a term yields may be the key of a row.
func isKey(k event.Kind) bool {
	return k != event.KindArray && k != event.KindObject && k != event.KindVersion
}

// isCatalogue checks that there is a catalogue.
func (c *checker) isCatalogue(n ast.Node, id string) bool {
	if c.tables == nil || (*c.tables)[id] != nil {
		return true
	}
	known := c.tables.IDs()
	hint := "there are " + strings.Join(known, ", ")
	if near := spelling.Nearest(id, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	if len(known) == 0 {
		hint = "catalogues are declared in segment files, as catalogues: - {id: " + id + ", key: sku, file: " + id + ".csv}; " +
			"where segments are definitions in Redis, evaluator segments apply brings them there, or PUT /v1/catalogues/" + id
	}
	c.wrong(n, hint, "there is no catalogue %s", id)
	return false
}

// columnOf names a column of a row.
func (c *checker) columnOf(n ast.Node, row *Term, name string) *Term {
	id := row.Value.Text()
	if row.Name != "" {
		return c.wrongField(n, "a catalogue has columns of texts, numbers, and true and false", "the column %s of %s has no field %s", row.Name, id, name)
	}
	column := &Term{Op: OpLookup, Value: row.Value, Name: name, Args: row.Args}
	if c.tables == nil {
		return column
	}
	table := (*c.tables)[id]
	found := table.Column(name)
	if found == nil {
		known := table.Columns()
		hint := "the columns are " + strings.Join(known, ", ")
		if near := spelling.Nearest(name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		return c.wrongField(n, hint, "the catalogue %s has no column %s", id, name)
	}
	column.Kind = found.Kind
	return column
}

// wholeRow reports whether a term is a row of which no column is named.
func wholeRow(t *Term) bool { return t != nil && t.Op == OpLookup && t.Name == "" }
