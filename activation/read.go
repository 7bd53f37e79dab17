package activation

import (
	"fmt"
	"io"
	"os"

	"muster/folder"
)

// Bounds of one file, in which some 100 destinations fit.
const (
	maxFile  = 64 << 10 // bytes
	maxLines = 4000
)

// MaxDestinations bounds the destinations of all files: each costs a cursor
// and connections for every shard.
const MaxDestinations = 100

// Read reads the destinations of one file, or of every *.yaml and *.yml file
// of a folder in the order of their names. A folder without any is an error.
//
// Secrets are read from where the files say: environment and files. Names of
// files are relative to the file they stand in. check is asked about each
// webhook whose form is right, and may be nil; when its error joins several
// each is told of, at the setting with whose name and a colon it begins.
//
// Mistakes is returned for what is wrong in the files, all at once. Whether
// there are the segments that destinations ask for is Resolve's part.
func Read(path string, check func(Webhook) error) ([]Destination, error) {
	files, err := folder.Files(path)
	if err != nil {
		return nil, fmt.Errorf("reading destinations: %w", err)
	}
	all := &reading{check: check, lookup: os.LookupEnv, first: map[string]place{}}
	for _, file := range files {
		text, err := contentOf(file)
		if err != nil {
			return nil, err
		}
		all.file(file, text)
	}
	if err := all.mistakes.err(); err != nil {
		return nil, err
	}
	return all.destinations, nil
}

// contentOf returns a file's text, or a little more than maxFile of it.
func contentOf(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading destinations: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading destinations: %w", err)
	}
	return text, nil
}
