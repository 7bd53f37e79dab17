package activation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?s)```(yaml|json)\n(.*?)```")

// TestDocs reads the file of docs/destinations.md and compares its bodies with
// those in testdata.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/destinations.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	t.Setenv("CRM_SECRET", "whsec_x")
	secret := write(t, folder, "secret", "whsec_y\n")
	var bodies, files []string
	for _, found := range fence.FindAllStringSubmatch(string(page), -1) {
		if found[1] == "json" {
			bodies = append(bodies, found[2])
			continue
		}
		text := strings.ReplaceAll(found[2], "/run/secrets/all", secret)
		if _, err := Read(write(t, folder, "d.yaml", text), nil); err != nil {
			t.Error(err)
		}
		files = append(files, text)
	}
	if len(files) == 0 || len(bodies) != len(Formats())-1 {
		t.Fatalf("%d files and %d bodies", len(files), len(bodies))
	}
	for i, body := range bodies {
		want, err := os.ReadFile(filepath.Join("testdata", Formats()[i]+"-entered.json"))
		if err != nil {
			t.Fatal(err)
		}
		if compact(t, body) != compact(t, string(want)) {
			t.Errorf("%s: the page shows\n%s\nand it is\n%s", Formats()[i], body, want)
		}
	}
}

func compact(t *testing.T, body string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
