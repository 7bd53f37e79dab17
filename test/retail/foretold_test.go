package retail

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"runtime"
	"sync"
	"testing"

	"muster/event"
	"muster/test/kit/oracle"
)

// foretold asks the oracle, or rather as many as there are processors, each
// about its part of the profiles.
func foretold(t *testing.T, file string, texts map[string]string, instants []int64) members {
	t.Helper()
	all, parts := members{}, runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	var asking sync.WaitGroup
	for part := range parts {
		asking.Go(func() {
			found, err := consult(file, texts, instants, func(profile string) bool {
				sum := fnv.New32a()
				_, _ = io.WriteString(sum, profile) // can't fail
				return int(sum.Sum32())%parts == part
			})
			if err != nil {
				t.Errorf("asking the oracle: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for at, segments := range found {
				for id, profiles := range segments {
					all.add(at, id, profiles...)
				}
			}
		})
	}
	asking.Wait()
	return all
}

// consult gives an oracle the events of some profiles and asks for all
// memberships at every instant, which includes what arrives just then.
func consult(file string, texts map[string]string, instants []int64, mine func(profile string) bool) (members, error) {
	o, err := oracle.New(texts)
	if err != nil {
		return nil, err
	}
	records, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		return nil, err
	}
	found := members{}
	answer := func(before int64) {
		for len(instants) > 0 && instants[0] < before {
			for _, profile := range o.Profiles() {
				for _, id := range o.Memberships(profile, instants[0]) {
					found.add(instants[0], id, profile)
				}
			}
			instants = instants[1:]
		}
	}
	lines := bufio.NewScanner(records)
	for lines.Scan() {
		decoder.Reset()
		events, rejected := decoder.Decode(nil, nil, lines.Bytes(), 0, 0)
		if len(rejected) > 0 {
			return nil, fmt.Errorf("decoding %s: %s", lines.Bytes(), rejected[0].Reason)
		}
		for i := range events {
			answer(events[i].Arrival)
			if mine(events[i].Profile) {
				o.Apply(&events[i])
			}
		}
	}
	answer(math.MaxInt64)
	return found, lines.Err()
}
