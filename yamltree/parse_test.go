package yamltree_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/yamltree"
)

// hostile are lines that are cheap to write and that the parser took a time for
// that grew with the square of how many there are, and what is said of them.
var hostile = []struct{ name, head, line, want string }{
	{"keys", "", "a: 1\n", "more than 500 keys"},
	{"keys of a list's entry", "- b: 1\n", "  a: 1\n", "more than 500 keys"},
	{"keys with anchors of every length", "", "", "more than 500 keys"},
	{"keys with a question mark", "", "? a\n: 1\n", "more than 500 keys"},
	{"keys with the colon in another line", "", "  \"a\"\n: 1\n", "more than 500 keys"},
	{"keys within brackets", "[\n", "a: 1\n", "more than 500 keys"},
	{"keys with brackets that end further left", "", "  a: {\nx: 1}\n", "more than 500 keys"},
	{"keys among comments", "a: 0\n", "  b: 1\n #\n", "more than 500 keys"},
	{"entries without a value", "", "-\n", "no value"},
	{"keys without a value", "", "- a:\n", "no value"},
	{"keys without a value, in braces", "{", "a, ", "no value"},
	{"keys with a colon and no value, in braces", "{", "a:, ", "no value"},
	{"brackets", "", "[", "100 deep"},
	{"braces", "", "{a: ", "100 deep"},
	{"brackets over lines", "", "[[\n", "100 deep"},
	{"dashes", "", "- ", "100 deep"},
	{"texts", "", "---\na: 1\n", "more than 1000 texts"},
	{"ends of texts", "", "a: 1\n...\n", "more than 1000 texts"},
	{"a long key", strings.Repeat("k", 60_000) + ":\n", "- 1\n", "keys above all values"},
	{"lines of spaces", "- |\n", "   \n", "100 empty lines"},
	{"empty lines", "- |\n", "\r", "100 empty lines"},
}

func TestWhatTheParserTakesLongForIsRefused(t *testing.T) {
	for _, one := range hostile {
		text := strings.Builder{}
		text.WriteString(one.head)
		for i := range 3000 {
			line := one.line
			if line == "" {
				line = "&" + strings.Repeat("x", 1+i%7) + " a: 1\n"
			}
			text.WriteString(line)
		}
		_, err := yamltree.Parse(text.String())
		var beyond *yamltree.Excess
		if !errors.As(err, &beyond) || !strings.Contains(beyond.Message, one.want) || beyond.Hint == "" || beyond.Line < 1 {
			t.Errorf("%s: %.200v, want %s", one.name, err, one.want)
		}
	}
}

// TestWhatPeopleWriteIsParsed: long files of ordinary things stay within every
// bound.
func TestWhatPeopleWriteIsParsed(t *testing.T) {
	for name, text := range map[string]string{
		"10,000 segments": "segments:\n" + repeated(10_000, func(i int) string {
			return fmt.Sprintf("  - id: s%d\n    name: Segment {%d}\n    rule: >\n      traits.a in [1, {], 2]\n      and b: c\n\n    tests:\n"+
				"      - events: [{type: track, userId: u1, properties: {a: [1, 2], b: {c: true}}}]\n        expect: in\n", i, i)
		}),
		"a list in brackets over lines": "a: [\n" + repeated(5000, func(i int) string { return fmt.Sprint("  ", i, ",\n") }) + "]\n",
		"pairs of one line":             "a: {" + repeated(5000, func(i int) string { return fmt.Sprint("k", i, ": 1, ") }) + "z: 1}\n",
		"lists beside their key":        repeated(400, func(i int) string { return fmt.Sprint("k", i, ":\n- 1\n- 2\n") }),
		"lists in lists":                repeated(3000, func(int) string { return "- - 1\n  - a: 1\n    b:\n    - 2\n" }),
		"comments and empty lines":      repeated(3000, func(int) string { return "# a\n\n#b\n- 1\n\n\n" }),
		"braces that end in a comma":    repeated(3000, func(int) string { return "- {a: 1, }\n" }),
		"a long text":                   "a: |\n" + repeated(3000, func(int) string { return "  - a: [{\n\n" }),
	} {
		if _, err := yamltree.Parse(text); err != nil {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}

// TestBoundsAreExact: each bound lets through what it says.
func TestBoundsAreExact(t *testing.T) {
	for name, text := range map[string]func(n int) string{
		"keys":  func(n int) string { return strings.Repeat("a: 1\n", 500+n) },
		"depth": func(n int) string { return strings.Repeat("[", 99+n) + strings.Repeat("]", 99+n) },
		"empty": func(n int) string { return strings.Repeat("-\n", 1000+n) + "- 1\n" },
		"texts": func(n int) string { return strings.Repeat("---\na: 1\n", 1000+n) },
		"blank": func(n int) string { return "a: 1\n" + strings.Repeat("\n", 100+n) + "b: 1\n" },
	} {
		if _, err := yamltree.Parse(text(0)); err != nil {
			t.Errorf("%s at the bound: %.200v", name, err)
		}
		var beyond *yamltree.Excess
		if _, err := yamltree.Parse(text(1)); !errors.As(err, &beyond) {
			t.Errorf("%s beyond the bound: %.200v", name, err)
		}
	}
}

// Texts that break brackets and lines in every way are measured to their end.
func FuzzParse(f *testing.F) {
	for _, one := range hostile {
		f.Add(one.head + one.line)
	}
	f.Add("]}\n? {? a}\n:\n- ? - [a: , {b}]\n...\n")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = yamltree.Parse(text) })
}

// BenchmarkParse shows that the worst texts that are let through take a time
// that grows with their length.
func BenchmarkParse(b *testing.B) {
	for name, block := range map[string]string{
		"keys":  "-\n" + strings.Repeat("  a: 1\n", 499),
		"depth": "- " + strings.Repeat("[", 90) + strings.Repeat("]", 90) + "\n",
		"plain": "- id: a\n  rule: traits.a == 1\n",
	} {
		for _, size := range []int{128 << 10, 1 << 20} {
			text := strings.Repeat(block, size/len(block))
			b.Run(fmt.Sprintf("%s/%dKB", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if _, err := yamltree.Parse(text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func repeated(times int, write func(i int) string) string {
	var b strings.Builder
	for i := range times {
		b.WriteString(write(i))
	}
	return b.String()
}
