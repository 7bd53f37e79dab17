package reshard

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/config"
	"muster/credentials"
	"muster/sink"
	"muster/stream"
)

func TestShardsThatAreNotAtTheEndAreNamed(t *testing.T) {
	r := &resharding{config: config.Default()}
	for name, test := range map[string]struct {
		extent stream.Extent
		next   int64
		says   string // "" for nothing
	}{
		"at the end":                   {stream.Extent{First: 3, End: 9}, 9, ""},
		"never had a record":           {stream.Extent{}, -1, ""},
		"all expired before it came":   {stream.Extent{First: 9, End: 9}, -1, ""},
		"behind":                       {stream.Extent{First: 3, End: 9}, 7, "shard 0 has 2 records to read, from offset 7"},
		"never read":                   {stream.Extent{First: 3, End: 4}, -1, "shard 0 has 1 record to read"},
		"retention was faster":         {stream.Extent{First: 3, End: 9}, 1, "shard 0 has 6 records to read, from offset 1"},
		"retention left nothing of it": {stream.Extent{First: 9, End: 9}, 1, "shard 0 has 0 records to read, from offset 1"},
		"a topic made anew":            {stream.Extent{First: 0, End: 4}, 9, "applied records up to offset 9, and the partition ends at 4"},
	} {
		err := r.drained([]stream.Extent{test.extent}, []int64{test.next})
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "sources: []")) {
			t.Errorf("%s: got %v, want %q", name, err, test.says)
		}
	}
}

func TestWarnings(t *testing.T) {
	for name, test := range map[string]struct {
		weight sink.Weight
		want   string
	}{
		"nothing":        {sink.Weight{Outbox: 300, Longest: 100}, ""},
		"longer outbox":  {sink.Weight{Outbox: 150, Longest: 120}, "120 changes or more"},
		"fewer outboxes": {sink.Weight{Outbox: 600, Longest: 100}, "200 changes or more"},
		"sizes":          {sink.Weight{Recounts: 2}, "sizes of 2 segments"},
	} {
		outcome := &Outcome{To: sink.Layout{Shards: 3}}
		outcome.weigh(test.weight, 100)
		if got := strings.Join(outcome.Warnings, "\n"); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestSettled(t *testing.T) {
	for cause, want := range map[error]bool{
		sink.ErrMismatch: true, sink.ErrBroken: true, errTopic: true, &credentials.FileError{}: true,
		&settledError{errors.New("no such partitioner")}: true, errors.New("evaluators are running"): false,
	} {
		if got := Settled(fmt.Errorf("resharding: %w", cause)); got != want {
			t.Errorf("%v: %v, want %v", cause, got, want)
		}
	}
}
