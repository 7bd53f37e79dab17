package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"muster/reshard"
	"muster/sink"
)

// reshardResult is what the command prints. Of what is moved it counts
// nothing where nothing was.
type reshardResult struct {
	State    reshard.State  `json:"state"`
	From     *layoutResult  `json:"from,omitempty"`
	To       *layoutResult  `json:"to"`
	Moved    *weightResult  `json:"moved,omitempty"`
	Set      *settingResult `json:"set,omitempty"` // what to put into the configuration
	Warnings []string       `json:"warnings,omitempty"`
}

type layoutResult struct {
	Layout int    `json:"layout"`
	Shards int    `json:"shards"`
	Topic  string `json:"topic,omitempty"`
}

func layoutOf(l *sink.Layout) *layoutResult {
	if l == nil {
		return nil
	}
	return &layoutResult{l.Number, l.Shards, l.Topic}
}

type weightResult struct {
	Profiles int64   `json:"profiles"`
	Timers   int64   `json:"timers"`
	Members  int64   `json:"members"`
	Outbox   int64   `json:"outbox"`
	Seconds  float64 `json:"seconds"`
}

type settingResult struct {
	Keyed string `json:"kafka.keyed"`
}

// resultOf returns an outcome as it is printed, with the time that it took.
func resultOf(o *reshard.Outcome, took time.Duration) *reshardResult {
	r := &reshardResult{State: o.State, To: layoutOf(&o.To), From: layoutOf(o.From), Warnings: o.Warnings}
	if w := o.Moved; w != nil {
		r.Moved = &weightResult{w.Profiles, w.Timers, w.Members, w.Outbox, took.Seconds()}
		r.Set = &settingResult{o.To.Topic}
	}
	return r
}

func (r *reshardResult) print(out io.Writer, cmd *reshardCommand) error {
	if cmd.Output == "json" {
		return wrap("writing output", json.NewEncoder(out).Encode(r))
	}
	var text strings.Builder
	switch r.State {
	case reshard.Done:
		fmt.Fprintf(&text, "resharded %s to %s: %s in %.1f s\n", r.From, r.To, r.Moved, r.Moved.Seconds)
	case reshard.Would:
		fmt.Fprintf(&text, "would reshard %s to %s: %s\n", r.From, r.To, r.Moved)
	case reshard.Abandoned:
		fmt.Fprintf(&text, "given up: it stays at %s\n", r.To)
	case reshard.Dropped:
		fmt.Fprintf(&text, "removed %s; in use is %s\n", r.From, r.To)
	case reshard.Nothing:
		fmt.Fprintf(&text, "nothing to do: in use is %s\n", r.To)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&text, "note: %s\n", warning)
	}
	if r.State == reshard.Done {
		fmt.Fprintf(&text, "\nPut this into the configuration of all evaluators, and then start them:\n\n    kafka:\n      keyed: %s\n\n"+
			"When all is well, remove the old shards from Redis:\n\n    evaluator reshard -c %s --drop-old\n", r.Set.Keyed, cmd.Config)
	}
	_, err := io.WriteString(out, text.String())
	return wrap("writing output", err)
}

// String names a layout for people.
func (l *layoutResult) String() string {
	if l.Topic == "" {
		return number(l.Shards, "shard")
	}
	return fmt.Sprintf("%s on topic %s", number(l.Shards, "shard"), l.Topic)
}

// String says what is moved.
func (w *weightResult) String() string {
	return fmt.Sprintf("%s, %s, %s of members, %s of the outbox", number(int(w.Profiles), "profile"), number(int(w.Timers), "timer"),
		entries(w.Members), entries(w.Outbox))
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// How often progress is written: to a terminal, where a line is rewritten,
// and to a log.
const (
	stepProgressEvery    = time.Second
	stepProgressLogEvery = 10 * time.Second
)

// stepProgress tells people how far a reshard is.
type stepProgress struct {
	out   io.Writer
	live  bool
	every time.Duration
	now   func() time.Time
	step  string
	began time.Time // of the step
	first int64     // done when it began
	last  time.Time // when it was told
}

func newStepProgress(out io.Writer) *stepProgress {
	p := &stepProgress{out: out, live: isTerminal(out), every: stepProgressLogEvery, now: time.Now}
	if p.live {
		p.every = stepProgressEvery
	}
	return p
}

// tell is told of progress, and passes it on now and then and when a step
// begins.
func (p *stepProgress) tell(at sink.Progress) {
	now := p.now()
	if at.Step != p.step {
		p.step, p.began, p.first = at.Step, now, at.Done
	} else if now.Sub(p.last) < p.every {
		return
	}
	p.last = now
	begin, end := "", "\n"
	if p.live {
		begin, end = "\r\x1b[K", ""
	}
	_, _ = fmt.Fprintf(p.out, "%s%s: %d of %d %s%s%s", begin, at.Step, at.Done, at.Total, at.Unit, p.pace(at, now), end)
}

// pace is how fast it goes, and how long at this rate it takes on.
func (p *stepProgress) pace(at sink.Progress, now time.Time) string {
	took := now.Sub(p.began).Seconds()
	if at.Done <= p.first || took <= 0 {
		return ""
	}
	rate := float64(at.Done-p.first) / took
	left := time.Duration(float64(at.Total-at.Done) / rate * float64(time.Second))
	return fmt.Sprintf(", %.0f a second, %s to go", rate, left.Round(time.Second))
}

// end leaves the line for what is printed next.
func (p *stepProgress) end() {
	if p.live && p.step != "" {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}
