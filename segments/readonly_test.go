package segments_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"muster/segments"
)

// Where files rule, they are read as they are now, and nothing changes them.
func TestDefinitionsOfFilesAreReadOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := segments.OfFiles(file)
	write("segments:\n  - id: old\n    rule: traits.age > 60\n  - {id: pro, rule: traits.plan == 'pro'}\n")
	want := segments.Definition{ID: "old", Text: text("old", "traits.age > 60")}
	if one, err := d.Get(t.Context(), "old"); err != nil || one != want {
		t.Errorf("got %+v, %v", one, err)
	}
	write("segments:\n  - {id: pro, rule: traits.plan == 'pro'}\n")
	if list, version, err := d.List(t.Context()); err != nil || version != 0 || len(list) != 1 || list[0].ID != "pro" {
		t.Errorf("version %d has %+v, %v", version, list, err)
	}
	_, _, put := d.Put(t.Context(), "old", want.Text, segments.Any, ann)
	_, applied := d.Apply(t.Context(), segments.Edit{Remove: []string{"pro"}, If: segments.Any}, ann)
	for _, err := range []error{put, applied, d.Delete(t.Context(), "pro", segments.Any, ann), d.Check(t.Context(), segments.Edit{})} {
		if !errors.Is(err, segments.ErrReadOnly) {
			t.Errorf("a change gives %v", err)
		}
	}
	if versions, err := d.Versions(t.Context(), "", 0, 10); err != nil || len(versions) > 0 {
		t.Errorf("files have the versions %+v, %v", versions, err)
	}
	if _, err := d.At(t.Context(), 0); !errors.Is(err, segments.ErrForgotten) {
		t.Errorf("version 0 of files: %v", err)
	}
	write("segments: [}")
	if _, _, err := d.List(t.Context()); err == nil {
		t.Error("a file with a mistake is read")
	}
}
