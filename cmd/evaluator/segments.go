package main

import (
	"context"
	"fmt"
	"io/fs"

	"muster/configs"
	"muster/rules"
	"muster/segments"
	"muster/service"
)

// readSegments reads one segment file, or those of a folder.
func readSegments(path string) ([]rules.Source, error) {
	sources, err := segments.Read(path)
	if err != nil {
		return nil, unusable(err)
	}
	return sources, nil
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
	set, err := segments.Compile(rules.Options{}, sources...)
	if err != nil {
		return nil, unusable(fmt.Errorf("these segments can't be used:\n\n%w", err))
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

// rules returns the rules of segment files, and where they are: with "" those
// that the configuration of a deployment names, which may be definitions.
func (r *reader) rules(ctx context.Context, path string) (set *rules.Set, where string, err error) {
	switch {
	case path != "":
	case r.config.Segments.From == segments.FromFiles:
		path = r.config.Segments.Path
	default:
		content := segments.NewStored(r.store, nil).Read(ctx)
		if content.Err != nil {
			return nil, "", service.Classify(content.Err)
		}
		if set, err = content.Build(rules.Options{}); err != nil {
			err = unusable(fmt.Errorf("the definitions in redis can't be used:\n\n%w", err))
		}
		return set, "the definitions", err
	}
	set, err = loadSegments(path)
	return set, path, err
}
