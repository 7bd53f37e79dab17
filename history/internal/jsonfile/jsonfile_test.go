package jsonfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestFiles: a value is read as it was written, the last one counts, nothing
// else is left in the folder, and what can't be read says what to do.
func TestFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made")
	path := filepath.Join(folder, "a.json")
	var got map[string]string
	if err := Read(path, &got, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where there is none: %v", err)
	}
	for _, value := range []map[string]string{{"a": "long & long"}, {"b": "<"}} {
		got = nil
		if err := errors.Join(Write(path, value), Read(path, &got, "")); err != nil || !reflect.DeepEqual(got, value) {
			t.Errorf("%v reads as %v, %v", value, got, err)
		}
	}
	if err := Write(path, func() {}); err == nil {
		t.Error("what is no JSON was written")
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("the folder has %v, %v", files, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Read(path, &got, "remove it"); err == nil || !strings.HasSuffix(err.Error(), "; remove it") {
		t.Errorf("damaged: %v", err)
	}
}
