package load

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/pipeline"
	"muster/profile"
	"muster/sink"
	"muster/stream"
	"muster/test/kit/ruleset"
)

// listingLine is what a service holds while it lists members.
type listingLine struct {
	apiLine
	Members int     `json:"members"`
	Before  float64 `json:"heap_mb"`      // what is in use, garbage included
	Peak    float64 `json:"heap_mb_peak"` // the same, meanwhile
	Growth  float64 `json:"heap_mb_growth"`
	RSS     float64 `json:"rss_mb_growth"`
	Seconds float64 `json:"seconds"`
}

// listed is the segment whose members are listed. No event changes it.
const listed = "everybody"

// measureListing lists the members of a segment over HTTP, a line each, while
// it looks at the service's heap.
func measureListing(t testing.TB, sizes *apiSizes) aimed {
	t.Helper()
	texts := map[string]string{listed: "traits.id != nil"}
	segment := &segmentation{set: ruleset.Compile(t, texts), file: writeTemporary(t, "segments.yaml", ruleset.File(texts))}
	redis := startRedis(t, shards)
	enrol(t, redis, sizes.members)
	redis.save("1")
	a := newAsker(t)
	r := &run{
		t: t, options: &sizes.options, population: population{name: "listed", cache: 1 << 20}, contender: contender{engine, 1},
		segments: segment, redis: redis, more: a.arguments,
	}
	defer r.end()
	broker := startBroker(t)
	r.begin(broker, "listing")
	r.start(1, broker, 0)
	a.awaitServed(a.address[0])
	one := r.services[0]
	heap := func() float64 { return one.metrics()["go_memstats_heap_inuse_bytes"] / (1 << 20) }
	l := listingLine{Before: heap()}
	resident, began, ended := one.resident(), time.Now(), make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() { l.Peak = peakOf(heap, ended) })
	l.Members = a.list(listed)
	l.Seconds = rounded(time.Since(began).Seconds())
	close(ended)
	looking.Wait()
	l.Growth, l.RSS = rounded(l.Peak-l.Before), rounded((one.resident()-resident)/(1<<20))
	l.Before, l.Peak = rounded(l.Before), rounded(l.Peak)
	l.apiLine = apiLine{"api/members", growthAim, l.Growth <= growthAim && l.Members == sizes.members}
	return l
}

// peakOf returns the most that a meter shows until ended is closed, and then.
func peakOf(meter func() float64, ended <-chan struct{}) (most float64) {
	tick := time.NewTicker(20 * lookEvery)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-ended:
			last = true
		case <-tick.C:
		}
		most = max(most, meter())
	}
	return most
}

// enrolAtOnce bounds the members of one commit.
const enrolAtOnce = 20_000

// enrol puts members into the segment by commits of their own. Their profiles
// are not there, as nobody reads them.
func enrol(t testing.TB, k *keeper, members int) {
	t.Helper()
	store := openStore(t, k.server.Address)
	defer store.Close()
	if err := store.Init(t.Context(), k.shards); err != nil {
		t.Fatal(err)
	}
	partitioner, err := stream.NewPartitioner(stream.Murmur2, k.shards)
	if err != nil {
		t.Fatal(err)
	}
	waiting := make([][]pipeline.Change, k.shards)
	for number := range members {
		id := profileID(number)
		shard := partitioner.Partition(id)
		waiting[shard] = append(waiting[shard], pipeline.Change{Segment: listed, Profile: id, Entered: true, Version: 1})
		if len(waiting[shard]) == enrolAtOnce {
			enrolSome(t, store, shard, waiting[shard])
			waiting[shard] = waiting[shard][:0]
		}
	}
	for shard, changes := range waiting {
		enrolSome(t, store, shard, changes)
	}
}

// enrolSome commits some changes. The offset stays where a topic begins.
func enrolSome(t testing.TB, store *sink.Store, shard int, changes []pipeline.Change) {
	t.Helper()
	state, err := store.Open(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	c := &pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: 0, Outbox: state.Outbox, Changes: changes}
	if state.Next < 0 {
		c.NewNames = []string{profile.NameOfSegment(listed)}
	}
	if err := store.Commit(t.Context(), shard, c); err != nil {
		t.Fatalf("enrolling members: %v", err)
	}
}

// list reads all members of a segment, a line each, and returns how many there
// are. The last line has to say that these were all.
func (a *asker) list(segment string) (members int) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, "http://"+a.address[0]+"/v1/segments/"+segment+"/members", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Accept", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	last := fmt.Sprint(response.Status, " without a line")
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if last = lines.Text(); strings.HasPrefix(last, `{"profile"`) {
			members++
		}
	}
	if last != `{"next":""}` {
		a.t.Errorf("the last line of %d is %s", members, last)
	}
	return members
}
