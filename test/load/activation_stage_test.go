package load

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"muster/test/kit/ruleset"
)

// The segment that every event of a stage has its profile enter or leave.
const (
	toggled    = "on"
	toggleRule = "traits.on == true"
)

// toggleProfiles is how many profiles the events of a stage are of, in turn.
const toggleProfiles = 10_000

// stage is where deliveries are measured: Redis, a broker, and a service with
// one destination. Of its events each makes one change, so what is sent is
// known.
type stage struct {
	bench
	population population
	runs       int
}

func newStage(t testing.TB) *stage {
	t.Helper()
	texts := map[string]string{toggled: toggleRule}
	s := &segmentation{set: ruleset.Compile(t, texts), file: writeTemporary(t, "segments.yaml", ruleset.File(texts))}
	st := &stage{
		bench:      bench{t: t, options: &options{profiles: os.Getenv("MUSTER_LOAD_PROFILE")}, segments: map[int]*segmentation{1: s}, redis: startRedis(t, shards), broker: startBroker(t), progress: t.Output()},
		population: population{name: "toggle", cache: 1 << 28},
	}
	st.begin(st.population)
	return st
}

// scene is a run of a stage.
type scene struct {
	*run
	endpoint *endpoint
	made     int // events
}

// open puts back what the stage began with, and makes a topic.
func (s *stage) open(e *endpoint, batch int) *scene {
	s.t.Helper()
	r := &run{
		t: s.t, options: s.options, population: s.population, contender: contender{engine, 1}, segments: s.segments[1], redis: s.redis,
		destinations: e.destinations(batch),
	}
	s.runs++
	r.begin(s.broker, fmt.Sprintf("toggle-%d", s.runs))
	return &scene{run: r, endpoint: e}
}

// toggle makes the next event: the next profile enters the segment, or leaves
// it.
func (s *scene) toggle() (message, version) {
	round := s.made / toggleProfiles
	profile := profileID(s.made % toggleProfiles)
	at := began.Add(time.Duration(s.made) * time.Millisecond)
	text := fmt.Sprintf(`{"messageId":"m-%d","type":"identify","userId":"%s","traits":{"on":%t},"timestamp":"%s"}`,
		s.made, profile, round%2 == 0, at.Format("2006-01-02T15:04:05.000Z07:00"))
	s.made++
	return message{profile: profile, value: []byte(text)}, version{profile, round + 1}
}

// fill puts events on the topic.
func (s *scene) fill(events int) {
	s.t.Helper()
	for range events {
		m, _ := s.toggle()
		s.topic.send(m, nil)
	}
	s.topic.flush()
}

// state sets what is stored of whether the destination is sent to.
func (s *scene) state(state string) {
	s.t.Helper()
	store := openStore(s.t, s.redis.server.Address)
	defer store.Close()
	if err := store.SetDestinationState(s.t.Context(), destinationName, state, "a benchmark"); err != nil {
		s.t.Fatal(err)
	}
}

// awaitTaken waits until the receiver has taken so many changes.
func (s *scene) awaitTaken(changes int) {
	s.t.Helper()
	last, moved := -1, time.Now()
	for {
		n := s.endpoint.count()
		if n >= changes {
			return
		}
		if n != last {
			last, moved = n, time.Now()
		}
		s.services.check()
		if time.Since(moved) > patience {
			s.t.Fatalf("%d of %d changes were received, and no more for %s:\n%s", n, changes, patience, s.services.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// awaitWaiting waits until messages of every shard wait in Redis for their
// next attempt.
func (s *scene) awaitWaiting() {
	s.t.Helper()
	for deadline := time.Now().Add(patience); slices.Contains(s.waitingBy(), 0); time.Sleep(20 * time.Millisecond) {
		s.services.check()
		if time.Now().After(deadline) {
			s.t.Fatalf("by shard, %v messages wait, want some of each:\n%s", s.waitingBy(), s.services.tail())
		}
	}
}

// waiting is how many messages wait.
func (s *scene) waiting() (messages int) {
	s.t.Helper()
	for _, n := range s.waitingBy() {
		messages += n
	}
	return messages
}

func (s *scene) waitingBy() []int {
	s.t.Helper()
	by := make([]int, s.redis.shards)
	for shard := range by {
		n, err := s.redis.client.HLen(s.t.Context(), waitKey(shard)).Result()
		if err != nil {
			s.t.Fatalf("counting what waits: %v", err)
		}
		by[shard] = int(n)
	}
	return by
}

func waitKey(shard int) string {
	return "m:{s" + strconv.Itoa(shard) + "}:to:" + destinationName + ":wait"
}
