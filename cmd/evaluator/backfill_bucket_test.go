package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A work directory in a bucket serves a start, and tasks of processes that share
// nothing else: what comes out is what a folder gets, and no archive is read
// again.
func TestBackfillInABucket(t *testing.T) {
	d := openDepot(t)
	folder := d.ask(1).done()
	start := func(work string) *process {
		return d.start("start", "--dry-run", "-c", "muster.yaml", "-f", "s1.yaml", "--work", work, "--as-of", depotAsOf, "--output", "json")
	}
	bucket := start("s3://depot/state").done()
	if !reflect.DeepEqual(bucket.Summary, folder.Summary) || bucket.Read.Objects != depotDays || !strings.HasPrefix(bucket.Folder, "s3://depot/state/requests/") {
		t.Errorf("in a bucket %+v, in a folder %+v", bucket, folder)
	}
	plan := d.start("plan", "-c", "muster.yaml", "-f", "s1.yaml", "--work", "s3://depot/tasks", "--as-of", depotAsOf, "--tasks", "2", "--manifest", "s3://depot/tasks/known.json", "--output", "json")
	if plan.code() != 0 {
		t.Fatalf("plan: %s", &plan.err)
	}
	var planned plannedWork
	if err := json.Unmarshal(plan.out.Bytes(), &planned); err != nil || planned.Manifest != "s3://depot/tasks/known.json" {
		t.Fatalf("%s: %v", &plan.out, err)
	}
	for _, stage := range []string{"index", "evaluate"} {
		var both []*process
		for _, index := range []string{"0", "1"} {
			both = append(both, d.start("task", "-c", "muster.yaml", "--manifest", planned.Manifest, "--stage", stage, "--index", index))
		}
		for _, p := range both {
			if p.code() != 0 {
				t.Fatalf("%s: %s", stage, &p.err)
			}
		}
	}
	gathered := d.start("gather", "-c", "muster.yaml", "--manifest", planned.Manifest, "--output", "json").done()
	if !reflect.DeepEqual(gathered.Summary, folder.Summary) {
		t.Errorf("by tasks %+v, in a folder %+v", gathered.Summary, folder.Summary)
	}
	if again := start("s3://depot/state").done(); again.Read.Objects != 0 || !reflect.DeepEqual(again.Summary, folder.Summary) {
		t.Errorf("again %+v", again)
	}
	nowhere := start("s3://nowhere/state")
	if code := nowhere.code(); code != 2 || !strings.Contains(nowhere.err.String(), "bucket nowhere") {
		t.Errorf("exit code %d: %s", code, &nowhere.err)
	}
}

// Requests of a work directory in a bucket have one process at a time, are told of,
// are cancelled and gone on with from anywhere, and what they use is not cleaned away.
func TestBackfillsInABucketAreLookedAfter(t *testing.T) {
	d := openDepot(t)
	const work = "s3://depot/state"
	at := func(command string, args ...string) *process {
		return d.start(append([]string{command, "-c", "muster.yaml", "--work", work}, args...)...)
	}
	stood, open := d.stopBefore(3)
	defer open()
	p := d.ask(1, "--work", work)
	reached(t, stood)
	second := d.ask(1, "--work", work)
	if code := second.code(); code != 1 || !strings.Contains(second.err.String(), fmt.Sprintf("is running already, by process %d on ", p.Process.Pid)) {
		t.Errorf("%d, %s", code, &second.err)
	}
	if list := at("list"); list.code() != 0 || !strings.Contains(list.out.String(), "running") {
		t.Errorf("list: %s%s", &list.out, &list.err)
	}
	if clean := at("clean", "--older-than", "1h"); clean.code() != 0 || !strings.Contains(clean.out.String(), "sorted runs             0") {
		t.Errorf("clean: %s%s", &clean.out, &clean.err)
	}
	if cancel := at("cancel"); cancel.code() != 0 || !strings.Contains(cancel.out.String(), "is cancelled; what was made stays") {
		t.Errorf("cancel: %s%s", &cancel.out, &cancel.err)
	}
	if code := p.code(); code != 1 || !strings.Contains(p.err.String(), "the backfill was cancelled") {
		t.Errorf("%d, %s", code, &p.err)
	}
	open()
	if report := at("resume", "--output", "json").done(); report.Saved.Objects != 2 || report.Account.Attempts != 2 {
		t.Errorf("saved %+v, %+v", report.Saved, report.Account)
	}
	if status := at("status", "--watch"); status.code() != 0 || !strings.Contains(status.out.String(), "result    "+work+"/requests/") {
		t.Errorf("status: %s%s", &status.out, &status.err)
	}
	nowhere := d.start("list", "-c", "muster.yaml", "--work", "s3://nowhere/state")
	if code := nowhere.code(); code != 2 || !strings.Contains(nowhere.err.String(), "bucket nowhere") {
		t.Errorf("exit code %d: %s", code, &nowhere.err)
	}
}
