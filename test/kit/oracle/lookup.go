package oracle

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// tables are the catalogues at one time, by id. They are never changed, so that
// an event can keep those that it came with.
type tables map[string]table

// table is the rows of a catalogue, by key.
type table map[string]map[string]any

// tablesKey is where an event keeps the catalogues of its arrival.
const tablesKey = "$tables"

// Catalogue has a CSV file taken over as a catalogue from now on, or in place of
// the one before. Events that have arrived keep what was there then.
func (o *Oracle) Catalogue(id, key, file string) error {
	lines, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		return fmt.Errorf("reading the catalogue %s: %w", id, err)
	}
	names, rows := lines[0], table{}
	at := slices.Index(names, key)
	for _, line := range lines[1:] {
		rows[line[at]] = map[string]any{}
	}
	for i, name := range names {
		values := columnOf(lines[1:], i)
		for j, line := range lines[1:] {
			rows[line[at]][name] = values[j]
		}
	}
	next := maps.Clone(*o.tables)
	if next == nil {
		next = tables{}
	}
	next[id] = rows
	o.tables = &next
	return nil
}

// columnOf reads a column: as numbers if all that is not empty is one in JSON, as
// true and false if all is that, and else as texts.
func columnOf(lines [][]string, at int) []any {
	texts, typed := make([]any, len(lines)), make([]any, len(lines))
	kinds := map[string]bool{}
	for i, line := range lines {
		if line[at] == "" {
			continue
		}
		texts[i] = line[at]
		if json.Unmarshal([]byte(line[at]), &typed[i]) != nil {
			typed[i] = line[at]
		}
		kinds[fmt.Sprintf("%T", typed[i])] = true
	}
	if len(kinds) == 1 && (kinds["float64"] || kinds["bool"]) {
		return typed
	}
	return texts
}

// look returns what a row has in a column.
func (t *tables) look(id, column string, key any) any {
	text, isText := toText(key).(string)
	if !isText {
		return nil
	}
	return (*t)[id][text][column]
}

// tablesOf returns the catalogues that an event came with. Of anything else, as
// an element of a list, they are those of what is around.
func tablesOf(x, around any) any {
	if fields, ok := x.(map[string]any); ok {
		if own, ok := fields[tablesKey].(*tables); ok {
			return own
		}
	}
	return around
}

// lookup rewrites lookup(catalogue, key), of which member takes a column.
func (r *rewriter) lookup(n ast.Node, arguments []ast.Node) ast.Node {
	return r.refuse(n, "a column of the row must be named")
}

// columnIn rewrites lookup(catalogue, key).column.
func (r *rewriter) columnIn(n *ast.MemberNode, column string) (ast.Node, bool) {
	call, ok := n.Node.(*ast.CallNode)
	if !ok {
		return nil, false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	if !ok || callee.Value != "lookup" {
		return nil, false
	}
	if len(call.Arguments) != 2 {
		return r.refuse(n, "lookup takes a catalogue and a key"), true
	}
	id, ok := call.Arguments[0].(*ast.StringNode)
	if !ok {
		return r.refuse(n, "the catalogue must be a literal string"), true
	}
	r.lookups++
	return invoke("$lookup", r.around(), &ast.StringNode{Value: id.Value}, &ast.StringNode{Value: column}, r.value(call.Arguments[1])), true
}

// around names the catalogues of what the predicate at hand looks at. Outside of
// predicates they are those that there are.
func (r *rewriter) around() ast.Node {
	if r.depth == 0 {
		return &ast.NilNode{}
	}
	return &ast.IdentifierNode{Value: fmt.Sprintf("$tables%d", r.depth)}
}

// within rewrites the body of a predicate. One that asks a catalogue gets a name
// for those that the element came with.
func (r *rewriter) within(body ast.Node, rewrite func(ast.Node) ast.Node) ast.Node {
	if p, ok := body.(*ast.PredicateNode); ok {
		body = p.Node
	}
	outer, before := r.around(), r.lookups
	r.depth++
	inner := rewrite(body)
	name := fmt.Sprintf("$tables%d", r.depth)
	r.depth--
	if r.lookups == before {
		return inner
	}
	return &ast.VariableDeclaratorNode{Name: name, Value: invoke("$tables", &ast.PointerNode{}, outer), Expr: inner}
}
