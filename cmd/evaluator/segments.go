package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/configs"
	"muster/rules"
)

// readSegments reads one segment file, or every *.yaml and *.yml file of a
// folder in the order of their names.
func readSegments(path string) ([]rules.Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unusable(fmt.Errorf("reading segments: %w", err))
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = yamlFiles(path); err != nil {
			return nil, err
		}
	}
	var sources []rules.Source
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, unusable(fmt.Errorf("reading segments: %w", err))
		}
		sources = append(sources, rules.Source{Name: file, Data: data})
	}
	return sources, nil
}

func yamlFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, unusable(fmt.Errorf("reading segments: %w", err))
	}
	var files []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) {
			files = append(files, filepath.Join(folder, name))
		}
	}
	if len(files) == 0 {
		return nil, unusable(fmt.Errorf("reading segments: folder %s holds no *.yaml or *.yml file", folder))
	}
	slices.Sort(files)
	return files, nil
}

// exampleSegments returns the files of configs/segments, which are part of
// the program.
func exampleSegments() ([]rules.Source, error) {
	var sources []rules.Source
	err := fs.WalkDir(configs.Segments(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(configs.Segments(), path)
		sources = append(sources, rules.Source{Name: path, Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading example segments: %w", err)
	}
	return sources, nil
}

// compile makes a rule set; mistakes in the files make them unusable.
func compile(sources []rules.Source) (*rules.Set, error) {
	set, err := rules.Load(sources...)
	if err != nil {
		return nil, unusable(fmt.Errorf("these segments can't be used:\n\n%w", err))
	}
	if set.Len() == 0 {
		return nil, unusable(fmt.Errorf("%s: there are no segments in it; see configs/segments for examples", sources[0].Name))
	}
	return set, nil
}

func loadSegments(path string) (*rules.Set, error) {
	sources, err := readSegments(path)
	if err != nil {
		return nil, err
	}
	return compile(sources)
}
