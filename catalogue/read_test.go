package catalogue

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"muster/event"
)

func read(t *testing.T, file string) *Table {
	t.Helper()
	table, mistakes := Read([]byte(file), "sku")
	if len(mistakes) > 0 {
		t.Fatalf("the file has mistakes: %v", mistakes)
	}
	return table
}

func TestKindsOfColumns(t *testing.T) {
	for _, c := range []struct {
		cells []string
		kind  event.Kind
		mixed string
	}{
		{[]string{"1", "", "-2.5", "0", "1e3", "9007199254740992"}, event.KindNumber, ""},
		{[]string{"true", "", "false"}, event.KindBool, ""},
		{[]string{"shoes", "", "vases"}, event.KindString, ""},
		{[]string{"", ""}, event.KindMissing, ""},
		{[]string{"1", "n/a", "3"}, event.KindString, "n/a"},
		{[]string{"n/a", "3"}, event.KindString, "n/a"},
		{[]string{"true", "1"}, event.KindString, "1"},
		{[]string{"007"}, event.KindString, ""},
		{[]string{"12345678901234567890"}, event.KindString, ""},
		{[]string{"+1"}, event.KindString, ""},
		{[]string{".5"}, event.KindString, ""},
		{[]string{"1."}, event.KindString, ""},
		{[]string{"1e"}, event.KindString, ""},
		{[]string{" 1"}, event.KindString, ""},
		{[]string{"True"}, event.KindString, ""},
	} {
		var file strings.Builder
		file.WriteString("sku,value\n")
		for i, cell := range c.cells {
			fmt.Fprintf(&file, "k%d,%s\n", i, cell)
		}
		column := read(t, file.String()).Column("value")
		mixed := ""
		if column.Mixed != nil {
			mixed = column.Mixed.Text
		}
		if column.Kind != c.kind || mixed != c.mixed {
			t.Errorf("%q are %s, mixed by %q, want %s, %q", c.cells, column.Kind, mixed, c.kind, c.mixed)
		}
	}
}

func TestOf(t *testing.T) {
	table := read(t, "\ufeffcategory,sku,price,new\r\nshoes,A-1,9.5,true\r\n,A-2,,\r\n\"vases, old\",\"B \"\"1\"\"\",0,false\r\n")
	for _, c := range []struct {
		column, key string
		want        event.Value
	}{
		{"category", "A-1", event.StringOf("shoes")}, {"category", "A-2", event.Value{}}, {"category", `B "1"`, event.StringOf("vases, old")},
		{"price", "A-1", event.NumberOf(9.5)}, {"price", "A-2", event.Value{}}, {"price", `B "1"`, event.NumberOf(0)},
		{"new", "A-1", event.BoolOf(true)}, {"new", "A-2", event.Value{}}, {"new", `B "1"`, event.BoolOf(false)},
		{"sku", "A-1", event.StringOf("A-1")}, {"sku", "A-3", event.Value{}}, {"price", "", event.Value{}},
	} {
		got := table.Column(c.column).Of(c.key)
		if got.Kind() != c.want.Kind() || !got.IsMissing() && !got.Equal(c.want) {
			t.Errorf("%s of %s is %v, want %v", c.column, c.key, got, c.want)
		}
	}
	if table.Len() != 3 {
		t.Errorf("the table has %d rows, want 3", table.Len())
	}
}

func TestMistakes(t *testing.T) {
	many := "sku" + strings.Repeat(",c", MaxColumns)
	for _, c := range []struct {
		file string
		line int
		want string
	}{
		{"", 1, "the file is empty"},
		{"id,price\n", 1, "there is no column sku, which is the key"},
		{"sku;price\nA;1\n", 1, "columns are separated by commas"},
		{"sk,price\n", 1, "did you mean key: sk?"},
		{"sku,price,price\n", 1, "two columns are called price"},
		{"sku,,price\n", 1, "column 2 has no name"},
		{"sku, price\n", 1, "has space around it"},
		{many, 1, "the file has 101 columns; a catalogue may have 100"},
		{"sku,price\nA,1\nB\n", 3, "the row has 1 cells, but there are 2 columns"},
		{"sku,price\nA,1\nB,1,2\n", 3, "the row has 3 cells, but there are 2 columns"},
		{"sku,price\nA,1\n,2\n", 3, "the row has no key: sku is empty"},
		{"sku,price\nA,1\n\nB,2\nA,3\n", 5, `the key "A" is there twice; first in line 2`},
		{"sku,price\nA\"x,1\n", 2, "a quote stands in a cell without quotes"},
		{"sku,price\n\"A,1\n", 2, "a quote is not where one can be"},
		{"sku,price\nA,1\nB,\xff\n", 3, "the file is not UTF-8 text"},
		{strings.Repeat("x", MaxBytes+1), 1, "the file has 33554433 bytes; a catalogue may have 33554432"},
	} {
		table, mistakes := Read([]byte(c.file), "sku")
		if table != nil || len(mistakes) == 0 {
			t.Errorf("%.40q is read without a mistake, want: %s", c.file, c.want)
			continue
		}
		if m := mistakes[0]; m.Line != c.line || !strings.Contains(m.Message+"; "+m.Hint, c.want) {
			t.Errorf("%.40q: line %d: %s; %s, want line %d: %s", c.file, m.Line, m.Message, m.Hint, c.line, c.want)
		}
	}
	if _, mistakes := Read([]byte("sku\n"+strings.Repeat("A\n", 50)), "sku"); len(mistakes) != maxMistakes {
		t.Errorf("%d mistakes are told, want %d", len(mistakes), maxMistakes)
	}
}

func TestTooManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 250,001 rows; runs without -short (make test)")
	}
	var file strings.Builder
	file.WriteString("sku\n")
	for i := range MaxRows + 1 {
		fmt.Fprintf(&file, "%d\n", i)
	}
	_, mistakes := Read([]byte(file.String()), "sku")
	if len(mistakes) != 1 || mistakes[0].Line != MaxRows+2 || !strings.Contains(mistakes[0].Message, "more than 250000 rows") {
		t.Errorf("the mistakes are %v", mistakes)
	}
}

func TestVersionIsOfTheContent(t *testing.T) {
	one, same, other := read(t, "sku,a\nA,1\n"), read(t, "sku,a\nA,1\n"), read(t, "sku,a\nA,2\n")
	if one.Version() != same.Version() || one.Version() == other.Version() {
		t.Errorf("the versions are %x, %x and %x", one.Version(), same.Version(), other.Version())
	}
}

// BenchmarkOf looks keys up in 100,000 rows: any of them, and nine of ten times
// the same few.
func BenchmarkOf(b *testing.B) {
	var file strings.Builder
	file.WriteString("sku,category,price\n")
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("SKU-%06d", i)
		fmt.Fprintf(&file, "%s,c%d,%d\n", keys[i], i%50, i%1000)
	}
	table, _ := Read([]byte(file.String()), "sku")
	for _, column := range []string{"category", "price"} {
		c := table.Column(column)
		for _, skewed := range []bool{false, true} {
			r := rand.New(rand.NewPCG(1, 1))
			drawn := make([]string, 1<<16)
			for i := range drawn {
				drawn[i] = keys[r.IntN(len(keys))]
				if skewed && r.IntN(10) > 0 {
					drawn[i] = keys[r.IntN(10)]
				}
			}
			b.Run(fmt.Sprintf("%s/skewed=%t", column, skewed), func(b *testing.B) {
				b.ReportAllocs()
				found := 0
				for i := range b.N {
					if !c.Of(drawn[i&(1<<16-1)]).IsMissing() {
						found++
					}
				}
				if found != b.N {
					b.Fatal("a key was not found")
				}
			})
		}
	}
	b.Run("read", func(b *testing.B) {
		for range b.N {
			if _, mistakes := Read([]byte(file.String()), "sku"); len(mistakes) > 0 {
				b.Fatal(mistakes)
			}
		}
	})
}
