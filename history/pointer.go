package history

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"muster/history/archive"
	"muster/history/files"
	"muster/history/internal/jsonfile"
)

// pointer is a file that leads to a plan.
type pointer struct {
	// Plan is where it is: from the pointer's folder where both are files of
	// machines, else as s3://bucket/key.
	Plan string `json:"plan"`
}

// Point writes a file of a name of one's own that leads to the plan. Where the
// work directory is a bucket, it is a file of this machine, or in that bucket
// below the prefix of the work directory.
func (b *Backfill) Point(file string) error {
	own := strings.TrimSuffix(b.config.Dir, "/") + "/"
	switch local := !files.IsBucket(b.config.Dir); {
	case local && files.IsBucket(file):
		return fmt.Errorf("pointing to the plan: %s is in a bucket, and the work directory %s is not", file, b.config.Dir)
	case local:
		plan, err := relative(file, b.PlanFile())
		if err != nil {
			return fmt.Errorf("pointing to the plan: %w", err)
		}
		return jsonfile.Write(file, pointer{plan})
	case !files.IsBucket(file):
		return jsonfile.Write(file, pointer{b.PlanFile()})
	case !strings.HasPrefix(file, own):
		return fmt.Errorf("pointing to the plan: %s is not below the work directory %s", file, own)
	}
	return b.work.replaceJSON(strings.TrimPrefix(file, own), pointer{b.PlanFile()})
}

// relative returns a path as it is seen from the folder of another file.
func relative(file, path string) (string, error) {
	from, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	to, err = filepath.Rel(from, to)
	return filepath.ToSlash(to), err
}

// findPlan reads the plan of a file, or the one that the file leads to. It
// returns the work directory that the plan is of, and where the plan is.
func findPlan(ctx context.Context, file string, p *Plan, reach archive.Config) (Config, string, error) {
	var to pointer
	c, err := readAt(ctx, file, &to, reach)
	if err != nil {
		return c, file, err
	}
	switch {
	case files.IsBucket(to.Plan):
		file = to.Plan
	case to.Plan != "":
		file = filepath.Join(filepath.Dir(file), filepath.FromSlash(to.Plan))
	}
	c, err = readAt(ctx, file, p, reach)
	return c, file, err
}

// readAt reads a file of requests, or what leads there, and returns the work
// directory that the file is of if it is one of a request.
func readAt(ctx context.Context, file string, value any, reach archive.Config) (Config, error) {
	if !files.IsBucket(file) {
		dir := filepath.Dir(filepath.Dir(filepath.Dir(file)))
		return Config{Dir: dir}, localWork(filepath.Dir(file)).readJSON(filepath.Base(file), value)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(file, "s3://"), "/")
	if bucket == "" || key == "" {
		return Config{}, fmt.Errorf("%q names no file of a bucket; it is s3://bucket/prefix/name.json", file)
	}
	dir, name := path.Dir(key), path.Base(key)
	if work := path.Dir(path.Dir(dir)); path.Base(path.Dir(dir)) == requests {
		dir, name = work, path.Join(requests, path.Base(dir), name)
	}
	if dir == "." {
		dir = ""
	}
	c := Config{Dir: "s3://" + path.Join(bucket, dir)}
	opened, err := files.OpenBucket(ctx, c.Dir, reach)
	if err != nil {
		return c, err
	}
	c.Files = opened
	w := c.work()
	return c, w.readJSON(name, value)
}
