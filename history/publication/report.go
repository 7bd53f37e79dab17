package publication

import (
	"fmt"
	"slices"
	"time"

	"muster/history"
)

// Durations are seconds by stage, of all calls that a run took.
type Durations struct {
	Open     history.Seconds `json:"open"`
	Settle   history.Seconds `json:"settle"`
	Plan     history.Seconds `json:"plan"`
	Index    history.Seconds `json:"index"`
	Evaluate history.Seconds `json:"evaluate"`
	Send     history.Seconds `json:"send"`
	Close    history.Seconds `json:"close"`
}

// Report is what a publication did.
type Report struct {
	Request string `json:"request"`
	Folder  string `json:"folder"`
	Run     string `json:"run"`
	// Done is when it ended. Before says that an earlier call ended it, so that
	// this one did nothing.
	Done   string `json:"done"`
	Before bool   `json:"done_before"`

	Segments []string `json:"segments"`
	// Seams are the first and the last of the shards' seams.
	Seams []string `json:"seams"`
	// WholeSince is the instant since which the archive was taken for whole.
	WholeSince string `json:"whole_since"`

	Profiles int64 `json:"profiles"` // that history has; a patch each
	Bytes    int64 `json:"bytes"`    // of the patches
	// DeadLetters is how many the keyed topic's dead letters became since the
	// run began, of whatever cause: a patch that a shard refuses is one.
	DeadLetters int64 `json:"dead_letters"`

	Seconds Durations `json:"seconds"`
	// History is what the last call did about the archive.
	History *history.Report `json:"history"`
}

// reportFile is the name of the file, in the folder of a request, that keeps
// the report of a publication that has ended.
const reportFile = "report.json"

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }

// report makes the report of what the state says.
func (p *Publication) report(h *history.Report, dead int64) *Report {
	s := p.state
	return &Report{
		Request: p.id, Folder: p.source.Config.Folder(p.id), Run: s.Run, Done: stamp(s.Ended), Segments: s.Segments,
		Seams: []string{stamp(slices.Min(s.Seams)), stamp(slices.Max(s.Seams))}, WholeSince: stamp(s.Whole),
		Profiles: s.All, Bytes: s.Bytes, DeadLetters: dead, Seconds: s.Seconds, History: h,
	}
}

// before is the report of a publication that an earlier call has ended.
func (p *Publication) before() (*Report, error) {
	report := &Report{}
	if err := p.source.Config.ReadNote(p.id, reportFile, report, "begin anew with --again"); err != nil {
		return nil, fmt.Errorf("reading what the publication did: %w", err)
	}
	report.Before = true
	return report, nil
}
