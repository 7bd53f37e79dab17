package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/history/files"
	"muster/history/internal/filelock"
)

// Freed is what was removed of one kind.
type Freed struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Cleaned is what was removed from a work directory.
type Cleaned struct {
	Parts       Freed `json:"parts"` // left by what was killed
	Runs        Freed `json:"runs"`  // with the dead letters of their objects
	Slices      Freed `json:"slices"`
	Bases       Freed `json:"bases"`
	Patches     Freed `json:"patches"`
	Projections Freed `json:"projections"`
}

// Cleaning says what may be removed from a work directory.
type Cleaning struct {
	// Unused is since when what is removed has not been used.
	Unused time.Time
	// Idle is since when nobody has written parts that are removed: they are
	// left by what was killed.
	Idle time.Time
	// DryRun only counts.
	DryRun bool
}

// Clean removes what no request has used since an instant, of results nothing.
// A request that began after both instants of c loses nothing that it has
// found, or makes.
func Clean(ctx context.Context, dir string, c Cleaning) (*Cleaned, error) {
	done := &Cleaned{}
	b := &broom{use: files.Folder{Dir: dir}, Cleaning: c, ctx: ctx}
	for _, one := range []struct {
		folder string
		freed  *Freed
	}{{"runs", &done.Runs}, {"slices", &done.Slices}, {"bases", &done.Bases}, {"patches", &done.Patches}, {"projections", &done.Projections}} {
		b.parts, b.freed = &done.Parts, one.freed
		if err := b.folder(filepath.Join(dir, one.folder)); err != nil {
			return done, fmt.Errorf("cleaning %s: %w", filepath.Join(dir, one.folder), err)
		}
	}
	b.freed = &Freed{} // results stay
	b.onlyParts = true
	if err := b.folder(filepath.Join(dir, "requests")); err != nil {
		return done, fmt.Errorf("cleaning %s: %w", filepath.Join(dir, "requests"), err)
	}
	return done, nil
}

// broom cleans one folder after the other.
type broom struct {
	Cleaning
	use          files.Folder
	ctx          context.Context
	parts, freed *Freed
	onlyParts    bool
}

// folder cleans a folder and those below it.
func (b *broom) folder(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var files []string
	for _, e := range entries {
		below := filepath.Join(path, e.Name())
		switch {
		case !e.IsDir():
			files = append(files, below)
		case isPart(below):
			err = b.partFolder(below)
		default:
			if err = b.folder(below); err == nil {
				err = b.emptied(below)
			}
		}
		if err != nil {
			return err
		}
	}
	// The sorted run of an object goes before its dead letters: those are used while
	// it is there.
	slices.SortStableFunc(files, func(a, b string) int { return rank(a) - rank(b) })
	for batch := range slices.Chunk(files, cleanBatch) {
		if err := b.files(batch); err != nil {
			return err
		}
	}
	return b.ctx.Err()
}

// emptied removes a folder in which nothing was for as long as what is removed
// was not used: not the one whose last file was removed just now.
func (b *broom) emptied(path string) error {
	info, err := os.Stat(path)
	if err != nil || b.DryRun || b.onlyParts || !info.ModTime().Before(b.Unused) {
		return err
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
		return err
	}
	return os.Remove(path)
}

// cleanBatch bounds the files for which others wait.
const cleanBatch = 256

func isPart(path string) bool { return strings.HasSuffix(path, ".part") }

func rank(path string) int {
	if strings.HasSuffix(path, deadEnding) {
		return 1
	}
	return 0
}

const deadEnding = ".dead.ndjson"

// files removes those of some files that may be, while nobody is told that
// one of them is there.
func (b *broom) files(paths []string) error {
	if !b.DryRun {
		lock, err := filelock.Exclusive(b.use.UseLock())
		if err != nil {
			return err
		}
		defer lock.Close()
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		into, since := b.freed, b.Unused
		if isPart(path) {
			into, since = b.parts, b.Idle
		} else if b.onlyParts {
			continue
		}
		if used, err := b.used(path, info); err != nil {
			return err
		} else if !used.Before(since) {
			continue
		}
		if !b.DryRun {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		into.Files++
		into.Bytes += info.Size()
	}
	return nil
}

// used is when a file was last used: dead letters are with their run.
func (b *broom) used(path string, info fs.FileInfo) (time.Time, error) {
	of, dead := strings.CutSuffix(path, deadEnding)
	if !dead {
		return info.ModTime(), nil
	}
	run, err := os.Stat(of + ".parquet")
	if errors.Is(err, fs.ErrNotExist) {
		return info.ModTime(), nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return run.ModTime(), nil
}

// partFolder removes a folder that was not finished, if nobody writes in it.
func (b *broom) partFolder(path string) error {
	found, last := Freed{}, time.Time{}
	err := filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.ModTime().After(last) {
			last = info.ModTime()
		}
		if !e.IsDir() {
			found.Files++
			found.Bytes += info.Size()
		}
		return nil
	})
	if err != nil || !last.Before(b.Idle) {
		return err
	}
	if !b.DryRun {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	b.parts.Files += found.Files
	b.parts.Bytes += found.Bytes
	return nil
}
