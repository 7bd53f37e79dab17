package history

import (
	"slices"
	"strings"
	"time"

	"muster/history/account"
)

// Seconds is how long something took.
type Seconds float64

// Report is what a call of Run did. What came out is its Summary.
type Report struct {
	Request string   `json:"request"`
	Folder  string   `json:"folder"`
	Archive *Listing `json:"archive"`
	Listed  bool     `json:"listed"` // and not taken from the manifest of an earlier call

	Plan     Seconds `json:"plan_seconds"`
	Index    Seconds `json:"index_seconds"`
	Fold     Seconds `json:"fold_seconds"`
	Evaluate Seconds `json:"evaluate_seconds"`
	Gather   Seconds `json:"gather_seconds"`

	Read  Cost `json:"read"`  // of the archive, by this call
	Saved Cost `json:"saved"` // what was not read again, as its sorted runs were there
	// Rows were replayed by this call, and Slices made; SlicesSaved were there.
	Rows        int64 `json:"rows"`
	Slices      int   `json:"slices"`
	SlicesSaved int   `json:"slices_saved"`
	// From is the instant that slices went on from, "" for the beginning.
	From string `json:"from,omitempty"`

	// Of the rows behind the result: Applied were applied, Repeats had a
	// messageId that had come within a day before, and Later arrived after
	// as-of and took no part. What is kept of events that no rule reads, and so
	// these numbers, depends on what other requests have read.
	Applied int64 `json:"applied"`
	Repeats int64 `json:"repeats"`
	Later   int64 `json:"later"`

	// Account is what all attempts of the request have cost, and Savings what
	// this call did not have to do.
	Account account.Account `json:"account"`
	Savings Savings         `json:"savings"`

	Summary *Summary `json:"summary"`
}

// Cost is a part of an archive.
type Cost struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`  // as they are stored
	Events  int64 `json:"events"` // in what was read to its end
}

// Summary is what came out of a request. Equal requests have equal ones.
type Summary struct {
	AsOf     string         `json:"as_of"`
	Profiles int64          `json:"profiles"`
	Segments []SegmentCount `json:"segments"` // by id
	Objects  int            `json:"objects"`
	Records  int64          `json:"records"`
	Events   int64          `json:"events"`
	// DeadLetters could not be used. Refused would have passed a bound on
	// their profile.
	DeadLetters int64 `json:"dead_letters"`
	Refused     int64 `json:"refused"`
	// Broken lists objects that can't be read, or not to their end. Ahead lists
	// those with events that say they arrived after the object was written.
	Broken []string `json:"broken,omitempty"`
	Ahead  []string `json:"ahead,omitempty"`
}

// SegmentCount is how many members a segment has.
type SegmentCount struct {
	ID      string `json:"id"`
	Members int64  `json:"members"`
	// Estimate is what the segment's sketch tells of Members.
	Estimate int64 `json:"estimate"`
}

// maxNamed bounds the objects that a Summary names, of each kind.
const maxNamed = 100

func newSummary(r *Request, g *gathering, results []indexed) *Summary {
	s := &Summary{
		AsOf: time.UnixMilli(r.AsOf).UTC().Format(time.RFC3339Nano), Profiles: g.all, Objects: len(results),
		Refused: g.sum.total.Refused,
	}
	for i, n := range g.counts {
		s.Segments = append(s.Segments, SegmentCount{r.Set.Segment(i).ID, n, g.sketches[i].Estimate()})
	}
	slices.SortFunc(s.Segments, func(a, b SegmentCount) int { return strings.Compare(a.ID, b.ID) })
	for i := range results {
		n := &results[i].Note
		s.Records, s.Events, s.DeadLetters = s.Records+n.Records, s.Events+n.Events, s.DeadLetters+n.Refused
		if n.Broken != "" && len(s.Broken) < maxNamed {
			s.Broken = append(s.Broken, n.Broken)
		}
		if n.Ahead > 0 && len(s.Ahead) < maxNamed {
			s.Ahead = append(s.Ahead, n.Key)
		}
	}
	return s
}

// addObjects notes what the first stage did.
func (r *Report) addObjects(results []indexed) {
	for i := range results {
		one := &results[i]
		cost := &r.Saved
		if one.Made {
			cost = &r.Read
		}
		if one.Run != "" {
			cost.Objects++
			cost.Bytes += one.Note.Bytes
			cost.Events += one.Note.Events
		}
	}
}

// addOthers notes what other processes did, where this one only gathers.
func (r *Report) addOthers(results []indexed, w width) {
	if r.Slices+r.SlicesSaved == 0 {
		r.addObjects(results)
		r.SlicesSaved = w.count()
	}
}

// addSlices notes what a task of the second stage is about to do, of so many
// slices.
func (r *Report) addSlices(from *start, all, missing int, rows int64) {
	r.Slices, r.SlicesSaved, r.Rows = r.Slices+missing, r.SlicesSaved+all-missing, r.Rows+rows
	if missing > 0 && from != nil {
		r.From = time.UnixMilli(from.AsOf).UTC().Format(time.RFC3339Nano)
	}
}
