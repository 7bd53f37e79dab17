package history

import (
	"os"
	"path/filepath"
	"slices"

	"muster/history/account"
)

// Savings is what did not have to be done, as it was there.
type Savings struct {
	Objects int64 `json:"objects"` // not read
	Bytes   int64 `json:"bytes"`
	Events  int64 `json:"events"`
	Slices  int   `json:"slices"` // not replayed
	// Seconds is an estimate of the engine seconds that it would have taken, at
	// the rate of this request, or of the last one that has read anything. 0
	// where none has.
	Seconds Seconds `json:"engine_seconds"`
}

// Earlier has the account of earlier attempts of the request added to its own.
// Call it before Run.
func (b *Backfill) Earlier(a account.Account) { b.earlier = a }

// Account returns what this attempt has cost so far.
func (b *Backfill) Account() account.Account {
	a := b.progress.meter.Account()
	if counts, ok := b.request.Bucket.(interface{ Retries() int64 }); ok {
		a.Retries = counts.Retries()
	}
	return a
}

// settle puts the account and the savings into the report.
func (b *Backfill) settle() error {
	b.report.Account = b.earlier.Add(b.Account())
	now := b.Account()
	b.report.Savings = Savings{now.Cached.Objects, now.Cached.Bytes, now.Cached.Events, b.report.SlicesSaved, 0}
	rate := rateOf(&b.report)
	for _, path := range b.work.reports() {
		if rate.whole() {
			break
		}
		var other Report
		if err := b.work.readJSON(path, &other); err != nil {
			return err
		}
		rate.complete(rateOf(&other))
	}
	b.report.Savings.Seconds = Seconds(rate.byte*float64(now.Cached.Bytes) + rate.slice*float64(b.report.SlicesSaved))
	return nil
}

// rate is how many engine seconds something took: a byte of the archive, and a
// slice. 0 is unknown.
type rate struct{ byte, slice float64 }

func (r *rate) whole() bool { return r.byte > 0 && r.slice > 0 }

func (r *rate) complete(other rate) {
	if r.byte == 0 {
		r.byte = other.byte
	}
	if r.slice == 0 {
		r.slice = other.slice
	}
}

// rateOf returns the rate of what a report is of.
func rateOf(r *Report) (found rate) {
	if bytes := r.Account.Billable.Bytes; bytes > 0 {
		found.byte = r.Account.Stage(StageIndex.String()).Seconds / float64(bytes)
	}
	if r.Slices > 0 {
		found.slice = r.Account.Stage(StageEvaluate.String()).Seconds / float64(r.Slices)
	}
	return found
}

// maxReports bounds the reports that are asked for a rate.
const maxReports = 16

// reports returns the newest reports of the work directory, the newest first.
// A bucket can't tell which they are without listing all that requests have.
func (w work) reports() []string {
	folder, ok := w.folder()
	if !ok {
		return nil
	}
	paths, _ := filepath.Glob(folder.Path(requestFile("*", "report.json"))) // the pattern is well-formed
	at := map[string]int64{}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			at[path] = info.ModTime().UnixNano()
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return int(max(-1, min(1, at[b]-at[a]))) })
	names := make([]string, min(maxReports, len(paths)))
	for i := range names {
		names[i] = requestFile(filepath.Base(filepath.Dir(paths[i])), "report.json")
	}
	return names
}
