package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"muster/history/queue"
)

// ofSeams is up to when history is brought into a running service.
const ofSeams = "its seams"

// underWay is history of a segment that is on its way into the service, or that did
// not get there.
type underWay struct {
	Request string      `json:"request"`
	Phase   queue.Phase `json:"phase"`
	Why     string      `json:"why,omitempty"` // it waits, or why it failed
	Stage   string      `json:"stage,omitempty"`
	Share   string      `json:"share,omitempty"` // of the stage that is done
	Left    float64     `json:"seconds_left,omitempty"`
}

// String tells it to people.
func (u *underWay) String() string {
	switch u.Phase {
	case queue.Running:
		text := strings.Join(strings.Fields("on its way: "+u.Stage+" "+u.Share), " ")
		if u.Left > 0 {
			text += fmt.Sprintf(", about %s left", time.Duration(u.Left*float64(time.Second)).Round(time.Second))
		}
		return text
	case queue.Waiting, queue.Ordered:
		return string(u.Phase) + ": " + u.Why
	}
	return fmt.Sprintf("%s: see evaluator backfill status %s", u.Phase, u.Request)
}

// historyOf returns what is under way for each segment, by requests in the order in
// which they are told. Of what was brought nothing is under way, and what is only
// told from files is nothing of the service's.
func historyOf(requests []*queue.Entry) map[string]*underWay {
	newest := map[string]*underWay{}
	for _, e := range requests {
		if e.AsOf != ofSeams && e.State.Phase != queue.Ordered && !strings.HasPrefix(e.ID, "order-") {
			continue
		}
		stage := e.State.Stage()
		one := &underWay{Request: e.ID, Phase: e.State.Phase, Why: e.State.Why, Stage: stage.Name, Share: shareText(&stage), Left: e.State.Left}
		if one.Why == "" {
			one.Why = e.State.Error
		}
		if e.State.Phase == queue.Done {
			one = nil
		}
		for _, id := range e.Segments {
			if _, known := newest[id]; !known {
				newest[id] = one
			}
		}
	}
	return newest
}

// history asks the work directory what is under way. That of the configuration may
// be out of reach from here, which is only told.
func (cmd *sizesCommand) history(ctx context.Context, c console, r *reader) (map[string]*underWay, error) {
	work := cmd.Work
	if work == "" {
		work = r.config.API.Backfills
	}
	if work == "" || cmd.Segments == "" {
		return nil, nil
	}
	place, err := openWork(ctx, work, r.config.Archive)
	if err == nil {
		var list []*queue.Entry
		if list, _, err = queue.In(work, place).Told(ctx); err == nil {
			return historyOf(list), nil
		}
	}
	if cmd.Work != "" {
		return nil, err
	}
	_, err = fmt.Fprintf(c.err, "how far backfills are is not known: %s\n", err)
	return nil, wrap("writing output", err)
}

// historyFrom asks the API, which may not be told of backfills.
func historyFrom(ctx context.Context, s *server) (map[string]*underWay, error) {
	var got struct{ Backfills []*queue.Entry }
	err := s.get(ctx, &got, url.Values{"limit": {"1000"}}, "backfills")
	var input unusableError
	if errors.As(err, &input) {
		return nil, nil
	}
	return historyOf(got.Backfills), err
}
