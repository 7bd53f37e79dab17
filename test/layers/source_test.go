package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.." // of the repository, from here
	module = "muster"
)

// source is one Go file and what it imports.
type source struct {
	file     string // path from the root
	home     string // package folder from the root
	test     bool   // whether it is only compiled for tests
	external bool   // whether it tests its package from outside
	imports  []string
}

// sources reads the imports of every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		one, err := read(name)
		all = append(all, one)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(name string) (source, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return source{}, err
	}
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return source{}, err
	}
	file := filepath.ToSlash(relative)
	s := source{file: file, home: path.Dir(file), test: strings.HasSuffix(file, "_test.go")}
	s.external = s.test && strings.HasSuffix(parsed.Name.Name, "_test")
	for _, i := range parsed.Imports {
		text, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, text)
	}
	return s, nil
}

// own returns the folder of a package of this module.
func own(imported string) (folder string, ok bool) {
	return strings.CutPrefix(imported, module+"/")
}

// within reports whether a folder or import path is one of the list or below it.
func within(name string, list ...string) bool {
	for _, one := range list {
		if name == one || strings.HasPrefix(name, one+"/") {
			return true
		}
	}
	return false
}
