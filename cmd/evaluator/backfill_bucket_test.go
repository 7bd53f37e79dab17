package main

import (
	"encoding/json"
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
	keep := d.start("keep", "-c", "muster.yaml", "-f", "s1.yaml", "--work", "s3://depot/state")
	if code := keep.code(); code != 2 || !strings.Contains(keep.err.String(), "a bucket has no locks") || !strings.Contains(keep.err.String(), "name a folder") {
		t.Errorf("keep in a bucket: exit code %d: %s", code, &keep.err)
	}
	nowhere := start("s3://nowhere/state")
	if code := nowhere.code(); code != 2 || !strings.Contains(nowhere.err.String(), "bucket nowhere") {
		t.Errorf("exit code %d: %s", code, &nowhere.err)
	}
}
