package publication

import (
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
	// LeftOut are segments of the rules that history can't fill.
	LeftOut []string `json:"left_out,omitempty"`
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
	// History is what was done about the archive, nil when nothing was.
	History *history.Report `json:"history,omitempty"`
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }

// report makes the report of what the state says.
func (p *Publication) report(h *history.Report) *Report {
	s := p.state
	return &Report{
		Request: p.id, Folder: p.folder(), Run: s.Run, Done: stamp(s.Ended), Segments: s.Segments, LeftOut: p.source.LeftOut,
		Seams: []string{stamp(slices.Min(s.Seams)), stamp(slices.Max(s.Seams))}, WholeSince: stamp(s.Whole),
		Profiles: s.All, Bytes: s.Bytes, DeadLetters: s.DeadLetters, Seconds: s.Seconds, History: h,
	}
}
