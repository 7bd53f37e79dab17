package archive

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The page about archives names every setting, layout, encoding and ending.
func TestDocsNameEverything(t *testing.T) {
	text, err := os.ReadFile("../../docs/archives.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append([]string{Auto}, layouts...)
	names = append(names, encodings[:Foreign]...)
	for i := range reflect.TypeFor[Config]().NumField() {
		names = append(names, reflect.TypeFor[Config]().Field(i).Tag.Get("yaml"))
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/archives.md does not name %s", name)
		}
	}
	for column := range kinds {
		if !strings.Contains(string(text), "`"+column+"`") {
			t.Errorf("docs/archives.md does not name the table %s", column)
		}
	}
}
