package segments

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"time"

	"muster/folder"
	"muster/rules"
)

// Read reads one segment file, or every *.yaml and *.yml file of a folder in
// the order of their names. A folder without any is an error.
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
		sources = append(sources, rules.Source{Name: file, Data: data})
	}
	return sources, nil
}

// digest identifies a content: names and texts of files.
type digest [sha256.Size]byte

func digestOf(sources []rules.Source) digest {
	hash := sha256.New()
	add := func(text []byte) {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // a hash.Hash never fails
		hash.Write(text)
	}
	for _, s := range sources {
		add([]byte(s.Name))
		add(s.Data)
	}
	return digest(hash.Sum(nil))
}

// stamp is what can be seen of a file without reading it.
type stamp struct {
	name string
	info os.FileInfo
}

// look returns the stamps of the files at a path, nil when they can't be
// seen.
func look(path string) []stamp {
	files, err := folder.Files(path)
	if err != nil {
		return nil
	}
	stamps := make([]stamp, 0, len(files))
	for _, file := range files {
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
