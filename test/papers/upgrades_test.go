package papers

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// forms are the stored forms that have a number: the package that writes one,
// the constant that holds its number, and what docs/upgrades.md calls it.
var forms = []struct{ folder, constant, word string }{
	{"profile", "formatVersion", "format"},
	{"profile", "patchVersion", "patch"},
	{"directive", "formVersion", "directive"},
	{"sink", "schema", "schema"},
	{"sink", "packedVersion", "packed"},
	{"rules", "semantics", "semantics"},
}

// TestUpgradesNameEveryForm: whoever raises a number says in
// docs/upgrades.md what that means for those who run Muster.
func TestUpgradesNameEveryForm(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "upgrades.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range forms {
		number := constant(t, form.folder, form.constant)
		if row := "| " + form.word + " " + number + " |"; !strings.Contains(string(text), row) {
			t.Errorf("%s is %s in %s, and the table of docs/upgrades.md has no cell %q", form.constant, number, form.folder, row)
		}
	}
}

// constant returns the number that a package, or one below it, gives a
// constant.
func constant(t *testing.T, folder, name string) string {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^const ` + name + ` = (\d+)$`)
	number := ""
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if found := declared.FindSubmatch(text); found != nil {
			number = string(found[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if number == "" {
		t.Fatalf("package %s has no constant %s any more", folder, name)
	}
	return number
}
