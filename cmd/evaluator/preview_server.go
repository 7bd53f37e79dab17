package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"muster/rules"
	"muster/snapshot"
)

// ask has evaluator insights serve answer the question.
func (cmd *previewCommand) ask(ctx context.Context, c console, s *server) error {
	body := map[string]any{"rule": cmd.Rule, "overlap": cmd.Overlap, "against_live": cmd.AgainstLive}
	if cmd.Rule == "" {
		text, err := draftText(cmd.Draft)
		if err != nil {
			return err
		}
		body["segments"] = text
	}
	response, err := s.send(ctx, http.MethodPost, "text/event-stream", body, nil, "preview")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	out := &previewOutput{console: c, json: cmd.JSON, live: cmd.AgainstLive}
	events := newEventReader(&impatient{response.Body, time.AfterFunc(silentFor, func() { _ = response.Body.Close() })})
	var last *snapshot.Answer
	for {
		one, err := events.next()
		if err == nil {
			last, err = out.take(&one, last)
		}
		switch {
		case ctx.Err() != nil && last != nil:
			return out.cancelled(last)
		case err != nil:
			return err
		case last != nil && last.Done:
			return nil
		}
	}
}

// draftText is one file of all segments of some files.
func draftText(path string) (string, error) {
	files, err := readSegments(path)
	if err != nil {
		return "", err
	}
	if _, err := compile(files); err != nil { // its mistakes have their files
		return "", err
	}
	var texts []rules.Text
	for _, file := range files {
		some, errs := rules.Split(file)
		if len(errs) > 0 {
			return "", unusable(errs)
		}
		texts = append(texts, some...)
	}
	return string(rules.Join(texts)), nil
}

// take prints what an event says, and returns the answer that is known now.
func (o *previewOutput) take(one *serverEvent, last *snapshot.Answer) (*snapshot.Answer, error) {
	switch one.kind {
	case "begin":
		var begun snapshot.Begun
		if err := json.Unmarshal(one.data, &begun); err != nil {
			return last, fmt.Errorf("reading what insights has sent: %w", err)
		}
		o.snapshot, o.lacks = sizes{begun.Held, begun.Profiles}, begun.Lacks
		o.begin()
	case "estimate", "end":
		var told snapshot.Told
		if err := json.Unmarshal(one.data, &told); err != nil {
			return last, fmt.Errorf("reading an answer that insights has sent: %w", err)
		}
		if one.kind == "end" {
			return told.Answer, o.printEnd(told.Answer)
		}
		return told.Answer, o.print(told.Answer)
	case "failed":
		var problem struct{ Detail, Remedy, Request string }
		if err := json.Unmarshal(one.data, &problem); err != nil {
			return last, fmt.Errorf("reading a problem that insights has sent: %w", err)
		}
		return last, errors.New(problem.Detail + " " + problem.Remedy + " (request " + problem.Request + ")")
	}
	return last, nil
}

// sizes are those of a snapshot that is elsewhere.
type sizes struct{ held, all int64 }

// Held implements holding.
func (s sizes) Held() int64 { return s.held }

// All implements holding.
func (s sizes) All() int64 { return s.all }
