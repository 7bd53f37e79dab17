package faults

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"muster/test/kit/delivered"
	"muster/test/kit/oracle"
)

// deliveries are what the destinations of a run are told: a webhook and two
// topics, each of all segments.
type deliveries struct {
	endpoint *delivered.Endpoint
	topic    string
	// batch is how many changes a message of the webhook carries at most. Where
	// Redis loses writes it is 1: which changes are sent together is then
	// found anew, and is another message's.
	batch int
}

// startDeliveries returns the file of destinations.
func (r *run) startDeliveries() string {
	r.t.Helper()
	d := &deliveries{
		endpoint: &delivered.Endpoint{T: r.t, Log: delivered.New(), Manner: fickle},
		topic:    fmt.Sprintf("audiences-%d-%d", r.plan.seed, time.Now().UnixNano()), batch: r.plan.batch(),
	}
	server := httptest.NewServer(d.endpoint)
	r.t.Cleanup(server.Close)
	secret := filepath.Join(r.t.TempDir(), "secret")
	r.must(os.WriteFile(secret, []byte(delivered.Secret+"\n"), 0o600))
	r.deliveries = d
	initial := "none"
	if r.plan.initial {
		initial = "all"
	}
	return fmt.Sprintf(`destinations:
  - name: hook
    segments: all
    initial: %[6]s
    batch: %[1]d
    webhook: {url: %[2]q, secrets: [{file: %[3]q}], allow_networks: [127.0.0.0/8]}
  - name: lake
    segments: all
    initial: %[6]s
    kafka: {topic: %[4]q, members_topic: %[5]q}
`, d.batch, server.URL, secret, d.topic, d.membersTopic(), initial)
}

func (d *deliveries) membersTopic() string { return d.topic + ".members" }

// batched is how many changes a message carries where several may.
const batched = 20

// batch is 1 where writes may get lost and where shards are counted anew,
// which has everything sent again.
func (p *plan) batch() int {
	if p.edits || p.loses() {
		return 1
	}
	return batched
}

// loses reports whether Redis loses writes in a storm.
func (p *plan) loses() bool {
	for i := range p.storm {
		if name := p.storm[i].kind.name; name == "writes lost" || name == "failover" {
			return true
		}
	}
	return false
}

// fickle has every tenth message, by its id, fail at first, every tenth fail
// although it was processed, and every tenth be without an answer. Only at
// first, as the wait behind a second attempt is of minutes.
func fickle(id string, attempt, _ int) delivered.Manner {
	digest := fnv.New32a()
	_, _ = io.WriteString(digest, id)
	manners := map[uint32]delivered.Manner{0: delivered.Fail, 1: delivered.ProcessFail, 2: delivered.ProcessHang}
	if attempt > 1 {
		return delivered.Accept
	}
	return manners[digest.Sum32()%10]
}

// settledDeliveries are what is wrong with the deliveries of a run.
type settledDeliveries struct {
	Compared int `json:"deliveries"` // changes that were compared, by destination
	Repeats  int `json:"delivery_repeats"`
	Missing  int `json:"delivery_missing"`
	Inverted int `json:"delivery_inverted"`
	OtherID  int `json:"delivery_duplicated_under_another_id"`
	Diverged int `json:"delivery_diverged"` // another body, what never was, memberships, what is counted as given up
}

func (s *settledDeliveries) add(one *settledDeliveries) {
	s.Compared += one.Compared
	s.Repeats += one.Repeats
	s.Missing += one.Missing
	s.Inverted += one.Inverted
	s.OtherID += one.OtherID
	s.Diverged += one.Diverged
}

// verifyDeliveries waits until both destinations know all changes, and holds
// what they were told against the promises.
//
// Where Redis has lost writes while rules were edited, or the wall clock moved
// shards, what was lost was not made again as it was: a destination knows of
// changes that are not so any more. It still gets every change that there is,
// and a reconcile leaves it right.
func (r *run) verifyDeliveries() (sum settledDeliveries) {
	r.t.Helper()
	lossy := r.hits["writes lost"]+r.hits["failover"] > 0
	if lossy && (r.plan.edits || r.plan.steps) {
		r.verifyReconciled(&sum)
		return sum
	}
	outbox := r.system.Outbox()
	hook := r.deliveries.endpoint.Log
	r.awaitTold("the webhook", func() error { return hook.Lacks(outbox) })
	sum.count(r, "the webhook", hook, outbox)
	topic := delivered.New()
	r.awaitTold("the topic", func() error {
		topic = r.system.ToldOnTopic(r.deliveries.topic)
		return topic.Lacks(outbox)
	})
	sum.count(r, "the topic", topic, outbox)
	r.verifyStatus(&sum)
	same := maps.Equal[map[delivered.Membership]uint64, map[delivered.Membership]uint64]
	if r.plan.initial {
		same = sameMembers // a run names them with the version of the profile's last change
	}
	want, got := delivered.Members(outbox), map[delivered.Membership]uint64{}
	r.awaitTold("the compacted topic", func() error {
		if got = r.system.MembersOnTopic(r.deliveries.membersTopic()); !same(got, want) {
			return fmt.Errorf("it is left with the memberships\n%v\nwant\n%v", got, want)
		}
		return nil
	})
	if !same(got, want) {
		sum.Diverged++
	}
	return sum
}

// sameMembers compares memberships, whatever their versions.
func sameMembers(a, b map[delivered.Membership]uint64) bool {
	return maps.EqualFunc(a, b, func(uint64, uint64) bool { return true })
}

// awaitTold waits until a destination lacks nothing. What it then still lacks
// is counted as missing.
func (r *run) awaitTold(who string, lacks func() error) {
	r.t.Helper()
	for until := time.Now().Add(settling); ; {
		err := lacks()
		if err == nil {
			return
		}
		if time.Now().After(until) {
			r.t.Errorf("%s: %v", who, err)
			return
		}
		time.Sleep(noteEvery)
	}
}

func (s *settledDeliveries) count(r *run, who string, log *delivered.Log, outbox []oracle.Change) {
	r.t.Helper()
	tally, problems := log.Compare(outbox)
	for _, one := range problems {
		r.t.Errorf("%s: %s", who, one)
	}
	s.add(&settledDeliveries{
		Compared: tally.Changes, Repeats: tally.Repeats, Missing: tally.Missing, Inverted: tally.Inverted, OtherID: tally.OtherID,
		Diverged: tally.Unknown + tally.OtherBody + tally.Diverged,
	})
}

// verifyStatus waits until nothing is left to be sent, and demands that nothing
// was given up or missed.
func (r *run) verifyStatus(sum *settledDeliveries) {
	r.t.Helper()
	var status struct {
		Destinations []struct{ Behind, Waiting, Dead, Missed int }
	}
	var text string
	r.awaitTold("the status", func() (err error) {
		if text, err = r.system.Activate("status", "--output", "json"); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			return fmt.Errorf("reading the status %q: %w", text, err)
		}
		for _, d := range status.Destinations {
			if d.Behind+d.Waiting > 0 {
				return fmt.Errorf("it says %s", text)
			}
		}
		return nil
	})
	for _, d := range status.Destinations {
		if d.Dead+d.Missed > 0 {
			sum.Diverged += d.Dead + d.Missed
			r.t.Errorf("changes were given up or missed: %s", text)
		}
	}
}
