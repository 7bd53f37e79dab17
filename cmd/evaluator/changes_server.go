package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

const (
	// silentFor is how long the API may say nothing, of which something comes
	// every 15 seconds, before the connection counts as dead.
	silentFor = time.Minute
	// retryFirst is when to connect again where the API has not said it, and
	// retryMost how long the wait becomes while it can't be reached.
	retryFirst, retryMost = time.Second, 30 * time.Second
)

// errAnew ends a stream that goes on in another connection.
var errAnew = errors.New("the stream has ended")

// ask follows changes by the API. The first connection has to be made; whenever
// a later one ends, another goes on behind what was printed.
func (cmd *changesCommand) ask(ctx context.Context, c console, s *server) error {
	wait, said, connected := retryFirst, false, false
	for {
		err := cmd.stream(ctx, c, s, func(retry time.Duration) { wait, said, connected = retry, false, true })
		var wrong unusableError
		switch {
		case ctx.Err() != nil || cmd.enough():
			return nil
		case !connected || errors.As(err, &wrong) || errors.Is(err, errOutput):
			return err
		case !said && !errors.Is(err, errAnew):
			_, _ = fmt.Fprintf(c.err, "connecting again: %v\n", err)
			said = true
		}
		if !pause(ctx, wait) {
			return nil
		}
		wait = min(2*wait, retryMost)
	}
}

// errOutput says that it was the printing that failed.
var errOutput = errors.New("printing changes")

// stream prints what comes by one connection, until that ends. began is called
// when it has begun, with when to come again.
func (cmd *changesCommand) stream(ctx context.Context, c console, s *server, began func(time.Duration)) error {
	query := url.Values{"segment": cmd.Segment}
	if cmd.Profile != "" {
		query.Set("profile", cmd.Profile)
	}
	if cmd.place != "" {
		query.Set("from", cmd.place)
	}
	body, err := s.open(ctx, "text/event-stream", query, "changes")
	if err != nil {
		return err
	}
	defer body.Close()
	began(retryFirst)
	events := newEventReader(&impatient{body, time.AfterFunc(silentFor, func() { _ = body.Close() })})
	for {
		one, err := events.next()
		if err != nil {
			return err
		}
		if one.retry > 0 {
			began(one.retry)
		}
		if err := cmd.take(c, &one); err != nil || cmd.enough() {
			return err
		}
	}
}

// take prints what an event says.
func (cmd *changesCommand) take(c console, one *serverEvent) error {
	switch one.kind {
	case "change":
		line := followedLine{ID: one.id}
		if err := json.Unmarshal(one.data, &line.Change); err != nil {
			return fmt.Errorf("reading a change that the API has sent: %w", err)
		}
		return printing(cmd.print(c, &line))
	case "gap":
		var gap struct {
			Detail string
			Missed int64
		}
		if err := json.Unmarshal(one.data, &gap); err != nil {
			return fmt.Errorf("reading a gap that the API has sent: %w", err)
		}
		return printing(cmd.printMissed(c, missedLine{gap.Detail, gap.Missed}))
	case "reconnect":
		return errAnew
	}
	if one.id != "" {
		cmd.place = one.id
	}
	return nil
}

// printing marks an error as one of printing, after which nothing helps.
func printing(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(errOutput, err)
}

// impatient closes a body that is silent for too long.
type impatient struct {
	body  io.ReadCloser
	timer *time.Timer
}

// Read implements io.Reader.
func (i *impatient) Read(p []byte) (int, error) {
	n, err := i.body.Read(p)
	if err != nil {
		i.timer.Stop()
	} else {
		i.timer.Reset(silentFor)
	}
	return n, err
}
