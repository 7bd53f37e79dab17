package main

import (
	"fmt"

	"muster/config"
	"muster/cube"
	"muster/insights"
	"muster/segments"
)

// cubesPath is where cubes are declared: the files of cubes.path, else those of
// segments; "" for nowhere.
func cubesPath(cfg *config.Config) string {
	if cfg.Cubes.Path != "" || cfg.Segments.From != segments.FromFiles {
		return cfg.Cubes.Path
	}
	return cfg.Segments.Path
}

// readCubes returns the cubes of a configuration.
func readCubes(cfg *config.Config) ([]*cube.Cube, error) {
	path := cubesPath(cfg)
	if path == "" {
		return nil, nil
	}
	sources, err := readSegments(path)
	if err != nil {
		return nil, err
	}
	cubes, err := cube.Read(sources...)
	if err != nil {
		return nil, unusable(fmt.Errorf("the cubes can't be used:\n\n%w", err))
	}
	return cubes, nil
}

// findCube returns the cube of an id.
func findCube(cfg *config.Config, id string) (*cube.Cube, error) {
	cubes, err := readCubes(cfg)
	if err != nil {
		return nil, err
	}
	return insights.FindCube(cubes, id)
}
