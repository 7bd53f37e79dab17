package faults

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/history/archive"
	"muster/history/files"
	"muster/test/kit/s3"
)

// Where a run with a bucket has its archive, and the process its work directory.
const (
	depotArchive = "s3://depot/archive"
	depotWork    = "s3://depot/work"
)

// The S3 server is killed at one of so many requests of the process: while it
// opens the seams, while it reads the archive, and while it gives patches. There
// are more requests than that in each.
const (
	requestsToOpen = 6
	requestsToRead = 40
	requestsToSend = 8
	depotKills     = 3
	depotKilled    = "S3 killed"

	depotLasts = 2 * time.Second // that it is away, at most
)

// depot is a bucket of an S3 server behind a front, which counts what the process
// asks for and kills the server at one of these requests, before it is answered.
// What the harness asks for goes around the front.
type depot struct {
	t      *testing.T
	server s3.Server
	bucket *s3.Bucket
	files  *files.Bucket // of the work directory
	front  string        // its address
	random *rand.Rand

	mu    sync.Mutex
	left  int  // requests up to the one at which it is killed, 0 for none
	kills int  // so often it was
	down  bool // since then
	told  bool // and somebody starts it again
}

func openDepot(t *testing.T, seed uint64) *depot {
	t.Helper()
	d := &depot{t: t, server: s3.Start(t), random: rand.New(rand.NewPCG(seed, 26))}
	d.bucket = s3.Make(t, d.server, "depot")
	how := archive.Default()
	how.Endpoint, how.Region, how.PathStyle = d.server.Endpoint(), s3.Region, true
	how.Attempts = 1 // a server that is away is asked again at the next look
	var err error
	if d.files, err = files.OpenBucket(t.Context(), depotWork, how); err != nil {
		t.Fatal(err)
	}
	d.front = s3.Front(t, d.server.Endpoint(), func(*http.Request) { d.pass() })
	return d
}

// section tells of the bucket in a configuration.
func (d *depot) section() string {
	return fmt.Sprintf("  endpoint: %s\n  region: %s\n  path_style: true", d.front, s3.Region)
}

// arm has the server killed at one of the next requests; 0 for none.
func (d *depot) arm(requests int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left = 0; requests > 0 {
		d.left = 1 + d.random.IntN(requests)
	}
}

// pass counts a request, and kills the server if it is the one.
func (d *depot) pass() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return
	}
	if d.left--; d.left > 0 {
		return
	}
	if err := d.server.Kill(); err != nil {
		d.t.Errorf("killing the S3 server: %v", err)
	}
	d.kills++
	d.down, d.told = true, false
}

// fell returns how often the server was killed, and reports, once for each time,
// that somebody has to start it again.
func (d *depot) fell() (kills int, anew bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	anew = d.down && !d.told
	d.told = true
	return d.kills, anew
}

// raise starts a server again that was killed.
func (d *depot) raise() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.down {
		return
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), restartWait)
	defer cancel()
	if err := d.server.Restart(ctx); err != nil {
		d.t.Fatalf("starting the S3 server again: %v", err)
	}
	d.down = false
}

// mendDepot has a server that was killed come back after a while.
func (r *run) mendDepot() {
	d := r.history.depot
	kills, anew := d.fell()
	r.hits[depotKilled] = kills
	if anew {
		r.later(between(d.random, 0, depotLasts), d.raise)
	}
}

// fill brings the files below a folder to the archive of the bucket, while no
// process is there that could have the server killed.
func (d *depot) fill(folder string) {
	d.t.Helper()
	d.arm(0)
	d.raise()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err == nil {
			d.bucket.Put("archive/"+filepath.ToSlash(name), text)
		}
		return err
	})
	if err != nil {
		d.t.Fatalf("filling the archive: %v", err)
	}
}
