package segments

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"muster/folder"
	"muster/rules"
)

// Read reads one segment file, or every *.yaml and *.yml file of a folder in
// the order of their names, and the files of the catalogues that they declare. A
// folder without any is an error.
func Read(path string) ([]rules.Source, error) {
	files, err := folder.Files(path)
	if err != nil {
		return nil, fmt.Errorf("reading segments: %w", err)
	}
	sources := make([]rules.Source, 0, len(files))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading segments: %w", err)
		}
		source := rules.Source{Name: file, Data: data}
		readBeside(&source)
		sources = append(sources, source)
	}
	return sources, nil
}

// Files is the Source of the segment files at a path.
//
// While somebody writes a file, its beginning may be valid by itself. So what
// they say counts once two looks agree.
type Files struct {
	path   string
	build  func(rules.Options, ...rules.Source) (*rules.Set, error)
	last   Digest   // content that was read last
	beside []string // the files that it names
	stamps []stamp  // of content that was read twice, nil when they may hide a change
}

// NewFiles returns the Source of the files at a path that said begun when they
// were last read.
func NewFiles(path string, begun Content) *Files {
	return &Files{path: path, build: Compile, last: begun.Digest}
}

// ContentOf is the content of files that were read.
func ContentOf(sources []rules.Source) Content { return Content{Digest: digestOf(sources)} }

// Look implements Source.
func (f *Files) Look(ctx context.Context) (Content, bool) {
	stamps := look(f.path, f.beside)
	if alike(stamps, f.stamps) {
		return Content{}, false
	}
	now, last, beside := time.Now(), f.last, f.beside
	c := f.Read(ctx)
	f.stamps = nil
	if c.Digest == last && slices.Equal(beside, f.beside) && rested(stamps, now) {
		f.stamps = stamps
	}
	return c, true
}

// Read implements Source.
func (f *Files) Read(context.Context) Content {
	sources, err := Read(f.path)
	c := Content{Digest: digestOf(sources), Err: err}
	if err != nil {
		c.Digest = sha256.Sum256([]byte(err.Error()))
	}
	c.Build = func(o rules.Options) (*rules.Set, error) { return f.build(o, sources...) }
	f.last, f.beside = c.Digest, besideFiles(sources)
	return c
}

// Digest identifies a content.
type Digest [sha256.Size]byte

func digestOf(sources []rules.Source) Digest {
	hash := sha256.New()
	add := func(text []byte) {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // a hash.Hash never fails
		hash.Write(text)
	}
	for _, s := range sources {
		add([]byte(s.Name))
		add(s.Data)
		for _, name := range slices.Sorted(maps.Keys(s.Files)) {
			file := s.Files[name]
			add([]byte(name))
			add(file.Data)
			add([]byte(file.Wrong))
		}
	}
	return Digest(hash.Sum(nil))
}

// stamp is what can be seen of a file without reading it.
type stamp struct {
	name string
	info os.FileInfo
}

// look returns the stamps of the files at a path and of some beside, nil when they
// can't be seen.
func look(path string, beside []string) []stamp {
	files, err := folder.Files(path)
	if err != nil {
		return nil
	}
	stamps := make([]stamp, 0, len(files)+len(beside))
	for _, file := range slices.Concat(files, beside) {
		info, err := os.Stat(file)
		if err != nil {
			return nil
		}
		stamps = append(stamps, stamp{file, info})
	}
	return stamps
}

// alike reports whether two looks saw the same files unchanged. It takes no
// look that failed for any other.
func alike(a, b []stamp) bool {
	return a != nil && slices.EqualFunc(a, b, func(a, b stamp) bool {
		return a.name == b.name && a.info.Size() == b.info.Size() &&
			a.info.ModTime().Equal(b.info.ModTime()) && os.SameFile(a.info, b.info)
	})
}

// coarse is the resolution of file times that is reckoned with.
const coarse = 2 * time.Second

// rested reports whether all files were last changed long enough before now
// that any later change shows in their stamps.
func rested(stamps []stamp, now time.Time) bool {
	return !slices.ContainsFunc(stamps, func(s stamp) bool { return s.info.ModTime().After(now.Add(-coarse)) })
}
