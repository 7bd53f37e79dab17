package rules

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/twmb/murmur3"

	"muster/catalogue"
	"muster/rules/internal/language"
	"muster/yamltree"
)

// File is a file that a segment file names, as that of a catalogue.
type File struct {
	Path  string // as mistakes name it
	Data  []byte
	Wrong string // why it can't be used, "" when it was read
	Hint  string
}

// FilesOf lists the files that a segment file names, as they are written there.
// Mistakes are those of Read.
func FilesOf(source Source) []string {
	var names []string
	for _, one := range read(source).catalogues {
		names = append(names, one.file)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Declared is a catalogue as a segment file declares it, with its file.
type Declared struct {
	ID, Key string
	File    File
}

// DeclaredIn lists the catalogues of a segment file. Mistakes are those of Load.
func DeclaredIn(source Source) []Declared {
	var list []Declared
	for _, one := range read(source).catalogues {
		list = append(list, Declared{one.id, one.key, source.Files[one.file]})
	}
	return list
}

// DeclareAll makes the text of a segment file that declares catalogues, each with
// a CSV file of its id beside it.
func DeclareAll(list []Declared) []byte {
	var out strings.Builder
	out.WriteString("catalogues:\n")
	for _, one := range list {
		key, _ := json.Marshal(one.Key) // a text of JSON is one of YAML
		fmt.Fprintf(&out, "  - {id: %q, key: %s, file: %q}\n", one.ID, key, one.ID+".csv")
	}
	return []byte(out.String())
}

// TableOf makes the table of a catalogue of the content of a CSV file. Mistakes
// name the file as it is given.
func TableOf(file string, data []byte, key string) (*catalogue.Table, Errors) {
	table, mistakes := catalogue.Read(data, key)
	errs := make(Errors, len(mistakes))
	for i, m := range mistakes {
		errs[i] = &Error{File: file, Line: m.Line, Column: 1, Message: m.Message, Hint: m.Hint}
	}
	return table, errs
}

// IsCatalogueID reports whether a catalogue can have an id.
func IsCatalogueID(id string) bool { return isID(id) }

// declared is a catalogue as a segment file declares it.
type declared struct {
	id, key, file string
	at            ast.Node // the entry
	from          ast.Node // of file
	reader        *yamlReader
}

// readCatalogue reads one entry below catalogues.
func (r *yamlReader) readCatalogue(n ast.Node) {
	before := len(r.errs)
	defer func() { r.unread = r.unread || len(r.errs) > before }()
	one := declared{at: n, from: n, reader: r}
	ok := r.mapping(n, "a catalogue", []field{
		{"id", func(n ast.Node) { one.id = r.text(n, "id") }},
		{"key", func(n ast.Node) { one.key = r.text(n, "key") }},
		{"file", func(n ast.Node) { one.file, one.from = r.text(n, "file"), n }},
	})
	switch {
	case !ok || len(r.errs) > before:
		return
	case one.id == "":
		r.wrong(n, "as - {id: products, key: sku, file: products.csv}", "the catalogue has no id")
	case !isID(one.id):
		r.wrong(n, "an id is 1 to 64 of the characters a-z, 0-9 and -", "the id %q can't be used", one.id)
	case one.key == "":
		r.wrong(n, "add key:, the column that rows are known by, as key: sku", "the catalogue %s has no key", one.id)
	case one.file == "":
		r.wrong(n, "add file:, a CSV file beside this one, as file: products.csv", "the catalogue %s has no file", one.id)
	default:
		r.catalogues = append(r.catalogues, one)
	}
}

// tablesOf reads the catalogues that files declare, beside those that are there
// already.
func tablesOf(list []declared, files map[*yamlReader]map[string]File, beside catalogue.Tables) (catalogue.Tables, Errors) {
	if len(list) == 0 {
		return beside, nil
	}
	tables, first, errs := catalogue.Tables{}, map[string]string{}, Errors(nil)
	maps.Copy(tables, beside)
	for _, one := range list {
		before := len(one.reader.errs)
		if at, twice := first[one.id]; twice {
			one.reader.wrong(one.at, "give one of them another id", "the catalogue %s is declared twice; first at %s", one.id, at)
		} else if len(first) == catalogue.MaxTables {
			one.reader.wrong(one.at, "leave some out", "there are more than %d catalogues", catalogue.MaxTables)
		}
		first[one.id] = fmt.Sprintf("%s:%d", one.reader.file, yamltree.Start(one.at).Line)
		if errs = append(errs, one.reader.errs[before:]...); len(one.reader.errs) > before {
			continue
		}
		table, wrong := one.table(files[one.reader])
		if errs = append(errs, wrong...); table != nil {
			tables[one.id] = table
		}
	}
	return tables, errs
}

// table reads the file of a catalogue.
func (d *declared) table(files map[string]File) (*catalogue.Table, Errors) {
	before := len(d.reader.errs)
	file, known := files[d.file]
	switch {
	case !known:
		d.reader.wrong(d.from, "catalogues can be used in segment files that evaluator reads itself", "the file %s of the catalogue %s was not read", d.file, d.id)
	case file.Wrong != "":
		d.reader.wrong(d.from, file.Hint, "the catalogue %s can't be read: %s", d.id, file.Wrong)
	}
	if wrong := d.reader.errs[before:]; len(wrong) > 0 {
		return nil, wrong
	}
	return TableOf(file.Path, file.Data, d.key)
}

// Using returns the segment with catalogues that its rule may ask.
func (s Segment) Using(tables catalogue.Tables) Segment {
	s.tables = tables
	return s
}

// Catalogues are those that the set's rules may ask. A nil Set has none.
func (s *Set) Catalogues() catalogue.Tables {
	if s == nil {
		return nil
	}
	return s.tables
}

// Tables is a digest of the catalogues that the rule of a position asks, as they
// are now; 0 for one that asks none.
func (s *Set) Tables(position int) uint64 { return s.asked[position].all }

// joint are the catalogues of all segments together. Two of one id must be the
// same.
func joint(segments []Segment) (catalogue.Tables, error) {
	var all catalogue.Tables
	shared := true
	for i := range segments {
		own := segments[i].tables
		if own == nil {
			continue
		}
		if all == nil {
			all = own
			continue
		}
		if reflect.ValueOf(own).UnsafePointer() == reflect.ValueOf(all).UnsafePointer() {
			continue // mostly all segments share one map, and they may be very many
		}
		for id, table := range own {
			switch before := all[id]; {
			case before == table:
			case before != nil && before.Version() != table.Version():
				return nil, fmt.Errorf("compiling: the segments know two versions of the catalogue %s", id)
			case before == nil:
				if shared {
					all, shared = maps.Clone(all), false
				}
				all[id] = table
			}
		}
	}
	return all, nil
}

// lookedUp is a digest of the catalogues that a rule asks: of all, and of those
// whose changes are changes of the segment. 0 for none.
type lookedUp struct{ all, follows uint64 }

// lookedUpBy digests what a rule asks of catalogues.
func lookedUpBy(lookups []language.Lookup, tables catalogue.Tables) lookedUp {
	var all, follows []byte
	for _, one := range lookups {
		table := tables[one.Catalogue]
		if table == nil {
			continue
		}
		text := binary.BigEndian.AppendUint64([]byte(one.Catalogue), table.Version())
		if all = append(all, text...); one.Follows {
			follows = append(follows, text...)
		}
	}
	return lookedUp{digestOf(all), digestOf(follows)}
}

func digestOf(text []byte) uint64 {
	if len(text) == 0 {
		return 0
	}
	return murmur3.Sum64(text)
}

// fit lists what is wrong with a rule beside its catalogues.
func (s *Segment) fit() []language.Mistake {
	mistakes := language.Fits(s.Rule, s.tables)
	if len(mistakes) == 0 {
		return nil
	}
	mixed := s.mixed()
	for i := range mistakes {
		if mixed != "" && !strings.Contains(mistakes[i].Message, "catalogue") {
			mistakes[i].Hint = mixed
		}
	}
	return mistakes
}

// mixed says which column of those that a rule asks for is of texts because one
// cell of it is, "" for none.
func (s *Segment) mixed() string {
	one, _ := language.Check(s.Rule)
	hint := ""
	one.Term.Columns(func(id, name string) {
		if c := s.tables.Column(id, name); c != nil && c.Mixed != nil && hint == "" {
			hint = fmt.Sprintf("the column %s of %s is text, as line %d of the file has %q in it; leave it empty there, or write float(...) around it",
				name, id, c.Mixed.Line, c.Mixed.Text)
		}
	})
	return hint
}
