package faults

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/history/files"
	"muster/history/publication"
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// Runs that publish have a backfill brought into the service while the storm
// lasts. The process that does it is killed when the seams are open, and with
// parts of the patches given, and is started again when another fault has
// begun, or at once behind the storm. In half of them archive and work directory
// are in a bucket, whose server is killed too, see depot.

const (
	customersOfHistory = 400
	killedWhileGiving  = 3
	laterVisit         = 25 * 24 * time.Hour // shorter than a seam counts

	faultsAtSeams   = faultsPerRun / 3     // that may begin before the seams are open
	faultsAtPatches = 2 * faultsPerRun / 3 // and before it was killed with patches given
)

// publishing is the history of a run and the process that brings it.
type publishing struct {
	*traffic.History
	archive []event.Event // once it is there whole
	folder  string        // in which it is made
	from    string        // where the process reads it
	work    string
	files   stack.Work        // of the work directory
	depot   *depot            // nil where there is no bucket
	state   publication.State // as it was seen last
	process *stack.Backfill   // nil while there is none
	kills   []int64           // patches that are given when it is killed, ascending
	waits   int               // faults that have to have begun for another to be started
	failed  int               // times that it gave up by itself
	during  int               // faults that began while patches were given
	done    bool
}

// startHistory puts events and rules that history is of in the place of the
// traffic's own.
func (r *run) startHistory() {
	r.t.Helper()
	folder := r.t.TempDir()
	r.history = &publishing{
		History: traffic.NewHistory(r.plan.seed, customersOfHistory, time.Now()), folder: filepath.Join(folder, "archive"), work: filepath.Join(folder, "work"),
	}
	h := r.history
	h.from, h.files = h.folder, files.Folder{Dir: h.work}
	if r.plan.bucket {
		h.depot = openDepot(r.t, r.plan.seed)
		h.from, h.work, h.files = depotArchive, depotWork, h.depot.files
	}
	r.must(h.Archive(h.folder)) // the rest of it comes when the seams are known
	h.deliver(requestsToOpen)
	r.traffic = h.Traffic
	random := rand.New(rand.NewPCG(r.plan.seed, 25))
	for i := range int64(killedWhileGiving) {
		r.history.kills = append(r.history.kills, 1+i*customersOfHistory/4+random.Int64N(customersOfHistory/4))
	}
}

// deliver brings what was written of the archive to where it is read. A bucket's
// server is killed at one of so many requests behind that.
func (h *publishing) deliver(requests int) {
	if h.depot != nil {
		h.depot.fill(h.folder)
		h.depot.arm(requests)
	}
}

// section is what evaluators and the process are told of the bucket.
func (h *publishing) section() string {
	if h == nil || h.depot == nil {
		return ""
	}
	return h.depot.section()
}

// records are the next events, on the side of the seam that it stands at.
func (h *publishing) records(s *stack.System, n int) []*kgo.Record {
	if h.archive == nil {
		return h.Before(s, n)
	}
	return h.Behind(s, n)
}

// publish looks after the process that brings history.
func (r *run) publish() {
	r.t.Helper()
	h := r.history
	if h != nil && h.depot != nil {
		r.mendDepot()
	}
	switch {
	case h == nil || h.done:
	case h.process != nil:
		r.followPublication()
	case r.begun >= h.waits:
		h.process = r.system.Backfill(h.work, h.arguments()...)
	}
}

// arguments are such that the archive is waited for until it is there whole,
// and that there are many batches.
func (h *publishing) arguments() []string {
	settle := "24h"
	if h.archive != nil {
		settle = "0s"
	}
	return []string{"--archive", h.from, "--layout", "segment", "--settle", settle, "--batch", "1"}
}

// followPublication sees how far it is, and kills it where that is due.
func (r *run) followPublication() {
	r.t.Helper()
	h := r.history
	if _, err := h.process.Ended(); err == nil {
		r.endPublication()
		return
	}
	if state, err := stack.PublicationIn(h.files); err == nil {
		if h.depot != nil && h.state.Sent == 0 && state.Sent > 0 {
			h.depot.arm(requestsToSend)
		}
		h.state = state
	}
	switch {
	case h.archive == nil && h.state.Opened != 0:
		r.killPublication()
		var err error
		h.archive, err = h.Meet(h.folder, h.state.Seams)
		r.must(err)
		h.deliver(requestsToRead)
	case len(h.kills) > 0 && h.state.Sent >= h.kills[0]:
		h.kills = h.kills[1:]
		r.killPublication()
	}
}

func (r *run) killPublication() {
	r.history.process.Kill()
	r.history.process, r.history.waits = nil, r.begun+1
	r.hits["publisher killed"]++
}

// endPublication takes in how the process has ended by itself: it is done, or
// a fault went on for too long for it and it is started again. It must not say
// that starting again is of no use.
func (r *run) endPublication() {
	r.t.Helper()
	h := r.history
	out, _ := h.process.Ended()
	code := h.process.ExitCode()
	h.process = nil
	if code == 0 {
		h.done = true
		return
	}
	if code != 1 {
		r.t.Fatalf("the publication has ended with exit code %d, and it stood at %+v:\n%s", code, h.state, out)
	}
	r.t.Logf("the publication gave up, and is started again:\n%s", out)
	h.failed++
}

// held reports whether a fault has to wait, so that faults hit while seams are
// opened and while patches are given, however fast either is.
func (h *publishing) held(fault int) bool {
	return h != nil && (h.archive == nil && fault >= faultsAtSeams || len(h.kills) == killedWhileGiving && fault >= faultsAtPatches)
}

// count counts a fault that has begun.
func (h *publishing) count() {
	if h != nil && !h.done && h.state.Sent > 0 {
		h.during++
	}
}

// finishPublication waits until history is there.
func (r *run) finishPublication() {
	r.t.Helper()
	h := r.history
	r.system.Await("history", settling, func() error {
		h.waits = 0
		r.look()
		r.publish()
		if !h.done {
			return fmt.Errorf("the publication stands at %+v", h.state)
		}
		return nil
	})
	var err error
	if h.state, err = stack.PublicationIn(h.files); err != nil || h.state.Ended == 0 || h.state.Sent == 0 || h.state.Sent != h.state.All {
		r.t.Errorf("the publication ended as %+v, %v", h.state, err)
	}
	if h.during == 0 {
		r.t.Error("no fault has begun while patches were given")
	}
	if n := r.hits[depotKilled]; h.depot != nil && n < depotKills {
		r.t.Errorf("the S3 server was killed %d times, want %d", n, depotKills)
	}
}

// verifyHistory compares with what both sides of the seam have, and demands
// that no shard has refused what the run asked of it.
func (r *run) verifyHistory() stack.Tally {
	r.t.Helper()
	h := r.history
	tally := r.system.VerifyHistory(h.Rules, h.archive, h.state.Seams)
	for shard := range shards {
		for run, n := range r.system.Runs(shard) {
			if run != "" && run != h.state.Run {
				tally.Diverged += n
				r.t.Errorf("shard %d has %d changes of run %s, and history came by run %s", shard, n, run, h.state.Run)
			}
		}
	}
	return tally
}
