package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"syscall"

	"muster/history/files"
	"muster/history/keeping"
	"muster/history/publication"
	"muster/test/kit/outbox"
)

// Backfill is an `evaluator backfill start`, or keep, that runs.
type Backfill struct {
	command *exec.Cmd
	out     bytes.Buffer
	exited  chan struct{}
	err     error
	work    string
}

// Backfill starts to bring history into the System, with its segments and
// further arguments. What it makes is in a folder, or in a bucket.
func (s *System) Backfill(work string, arguments ...string) *Backfill {
	s.t.Helper()
	return s.backfill("start", work, arguments)
}

// Keep starts to keep segments with backfill: auto complete, likewise.
func (s *System) Keep(work string, arguments ...string) *Backfill {
	s.t.Helper()
	return s.backfill("keep", work, arguments)
}

// Tasks plans what is to be brought in so many tasks, and has each of them done by
// a process that has the plan alone.
func (s *System) Tasks(work string, tasks int, arguments ...string) {
	s.t.Helper()
	manifest := filepath.Join(work, "manifest.json")
	plan := s.backfill("plan", work, append([]string{"--publish", "--tasks", strconv.Itoa(tasks), "--manifest", manifest}, arguments...))
	if err := plan.Err(); err != nil {
		s.t.Fatalf("planning a backfill: %v\n%s", err, plan.out.String())
	}
	for _, stage := range []string{"index", "fold", "evaluate"} {
		for i := range tasks {
			task := s.program(context.Background(), built, "backfill", "task", "--manifest", manifest, "--stage", stage, "--index", strconv.Itoa(i))
			if out, err := task.CombinedOutput(); err != nil {
				s.t.Fatalf("task %d of %s: %v\n%s", i, stage, err, out)
			}
		}
	}
}

func (s *System) backfill(command, work string, arguments []string) *Backfill {
	s.t.Helper()
	b := &Backfill{exited: make(chan struct{}), work: work}
	b.command = s.program(context.Background(), built, append([]string{
		"backfill", command, "-c", s.config("backfill", ""), "-f", s.file(segmentFile), "--work", work,
	}, arguments...)...)
	b.command.Stdout, b.command.Stderr = &b.out, &b.out
	b.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.command.Start(); err != nil {
		s.t.Fatalf("starting a backfill: %v", err)
	}
	go func() {
		b.err = b.command.Wait()
		close(b.exited)
	}()
	s.t.Cleanup(b.Kill)
	return b
}

// Kill ends it as a crash would.
func (b *Backfill) Kill() {
	_ = b.command.Process.Kill() // it may have ended already
	<-b.exited
}

// Stop asks it to end, and returns how it did.
func (b *Backfill) Stop() error {
	_ = b.command.Process.Signal(syscall.SIGTERM)
	return b.Err()
}

// Ended returns nil once it has ended well, and what it printed.
func (b *Backfill) Ended() (string, error) {
	select {
	case <-b.exited:
		return b.out.String(), nil
	default:
		return "", errors.New("the backfill is still at work")
	}
}

// Err is how it has ended.
func (b *Backfill) Err() error {
	<-b.exited
	return b.err
}

// ExitCode is that with which it has ended, -1 where it was killed.
func (b *Backfill) ExitCode() int {
	<-b.exited
	return b.command.ProcessState.ExitCode()
}

// State returns how far it is, by its file in the work directory.
func (b *Backfill) State() (publication.State, error) {
	var state publication.State
	select {
	case <-b.exited:
		return state, fmt.Errorf("the backfill has ended: %w\n%s", b.err, b.out.String())
	default:
	}
	return PublicationState(b.work)
}

// PublicationState reads the one publication of a work directory.
func PublicationState(work string) (publication.State, error) {
	return PublicationIn(files.Folder{Dir: work})
}

// Work is where the files of a work directory are: a folder or a bucket.
type Work interface {
	List(folder string, visit func(files.Info) error) error
	Open(name string) (files.File, error)
}

// PublicationIn is PublicationState wherever the work directory is.
func PublicationIn(work Work) (state publication.State, err error) {
	var found []string
	err = work.List("requests", func(i files.Info) error {
		if path.Base(i.Name) == publication.StateFile {
			found = append(found, i.Name)
		}
		return nil
	})
	if err != nil {
		return state, err
	}
	if len(found) != 1 {
		return state, fmt.Errorf("%d publications in %v: %w", len(found), work, fs.ErrNotExist)
	}
	file, err := work.Open(found[0])
	if err != nil {
		return state, err
	}
	defer file.Close()
	text, err := files.All(file)
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	return state, err
}

// Kept reads what history a keep has brought by now.
func (b *Backfill) Kept() (r keeping.Record, err error) {
	select {
	case <-b.exited:
		return r, fmt.Errorf("keep has ended: %w\n%s", b.err, b.out.String())
	default:
	}
	return KeptIn(files.Folder{Dir: b.work})
}

// KeptIn reads the one record of what was brought, wherever the work directory is.
func KeptIn(work Work) (r keeping.Record, err error) {
	var found []string
	err = work.List("kept", func(i files.Info) error {
		if path.Ext(i.Name) == ".json" {
			found = append(found, i.Name)
		}
		return nil
	})
	if err != nil || len(found) != 1 {
		return r, errors.Join(err, fmt.Errorf("%d records of what was brought", len(found)))
	}
	file, err := work.Open(found[0])
	if err != nil {
		return r, err
	}
	defer file.Close()
	text, err := files.All(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// Runs counts the changes in the outbox of a shard by the run that brought
// them; "" is for those that history has not brought.
func (s *System) Runs(shard int) map[string]int {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	messages, err := s.Redis.XRange(ctx, s.key(shard, "out"), "-", "+").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	runs := map[string]int{}
	for _, m := range messages {
		changes, err := outbox.Changes(m.Values)
		if err != nil {
			s.t.Fatalf("entry %s of the outbox: %v", m.ID, err)
		}
		for _, c := range changes {
			runs[c.Run]++
		}
	}
	return runs
}
