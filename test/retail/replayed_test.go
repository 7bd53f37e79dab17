package retail

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"muster/test/e2e/stack"
)

// replayed runs evaluator replay.
func replayed(t *testing.T, file string, instants []int64) members {
	t.Helper()
	args := []string{"replay", "--segments", "timed", "--output", "members"}
	for _, at := range instants {
		args = append(args, "--at", spell(at))
	}
	var complaints strings.Builder
	replay := exec.Command(stack.Binary(), append(args, file)...)
	replay.Stderr = &complaints
	out, err := replay.Output()
	if err != nil || !strings.Contains(complaints.String(), " 0 dead letters") {
		t.Fatalf("replaying: %v\n%s", err, complaints.String())
	}
	found := members{}
	for lines := json.NewDecoder(strings.NewReader(string(out))); ; {
		var line struct {
			At      time.Time
			Segment string
			Members []string
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatalf("reading the replay's output: %v", err)
		}
		found.add(line.At.UnixMilli(), line.Segment, line.Members...)
	}
}

func spell(at int64) string { return time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z") }
