package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// Eight shards become three and three become eight, with events before,
// between and behind, and with reshards that are killed: every profile's
// changes, memberships and sizes are those of an oracle that has seen what
// was on all the keyed topics.
func TestReshard(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(5, 1, 24)
		s := stack.Start(t, stack.Options{Shards: 8, Sources: 1, Segments: tr.Segments(), Cluster: cluster, LinkedRedis: true})
		o := &ordered{s: s, clock: generate.Start}
		for i := range 120 {
			o.profiles = append(o.profiles, fmt.Sprintf("customer-%d", i))
		}
		s.Init()
		e := s.Run()
		s.Produce(o.events(tr, 1500)...)
		s.AwaitSettled(stack.Patience)
		refuses(t, s, 1, "evaluators are running: ")
		e.Terminate()

		// What nobody has read yet would be lost.
		direct := o.events(tr, 1)[0]
		direct.Topic, direct.Partition, direct.Key = s.Keyed, int32(s.Owner(o.last)), []byte(o.last)
		s.Produce(direct)
		refuses(t, s, 1, " has 1 record to read, from offset ")
		e = s.Run()
		s.AwaitSettled(stack.Patience)
		e.Terminate()

		topics := []keyed{{s.Keyed, 8}, {s.Keyed + "-3", 3}, {s.Keyed + "-3-8", 8}}
		for _, to := range topics[1:] {
			s.Produce(o.events(tr, 300)...) // the source topic goes on filling
			reshardThroughKills(t, s, to)
			if out := s.Refused(); !strings.Contains(out, "kafka.keyed: "+to.topic) {
				t.Errorf("the configuration of before is refused with\n%s", out)
			}
			s.Resharded(to.topic, to.shards)
			e = s.Run()
			s.Produce(o.events(tr, 700)...)
			s.AwaitSettled(stack.Patience)
			e.Terminate()
			if out, err := s.Reshard("--drop-old"); err != nil {
				t.Fatalf("dropping the old shards: %v\n%s", err, out)
			}
		}
		compareProfiles(t, s, tr.Rules, topics)
	})
}

// keyed is a topic that was, or is, the keyed one.
type keyed struct {
	topic  string
	shards int
}

// ordered makes events that arrive in order of time: then it makes no
// difference to a profile which others are in its shard.
type ordered struct {
	s        *stack.System
	profiles []string
	clock    int64
	last     string // profile of the last event
	serial   int
}

func (o *ordered) events(tr *traffic.Traffic, n int) []*kgo.Record {
	records := make([]*kgo.Record, n)
	for i := range records {
		e := generate.Event(tr.Rand, o.profiles, o.clock)
		e.Arrival = max(e.Arrival, o.clock)
		o.clock, o.last = e.Arrival, e.Profile
		records[i] = &kgo.Record{Topic: o.s.Source, Value: generate.Record(&e, map[string]any{"serial": o.serial})}
		o.serial++
	}
	return records
}

// refuses demands that a reshard ends with an exit code and says why.
func refuses(t *testing.T, s *stack.System, code int, says string) {
	t.Helper()
	out, err := s.Reshard("--shards", "3")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code || !strings.Contains(out, says) {
		t.Fatalf("got %v, want exit code %d and %q:\n%s", err, code, says, out)
	}
}

// firstKill is the command to Redis at which a reshard is killed for the
// first time: it has told Redis what it is about, and hardly more.
const firstKill = 20

// reshardThroughKills kills the command, each time after some more of what it
// sends to Redis, until one has come to its end. How far each comes does not
// depend on how fast the machine is.
func reshardThroughKills(t *testing.T, s *stack.System, to keyed) {
	t.Helper()
	kills := 0
	for at := firstKill; ; at += at / 2 {
		out, err := s.ReshardKilledAt(at, "--shards", fmt.Sprint(to.shards), "--output", "json")
		var exit *exec.ExitError
		switch {
		case err == nil:
			if kills == 0 {
				t.Error("none was killed")
			}
			t.Logf("after %d kills, the last of them before command %d: %s", kills, at, out)
			return
		case !errors.As(err, &exit) || exit.ExitCode() > 0:
			t.Fatalf("resharding: %v\n%s", err, out)
		}
		kills++
	}
}

// foretold is what oracles, one for each profile, say of it.
type foretold struct {
	segments []string
	logs     map[string]*oracle.Log
	changes  map[string][]oracle.Change
	tally    stack.Tally
}

// compareProfiles feeds all keyed topics, one after the other, to an oracle
// for each profile.
func compareProfiles(t *testing.T, s *stack.System, rules map[string]string, topics []keyed) {
	t.Helper()
	f := &foretold{slices.Sorted(maps.Keys(rules)), map[string]*oracle.Log{}, map[string][]oracle.Change{}, stack.Tally{}}
	for _, from := range topics { // the last is the present one
		s.Keyed, s.Shards = from.topic, from.shards
		s.Events(func(_ int, e *event.Event) {
			id := strings.Clone(e.Profile)
			if f.logs[id] == nil {
				var err error
				if f.logs[id], err = oracle.NewLog(rules); err != nil {
					t.Fatal(err)
				}
			}
			f.changes[id] = append(f.changes[id], f.logs[id].Apply(e)...)
			f.tally.Events++
		})
	}
	for shard := range s.Shards {
		f.compare(t, s, shard)
	}
	report(t, f.tally)
}

// compare compares what a shard holds with what is foretold of its profiles.
func (f *foretold) compare(t *testing.T, s *stack.System, shard int) {
	t.Helper()
	got := s.Stored(shard, f.segments)
	changes, members := map[string][]oracle.Change{}, map[string][]string{}
	for _, c := range got.Outbox {
		changes[c.Profile] = append(changes[c.Profile], c)
	}
	for _, id := range slices.Sorted(maps.Keys(f.logs)) {
		if s.Owner(id) != shard {
			continue
		}
		want := append(f.changes[id], f.logs[id].Advance(got.Clock)...)
		if !slices.Equal(changes[id], want) {
			t.Errorf("the changes of %s are\n%+v\nthe oracle's\n%+v", id, changes[id], want)
		}
		f.tally.Changes += len(want)
		for _, segment := range f.segments {
			if len(f.logs[id].Oracle().Members(segment)) > 0 {
				members[segment] = append(members[segment], id)
			}
		}
	}
	for _, segment := range f.segments {
		f.tally.Members += len(members[segment])
		if !slices.Equal(got.Members[segment], members[segment]) || got.Sizes[segment] != len(members[segment]) {
			t.Errorf("shard %d: %s has size %d and the members\n%q\nthe oracle's are\n%q", shard, segment,
				got.Sizes[segment], got.Members[segment], members[segment])
		}
	}
}
