package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"muster/test/kit/oracle"
	"muster/test/soak"
)

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestTheOutcomeIsOneLine(t *testing.T) {
	var out, log bytes.Buffer
	if err := run(context.Background(), environment(map[string]string{"MUSTER_DECISIONS": "5000", "MUSTER_SEED": "9", "MUSTER_WORKERS": "1"}), &out, &log); err != nil {
		t.Fatal(err)
	}
	var got outcome
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	if got.Bench != "soak" || got.Decisions < 5000 || got.AtInstants == 0 || got.Changes == 0 || got.Mismatches != 0 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %s", &out)
	}
	if log.Len() > 0 {
		t.Errorf("a short run logs %s", &log)
	}
}

func TestAnInterruptedRunSaysHowToGoOn(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, log bytes.Buffer
	err := run(ctx, environment(map[string]string{"MUSTER_DECISIONS": "5000", "MUSTER_SEED": "9"}), &out, &log)
	if err == nil || !strings.Contains(log.String(), "MUSTER_SEED=9 MUSTER_DECISIONS=5000 make soak") {
		t.Errorf("got %v, %s", err, &log)
	}
}

func TestWrongNumbers(t *testing.T) {
	for _, text := range []string{"0", "-1", "1e9", "x"} {
		for _, name := range []string{"MUSTER_DECISIONS", "MUSTER_SEED", "MUSTER_WORKERS"} {
			err := run(context.Background(), environment(map[string]string{name: text}), &bytes.Buffer{}, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: got %v", name, text, err)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	p := soak.Progress{Tally: soak.Tally{Asked: oracle.Asked{AtEvents: 500, AtInstants: 1500}}, Elapsed: 2 * time.Second, Next: 7}
	if got, want := describe(p, 10_000), "500 of 10000 decisions, 250 a second, 38s to go, 0 mismatches, at seed 7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := describe(soak.Progress{Elapsed: time.Second}, 5); !strings.Contains(got, "unknown") {
		t.Errorf("got %q", got)
	}
}
