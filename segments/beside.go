package segments

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"muster/catalogue"
	"muster/rules"
)

// readBeside reads the files that a segment file names, each once and whole into
// memory.
func readBeside(source *rules.Source) {
	if !bytes.Contains(source.Data, []byte("catalogues")) {
		return // to read the file twice would cost more than the rest
	}
	for _, name := range rules.FilesOf(*source) {
		if source.Files == nil {
			source.Files = map[string]rules.File{}
		}
		source.Files[name] = readCatalogue(besideFile(source.Name, name))
	}
}

// besideFile is the path of a file that another names: relative to the folder
// that this is in.
func besideFile(source, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(source), name)
}

// readCatalogue reads the file of a catalogue, if it is not too large and does not
// change meanwhile.
func readCatalogue(path string) rules.File {
	file := rules.File{Path: path}
	before, err := os.Stat(path) // first, as to open what is no file may wait for somebody
	switch {
	case err != nil:
		file.Wrong, file.Hint = err.Error(), "a file is looked for beside the segment file that names it"
	case !before.Mode().IsRegular():
		file.Wrong, file.Hint = path+" is a folder or another thing that is no file", "name a CSV file"
	case before.Size() > catalogue.MaxBytes:
		file.Wrong, file.Hint = catalogue.TooLarge(before.Size())
	}
	if file.Wrong != "" {
		return file
	}
	f, err := os.Open(path)
	if err != nil {
		file.Wrong = err.Error()
		return file
	}
	defer func() { _ = f.Close() }() // it is only read
	if file.Data, err = io.ReadAll(io.LimitReader(f, catalogue.MaxBytes+1)); err != nil {
		file.Wrong = fmt.Sprintf("reading %s: %s", path, err)
		return file
	}
	if after, err := f.Stat(); err != nil || after.Size() != int64(len(file.Data)) || !after.ModTime().Equal(before.ModTime()) {
		file.Data = nil
		file.Wrong, file.Hint = path+" changed while it was read", "write another file and move it to this name, which changes all of it at once"
	}
	return file
}

// besideFiles lists the paths of the files that segment files name.
func besideFiles(sources []rules.Source) []string {
	var paths []string
	for i := range sources {
		for _, file := range sources[i].Files {
			paths = append(paths, file.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
