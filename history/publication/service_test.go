package publication

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"muster/directive"
	"muster/pipeline"
)

// at is when tests take place.
var at = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// fake is a service of some shards, in memory. It follows directives, but not
// what patches hold. It applies a few records each time that it is asked how
// far it is.
type fake struct {
	mu    sync.Mutex
	logs  [][]directive.Directive
	next  []int64
	seams []map[string]pipeline.Seam
	first []map[string]int64 // where seams were at first
	rules []string
	dead  int64
	most  int64 // records that were to be applied when another batch came
	turn  int64 // records that are applied at a time, 0 for a service that stands still
	now   time.Time
	step  int
	// at is told of each step, of any kind, and may fail it.
	at func(step int, what string) error
}

var errKilled = errors.New("killed")

func newFake(shards int) *fake {
	f := &fake{now: at, turn: 3, logs: make([][]directive.Directive, shards), next: make([]int64, shards), rules: make([]string, shards)}
	for range shards {
		f.seams = append(f.seams, map[string]pipeline.Seam{})
		f.first = append(f.first, map[string]int64{})
	}
	return f
}

// shardOf is where a profile is.
func (f *fake) shardOf(id string) int { return int(id[len(id)-1]) % len(f.logs) }

func (f *fake) told(what string) error {
	f.step++
	if f.at == nil {
		return nil
	}
	return f.at(f.step, what)
}

func (f *fake) Direct(_ context.Context, directives []directive.Directive) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.told("give"); err != nil {
		return err
	}
	for shard := range f.logs {
		if directives[0].Kind == directive.Patch {
			f.most = max(f.most, int64(len(f.logs[shard]))-f.next[shard])
		}
	}
	for _, d := range directives {
		for shard := range f.logs {
			if d.Kind != directive.Patch || f.shardOf(d.Profile) == shard {
				f.logs[shard] = append(f.logs[shard], d)
			}
		}
	}
	return f.told("given") // and yet it may never be heard of
}

// apply applies a few records of each shard.
func (f *fake) apply() {
	for shard := range f.logs {
		for range f.turn {
			if f.next[shard] == int64(len(f.logs[shard])) {
				break
			}
			d := f.logs[shard][f.next[shard]]
			f.next[shard]++
			seam, known := f.seams[shard][d.Run]
			switch {
			case d.Kind == directive.Open && !known:
				if f.first[shard][d.Run] == 0 {
					f.first[shard][d.Run] = f.now.UnixMilli() + int64(shard)
				}
				f.seams[shard][d.Run] = pipeline.Seam{Run: d.Run, At: f.first[shard][d.Run], Series: d.Series}
			case d.Kind == directive.Close && known:
				seam.Closed = true
				f.seams[shard][d.Run] = seam
			case d.Kind == directive.GiveUp && known:
				seam.GivenUp = true
				f.seams[shard][d.Run] = seam
			case d.Kind == directive.Patch && (!known || seam.Closed || seam.GivenUp):
				f.dead++
			}
		}
	}
}

// loseWrites takes back all that a shard has stored. It reads its log again, by
// which a seam is where it was.
func (f *fake) loseWrites(shard int) {
	f.next[shard], f.seams[shard] = 0, map[string]pipeline.Seam{}
}

func (f *fake) Offsets(context.Context) ([]int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apply()
	return slices.Clone(f.next), f.told("offsets")
}

func (f *fake) Ends(context.Context) ([]int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ends := make([]int64, len(f.logs))
	for shard := range f.logs {
		ends[shard] = int64(len(f.logs[shard]))
	}
	return ends, f.told("ends")
}

func (f *fake) Dead(context.Context) (int64, error) { return f.dead, f.told("dead") }

func (f *fake) Seams(_ context.Context, shard int) ([]pipeline.Seam, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []pipeline.Seam
	for _, s := range f.seams[shard] {
		list = append(list, s)
	}
	return list, f.told("seams")
}

func (f *fake) Standing(_ context.Context, shard int) (Standing, error) {
	return Standing{Rules: f.rules[shard], Clock: f.now.UnixMilli()}, f.told("standing")
}

func (f *fake) Now() time.Time { return f.now }

func (f *fake) Wait(ctx context.Context, d time.Duration) error {
	f.now = f.now.Add(d)
	return errors.Join(ctx.Err(), f.told(fmt.Sprint("wait ", d)))
}

func (f *fake) target() Target {
	return Target{Guide: f, Shards: f, Log: f, Clock: f, ID: "deployment", Count: len(f.logs), Shard: f.shardOf, Sharding: "last"}
}

// given lists the profiles of which a run has given patches, in the order of
// the log of a shard.
func (f *fake) given(shard int, run string) []string {
	var list []string
	for _, d := range f.logs[shard] {
		if d.Kind == directive.Patch && d.Run == run {
			list = append(list, d.Profile)
		}
	}
	return list
}
