// Package folder names the files that a setting stands for: one file, or all
// of a folder that are YAML.
//
// It promises the same order each time, that of the names.
//
// The trap: a file may be gone, or be another one, by the time that it is
// read.
package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files returns the path of a file as it is, and for a folder the paths of its
// *.yaml and *.yml files in the order of their names, but of no folder within
// it. A folder without any is an error.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) {
			files = append(files, filepath.Join(path, name))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("folder %s holds no *.yaml or *.yml file", path)
	}
	slices.Sort(files)
	return files, nil
}
