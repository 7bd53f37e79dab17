package lease

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"muster/history/internal/filelock"
	"muster/history/internal/jsonfile"
)

// worked is since when tasks of a request are done, and when one last began or
// ended.
type worked struct {
	Began time.Time `json:"began"`
	Last  time.Time `json:"last"`
}

const workedName = "worked"

// change changes what is noted of a request, while nobody else does.
func change(folder string, how func(*worked)) error {
	lock, err := filelock.Exclusive(filepath.Join(folder, workedName+lockEnding))
	if err != nil {
		return err
	}
	defer lock.Close()
	w, err := readWorked(folder)
	if err != nil {
		return err
	}
	how(&w)
	return jsonfile.Write(filepath.Join(folder, workedName+fileEnding), &w)
}

// forget notes that nothing of a request is left to do.
func forget(folder string) error {
	lock, err := filelock.Exclusive(filepath.Join(folder, workedName+lockEnding))
	if err != nil {
		return err
	}
	defer lock.Close()
	return remove(filepath.Join(folder, workedName+fileEnding))
}

// readWorked returns the zero worked where nothing is noted.
func readWorked(folder string) (w worked, err error) {
	path := filepath.Join(folder, workedName+fileEnding)
	if err = jsonfile.Read(path, &w, "remove it"); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return w, err
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
