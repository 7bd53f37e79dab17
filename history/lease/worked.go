package lease

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"time"

	"muster/history/files"
	"muster/history/internal/jsonfile"
)

// worked is since when tasks of a request are done, and when one last began or
// ended.
type worked struct {
	Began time.Time `json:"began"`
	Last  time.Time `json:"last"`
}

const workedName = "worked"

// lockPatience is how often it is looked whether a lock is free that is held for as
// long as two files take to be read and written.
const lockPatience = 50 * time.Millisecond

// alone does something while nobody else changes what is noted of a request.
func alone(p Place, folder string, do func() error) error {
	for {
		lock, err := p.TryLock(path.Join(folder, workedName+lockEnding))
		if err != nil {
			return err
		}
		if lock != nil {
			return errors.Join(do(), lock.Close())
		}
		time.Sleep(lockPatience)
	}
}

// change changes what is noted of a request, while nobody else does.
func change(p Place, folder string, how func(*worked)) error {
	return alone(p, folder, func() error {
		w, err := readWorked(p, folder)
		if err != nil {
			return err
		}
		how(&w)
		return write(p, path.Join(folder, workedName+fileEnding), &w)
	})
}

// forget notes that nothing of a request is left to do.
func forget(p Place, folder string) error {
	return alone(p, folder, func() error { return p.Remove(path.Join(folder, workedName+fileEnding)) })
}

// readWorked returns the zero worked where nothing is noted.
func readWorked(p Place, folder string) (w worked, err error) {
	if err = read(p, path.Join(folder, workedName+fileEnding), &w, "remove it"); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return w, err
}

// write replaces a file by one that holds a value.
func write(p Place, name string, value any) error {
	return p.Write(name, files.Replace, func(out io.Writer) error { return jsonfile.Encode(out, value) })
}

// read reads what write wrote. The error is fs.ErrNotExist where there is no file.
func read(p Place, name string, value any, mend string) error {
	return jsonfile.ReadFrom(p, name, name, value, mend)
}
