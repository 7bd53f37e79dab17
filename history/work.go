package history

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"muster/history/files"
	"muster/history/internal/jsonfile"
	"muster/history/lease"
)

// Files are those of a work directory, kept by names with / between their parts: a
// files.Folder or a *files.Bucket.
type Files interface {
	lease.Place
	// Use reports whether a file is there, and if it is, notes that it is used, so
	// that it is not cleaned away.
	Use(name string) (bool, error)
	// RemoveAll removes a folder with all that is in it.
	RemoveAll(folder string) error
}

// work is the work directory. A file is there whole or not at all, and what
// is there is never changed, but for those of requests: its name tells what it
// was made of.
//
//	runs/ab/KEY.parquet          what is kept of an object
//	runs/ab/KEY.dead.ndjson      what of it can't be used
//	projections/KEY.json         what some sorted runs keep
//	slices/KEY/0008.parquet      profiles of some virtual shards, by the first
//	patches/KEY/0008.parquet     patches of profiles of some virtual shards
//	bases/RULES/ASOF-KEY.json    which slices others can go on from
//	requests/ID/                 manifest, plan, members, sketches, dead letters, summary
//	requests/ID/indexed/         what became of each part's objects
//
// Names that end in .part are left by what was killed, and may be removed.
type work struct {
	dir   string // its location
	files Files
	// written is told of every file that was made, once it is there; an error
	// ends the backfill. nil for nobody.
	written func(path string) error
}

// localWork is a work directory that is a folder.
func localWork(dir string) work { return work{dir: dir, files: files.Folder{Dir: dir}} }

// LocalFiles are those of a work directory that is a folder, of which others may
// read what is written.
func LocalFiles(dir string) Files { return files.Folder{Dir: dir, Mode: 0o644} }

// folder is the folder that the work directory is, if it is one.
func (w work) folder() (files.Folder, bool) {
	f, ok := w.files.(files.Folder)
	return f, ok
}

// locate says where a file is, for people.
func (w work) locate(name string) string {
	if files.IsBucket(w.dir) {
		return strings.TrimSuffix(w.dir, "/") + "/" + strings.TrimSuffix(name, "/")
	}
	return filepath.Join(w.dir, filepath.FromSlash(name))
}

// kept is the name of a file that is found by its key, in one of 256 folders.
func kept(kind, key, ending string) string { return path.Join(kind, key[:2], key+ending) }

func runFile(key string) string { return kept("runs", key, ".parquet") }

func runFiles(keys []string) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = runFile(key)
	}
	return names
}

func deadFile(key string) string { return kept("runs", key, deadEnding) }

// requests is the folder of what is known of requests.
const requests = "requests"

func requestFile(id, name string) string { return path.Join(requests, id, name) }

// exists reports whether a file is there.
func (w work) exists(name string) (bool, error) {
	file, err := w.files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, file.Close()
}

// size returns how many bytes a file has.
func (w work) size(name string) (int64, error) {
	file, err := w.files.Open(name)
	if err != nil {
		return 0, err
	}
	return file.Size(), file.Close()
}

// use reports whether a file is there, and if it is, notes that it is used, so
// that it is not cleaned away.
func (w work) use(name string) (there bool, err error) { return w.files.Use(name) }

// lasting is where what must be noted when the work is stopped can be written yet.
func (w work) lasting() lease.Place {
	if bucket, ok := w.files.(*files.Bucket); ok {
		return bucket.Lasting()
	}
	return LocalFiles(w.dir)
}

// findAtOnce bounds the files of a bucket that are asked for at a time.
const findAtOnce = 16

// unused returns which of some numbered files are not there.
func (w work) unused(first, end int, name func(i int) string) ([]int, error) {
	there := make([]bool, end-first)
	group := errgroup.Group{}
	group.SetLimit(1)
	if _, ok := w.folder(); !ok {
		group.SetLimit(findAtOnce)
	}
	for i := range there {
		group.Go(func() (err error) {
			there[i], err = w.use(name(first + i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var list []int
	for i := range there {
		if !there[i] {
			list = append(list, first+i)
		}
	}
	return list, nil
}

// writeBuffer is the memory of one file that is being read, in bytes.
const writeBuffer = 256 << 10

// writeFile makes a file of what write writes. Two that make the same file at
// the same time do no harm.
func (w work) writeFile(name string, write func(io.Writer) error) error {
	mode := files.Once
	if strings.HasPrefix(name, requests+"/") {
		mode = files.Replace
	}
	if err := w.files.Write(name, mode, write); err != nil || w.written == nil {
		return err
	}
	return w.written(w.locate(name))
}

// replaceFolder has a folder be what write makes in a folder of this machine, or
// stay as it is. In a bucket it is replaced file by file.
func (w work) replaceFolder(name string, write func(dir string) error) (err error) {
	if folder, ok := w.folder(); ok {
		return folder.Replace(name, write)
	}
	dir, err := os.MkdirTemp("", "muster-backfill-*.part")
	if err != nil {
		return fmt.Errorf("making a temporary folder, see TMPDIR: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := write(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	group := errgroup.Group{}
	group.SetLimit(findAtOnce)
	for _, e := range entries {
		group.Go(func() error { return w.copyIn(path.Join(name, e.Name()), filepath.Join(dir, e.Name())) })
	}
	return group.Wait()
}

// copyIn makes a file of one of this machine.
func (w work) copyIn(name, local string) error {
	return w.writeFile(name, func(out io.Writer) error {
		in, err := os.Open(local)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, in.Close())
	})
}

// writeJSON makes a file of a value, as JSON for people too.
func (w work) writeJSON(name string, value any) error {
	return w.writeFile(name, func(out io.Writer) error { return jsonfile.Encode(out, value) })
}

// replaceJSON is writeJSON of a file that may be there with another value.
func (w work) replaceJSON(name string, value any) error {
	return w.files.Write(name, files.Replace, func(out io.Writer) error { return jsonfile.Encode(out, value) })
}

// readJSON reads a value that writeJSON wrote.
func (w work) readJSON(name string, value any) error {
	file, err := w.files.Open(name)
	if err != nil {
		return err
	}
	text, err := files.All(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("reading %s: %w", w.locate(name), err)
	}
	return jsonfile.Decode(text, value, w.locate(name), "remove it, and it will be made anew")
}

// list returns the names of the files of a folder that end so.
func (w work) list(folder, ending string) (names []string, err error) {
	err = w.files.List(folder, func(i files.Info) error {
		if strings.HasSuffix(i.Name, ending) {
			names = append(names, i.Name)
		}
		return nil
	})
	return names, err
}
