package main

import (
	"os"
	"path/filepath"
	"testing"

	"muster/config"
	"muster/segments"
)

// Cubes stand where cubes.path says, else in the segment files, else nowhere.
func TestWhereCubesAre(t *testing.T) {
	folder := t.TempDir()
	for name, id := range map[string]string{"segments.yaml": "beside", "cubes.yaml": "own"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("cubes: [{id: "+id+", events: A}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range []struct{ from, path, want string }{
		{segments.FromFiles, "", "beside"}, {segments.FromFiles, "cubes.yaml", "own"}, {segments.FromRedis, "cubes.yaml", "own"}, {segments.FromRedis, "", ""},
	} {
		cfg := config.Default()
		cfg.Segments.From, cfg.Segments.Path = one.from, filepath.Join(folder, "segments.yaml")
		if one.path != "" {
			cfg.Cubes.Path = filepath.Join(folder, one.path)
		}
		cubes, err := readCubes(&cfg)
		got := ""
		for _, c := range cubes {
			got += c.ID
		}
		if err != nil || got != one.want {
			t.Errorf("%+v: %q, %v", one, got, err)
		}
	}
}
