package main

import (
	"fmt"

	"muster/config"
	"muster/cube"
	"muster/segments"
	"muster/spelling"
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
	ids := make([]string, len(cubes))
	for i, c := range cubes {
		if ids[i] = c.ID; c.ID == id {
			return c, nil
		}
	}
	hint := "none is declared; see docs/insights.md"
	if near := spelling.Nearest(id, ids); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(ids) > 0 {
		hint = fmt.Sprintf("there are %v", ids)
	}
	return nil, unusable(fmt.Errorf("there is no cube %s: %s", id, hint))
}
