package history

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/files"
)

// CleanBucket is Clean of a work directory in a bucket. When a file was last used
// is told by its stamp, which is written once a day, so it stays for a day longer.
// The error is ErrHeld where somebody else cleans.
func CleanBucket(ctx context.Context, b *files.Bucket, c Cleaning) (done *Cleaned, err error) {
	done = &Cleaned{}
	if c.DryRun {
		return done, cleanBucket(ctx, b, c, done)
	}
	in := &Config{Dir: b.String(), Files: b}
	err = in.Alone(ctx, files.CleanLock, func(ctx context.Context) error { return cleanBucket(ctx, b, c, done) })
	return done, err
}

func cleanBucket(ctx context.Context, b *files.Bucket, c Cleaning, done *Cleaned) error {
	c.Unused = c.Unused.Add(-b.Stamping())
	stamps, err := b.Stamps()
	if err != nil {
		return fmt.Errorf("reading when files were used: %w", err)
	}
	s := &sweeper{Cleaning: c, ctx: ctx, bucket: b, stamps: stamps}
	for _, one := range []struct {
		folder string
		freed  *Freed
	}{{"runs", &done.Runs}, {"slices", &done.Slices}, {"bases", &done.Bases}, {"patches", &done.Patches}, {"projections", &done.Projections}} {
		s.freed = one.freed
		if err := s.kind(one.folder); err != nil {
			return fmt.Errorf("cleaning %s%s: %w", b, one.folder, err)
		}
	}
	return nil
}

// sweeper cleans a bucket, folder by folder.
type sweeper struct {
	Cleaning
	ctx    context.Context // done when the lock is lost, too
	bucket *files.Bucket
	stamps map[string]time.Time // when files were used
	freed  *Freed
}

// kind cleans all files of a kind: those that have a folder below it, one of these
// after the other, so that no more of them are in memory.
func (s *sweeper) kind(kind string) error {
	below, err := s.bucket.Folders(kind)
	if err != nil {
		return err
	}
	folders := []string{}
	for _, name := range below {
		folders = append(folders, path.Join(kind, name))
	}
	if len(folders) == 0 {
		folders = append(folders, kind)
	}
	for _, folder := range folders {
		if err := s.folder(folder); err != nil {
			return err
		}
	}
	return nil
}

// folder removes the files of a folder that were not used. The sorted run of an
// object goes before its dead letters: those are used while it is there.
func (s *sweeper) folder(folder string) error {
	var all []files.Info
	used := map[string]time.Time{}
	err := s.bucket.List(folder, func(i files.Info) error {
		all = append(all, i)
		if used[i.Name] = i.Modified; s.stamps[i.Name].After(i.Modified) {
			used[i.Name] = s.stamps[i.Name]
		}
		return s.ctx.Err()
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b files.Info) int { return rank(a.Name) - rank(b.Name) })
	for first, ranked := 0, 0; first < len(all); first = ranked {
		for ranked = first; ranked < len(all) && rank(all[ranked].Name) == rank(all[first].Name); {
			ranked++
		}
		if err := s.remove(all[first:ranked], used); err != nil {
			return err
		}
	}
	return nil
}

// remove removes those of some files that were not used for long enough.
func (s *sweeper) remove(some []files.Info, used map[string]time.Time) error {
	group, ctx := errgroup.WithContext(s.ctx)
	group.SetLimit(findAtOnce)
	for _, one := range some {
		last := used[one.Name]
		if of, dead := strings.CutSuffix(one.Name, deadEnding); dead && used[of+".parquet"].After(last) {
			last = used[of+".parquet"]
		}
		if !last.Before(s.Unused) {
			continue
		}
		s.freed.Files++
		s.freed.Bytes += one.Size
		if s.DryRun {
			continue
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return errors.Join(s.bucket.Remove(one.Name), s.unstamp(one.Name))
		})
	}
	return group.Wait()
}

// unstamp forgets when a file was used.
func (s *sweeper) unstamp(name string) error {
	if s.stamps[name].IsZero() {
		return nil
	}
	return s.bucket.Unstamp(name)
}
