package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/history"
	"muster/history/lease"
	"muster/history/queue"
)

// cleaned cleans the work directory of what was not used for an hour, and returns
// how many runs that brings.
func (d *depot) cleaned() int {
	d.t.Helper()
	p := d.start("clean", "--work", "work", "--older-than", "1h", "--output", "json")
	if p.code() != 0 {
		d.t.Fatalf("clean: %s", &p.err)
	}
	var report struct {
		Runs struct {
			Files int `json:"files"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(p.out.Bytes(), &report); err != nil {
		d.t.Fatal(err)
	}
	return report.Runs.Files
}

// longAgo changes a file of the work directory that says when something was, so
// that all of it was some days before.
func (d *depot) longAgo(pattern string, days int) {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.folder, "work", "requests", "*", "leases", pattern))
	if err != nil || len(files) != 1 {
		d.t.Fatalf("%q, %v", files, err)
	}
	var value map[string]any
	text, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(text, &value)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	for name, one := range value {
		if at, err := time.Parse(time.RFC3339Nano, asText(one)); err == nil {
			value[name] = at.AddDate(0, 0, -days)
		}
	}
	if text, err = json.Marshal(value); err == nil {
		err = os.WriteFile(files[0], text, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func asText(value any) string {
	text, _ := value.(string) // "" for others
	return text
}

// What an array job works on stays, however long ago it was made: while a task
// runs, when one was killed, and for a day between two of them.
func TestCleanSparesWhatTasksUse(t *testing.T) {
	d := openDepot(t)
	d.write("s.yaml", "segments:\n  - {id: s, rule: 'sum(events(\"Event 1\"), .total) > 20'}\n")
	plan := d.start("plan", "-c", "muster.yaml", "-f", "s.yaml", "--work", "work", "--as-of", depotAsOf, "--tasks", "2", "--manifest", "plan.json")
	if plan.code() != 0 {
		t.Fatalf("plan: %s", &plan.err)
	}
	task := func(stage, index string) *process {
		return d.start("task", "--manifest", "plan.json", "--stage", stage, "--index", index, "--workers", "1")
	}
	if p := task("index", "0"); p.code() != 0 {
		t.Fatalf("task: %s", &p.err)
	}
	d.longAgo("worked.json", 4) // so the request has used what was made three days ago
	stood, open := d.stopBefore(depotDays)
	atWork := task("index", "1")
	reached(t, stood)
	d.age(3 * 24 * time.Hour)
	d.longAgo("worked.json", 4) // so that only who is at work counts
	if n := d.cleaned(); n != 0 {
		t.Errorf("%d runs go that a running task's request uses", n)
	}
	if err := atWork.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = atWork.Wait() // it was killed
	open()
	d.longAgo("index-1-*.json", 4) // so that it is dead
	if p := task("index", "1"); p.code() != 0 {
		t.Fatalf("task: %s", &p.err)
	}
	d.age(3 * 24 * time.Hour)
	if n := d.cleaned(); n != 0 {
		t.Errorf("%d runs go between two tasks", n)
	}
	for _, index := range []string{"0", "1"} {
		if p := task("evaluate", index); p.code() != 0 {
			t.Fatalf("task: %s", &p.err)
		}
	}
	gather := d.start("gather", "--manifest", "plan.json", "--output", "json")
	if n := gather.done().Summary.Segments[0].Members; n != 9 {
		t.Errorf("%d members", n)
	}
	d.age(3 * 24 * time.Hour)
	if n := d.cleaned(); n != depotDays {
		t.Errorf("%d of %d runs go when all is done", n, depotDays)
	}
}

// age has the files of the work directory be used so long ago.
func (d *depot) age(by time.Duration) {
	d.t.Helper()
	at := time.Now().Add(-by)
	err := filepath.WalkDir(filepath.Join(d.folder, "work", "runs"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// Who is at the tasks of a request is shown, also when whoever asked is gone.
func TestStatusTellsWhoIsAtWork(t *testing.T) {
	work := t.TempDir()
	hold, err := queue.New(work).Take(t.Context(), queue.Asked{ID: "a", Archive: "archive", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := hold.Leave(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	look := func() string {
		e, err := queue.New(work).Find(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		named := &backfillNamed{backfillWork: backfillWork{Work: work}, files: history.LocalFiles(work)}
		seen, err := named.see(e, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		writeStatus(&out, seen, work)
		return out.String()
	}
	if text := look(); strings.Contains(text, "at work") {
		t.Error(text)
	}
	held, err := lease.Take(history.LocalFiles(work), "a", lease.Task{Stage: "index"}, func() lease.Done { return lease.Done{} })
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if text := look(); !strings.Contains(text, "interrupted") || !strings.Contains(text, "1 at work, on "+host+"\n") || !strings.Contains(text, "\nplan ") {
		t.Error(text)
	}
	if err := held.Release(false); err != nil {
		t.Fatal(err)
	}
	if text := look(); strings.Contains(text, "at work") {
		t.Error(text)
	}
}
