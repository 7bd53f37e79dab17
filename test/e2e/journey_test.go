package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/kit/example"
	"muster/test/kit/oracle"
	"muster/test/kit/ruleset"
)

// TestJourney is what somebody does with Muster from the first day on, with
// two evaluators: events come from Segment's own clients, segments are defined,
// edited and asked for while they come, a customer has to be forgotten, an
// evaluator dies in the middle of a sweep, and everything is restarted. At the
// end all that is kept is what the oracle says, and a client of the change
// stream was told each change once.
func TestJourney(t *testing.T) {
	stack.Beside(t)
	eachRedisInTurn(t, func(t *testing.T, cluster bool) {
		j := begin(t, cluster)
		j.ingest()
		j.followChanges()
		j.create()
		j.editWhileEventsFlow()
		j.killInSweep()
		j.forget("node-7")
		j.restartEverything()
		j.ingest()
		j.expectOracle()
		j.expectAnswers()
		j.expectTold()
	})
}

// journey is how far a journey has come.
type journey struct {
	t          *testing.T
	s          *stack.System
	rules      map[string]string
	evaluators []*stack.Evaluator
	clients    []*sender
	stream     *follower
	told       []oracle.Change // by the streams before
	gone       string          // who was forgotten
}

const (
	// customers are how many each client sends for.
	customers = 25
	// everyKind calls bring a call of each kind for each of them. They are one
	// request of Node's client: between two that are on their way there is no
	// order.
	everyKind = 8 * customers
)

// begin starts two evaluators, with segments that ask for all that is kept of
// events: what is kept later has no history.
func begin(t *testing.T, cluster bool) *journey {
	t.Helper()
	j := &journey{t: t, rules: maps.Clone(asked)}
	j.s = stack.Start(t, stack.Options{
		Shards: shards, Sources: sources, Segments: ruleset.File(j.rules), Definitions: true, Cluster: cluster, Linked: true, API: true, Wall: true,
	})
	j.s.Init()
	j.s.ApplySegments(ruleset.File(j.rules))
	j.run()
	return j
}

// run starts the evaluators, and a client of Segment's for each. A client goes
// on where the one before it was.
func (j *journey) run() {
	j.t.Helper()
	before := j.clients
	j.evaluators, j.clients = []*stack.Evaluator{j.s.Run(), j.s.Run()}, nil
	for i, language := range []example.Language{example.Node, example.Python} {
		awaitReady(j.t, j.s, j.evaluators[i], 200)
		file := []string{"testdata/sender.mjs", "testdata/sender.py"}[i]
		c := startSender(j.t, &stack.Tracking{URL: j.evaluators[i].API(""), Key: "shop"}, language, file)
		if c.customers = customers; before != nil {
			c.calls, c.next = before[i].calls, before[i].next
		}
		j.clients = append(j.clients, c)
	}
}

// ingest has the clients send some of every kind, and waits until all of it is
// committed.
func (j *journey) ingest() {
	j.t.Helper()
	for _, c := range j.clients {
		c.send(everyKind)
	}
	for _, c := range j.clients {
		c.awaitTaken()
	}
	j.s.AwaitSettled(stack.Patience)
}

// followChanges follows the change stream from where it was left, at the
// beginning from what the outbox has already.
func (j *journey) followChanges() {
	j.t.Helper()
	last := ""
	if j.stream != nil {
		j.stream.take()
		last, j.told = j.stream.last, append(j.told, j.stream.told...)
	} else {
		j.told = j.s.Outbox()
	}
	j.stream = follow(j.t, j.s, j.evaluators[0], last)
}

// define writes a segment, new or known.
func (j *journey) define(id, rule string) {
	j.t.Helper()
	j.rules[id] = rule
	body, err := json.Marshal(map[string]string{"rule": rule})
	if err != nil {
		j.t.Fatal(err)
	}
	j.change(http.MethodPut, "/v1/segments/"+id, string(body))
}

// drop removes a segment.
func (j *journey) drop(id string) {
	j.t.Helper()
	delete(j.rules, id)
	j.change(http.MethodDelete, "/v1/segments/"+id, "")
}

// change asks the first evaluator for a change, which has to be a success.
func (j *journey) change(method, path, body string) {
	j.t.Helper()
	request, err := http.NewRequestWithContext(j.t.Context(), method, j.evaluators[0].API(path), strings.NewReader(body))
	if err != nil {
		j.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		j.t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode/100 != 2 {
		j.t.Fatalf("%s %s: %s, %v: %s", method, path, response.Status, err, answer)
	}
}

// create defines a segment of what customers have done before, and sees it
// swept: nobody had to send anything for its members to be there.
func (j *journey) create() {
	j.t.Helper()
	j.define("big", `sum(events("Bought"), .price) > 30 and traits.plan != nil`)
	j.s.AwaitSwept(stack.Patience, j.rules)
	j.s.Await("the API to tell of the segment", stack.Patience, func() error {
		for _, e := range j.evaluators {
			if size, err := sizeOf(e, "big"); err != nil || size == 0 {
				return fmt.Errorf("it has %d members, %w", size, err)
			}
		}
		return nil
	})
}

// sizeOf asks an evaluator for the size of a segment.
func sizeOf(e *stack.Evaluator, id string) (int, error) {
	response, err := httpGet(e.API("/v1/segments/" + id))
	if err != nil {
		return 0, err
	}
	var one struct{ Size int }
	err = json.Unmarshal(response, &one)
	return one.Size, err
}

// editWhileEventsFlow edits one segment and removes another while the clients
// are at it.
func (j *journey) editWhileEventsFlow() {
	j.t.Helper()
	for _, c := range j.clients {
		c.send(everyKind)
	}
	j.define("big", `sum(events("Bought"), .price) > 60 or segment("gold")`)
	j.drop("looking")
	for _, c := range j.clients {
		c.awaitTaken()
	}
	j.s.AwaitSettled(stack.Patience)
	j.s.AwaitSwept(stack.Patience, j.rules)
	j.expectOracle()
}

// killInSweep kills an evaluator that has an edit and not yet swept by it, as
// writes are held. Another takes its place.
func (j *journey) killInSweep() {
	j.t.Helper()
	for purchases := 3; ; purchases++ {
		j.define("buyers", fmt.Sprintf(`count(events("Bought")) >= %d`, purchases))
		release := j.s.HoldWrites()
		unswept, err := j.s.Unswept(j.rules)
		if err != nil {
			j.t.Fatal(err)
		}
		if len(unswept) == 0 { // the sweep was quicker than this test
			release()
			continue
		}
		j.evaluators[1].Kill()
		release()
		break
	}
	j.evaluators[1] = j.s.Run()
	j.s.AwaitSwept(stack.Patience, j.rules)
}

// forget has a customer erased, whose events go on coming and are passed over.
// Then nothing in Redis names the customer.
func (j *journey) forget(id string) {
	j.t.Helper()
	if j.gone = id; len(j.clients[0].calls[id]) == 0 {
		j.t.Fatalf("nothing was sent of %s", id)
	}
	j.change(http.MethodDelete, "/v1/profiles/"+url.PathEscape(id)+"?suppress=24h", "")
	c := j.clients[0]
	c.send(everyKind)
	c.awaitTaken()
	j.s.AwaitSettled(stack.Patience)
	if out, err := j.s.Erase(id, "--status", "--wait", "--output", "json"); err != nil {
		j.t.Fatalf("the proof that %s is erased: %v\n%s", id, err, out)
	}
	named(j.t, j.s, id)
	j.s.Forget(id)
}

// restartEverything ends one evaluator in good order and the other at once,
// then Kafka and Redis, and starts all of it again.
func (j *journey) restartEverything() {
	j.t.Helper()
	j.stream.end()
	if code := j.evaluators[0].Terminate(); code != 0 {
		j.t.Errorf("an evaluator left with exit code %d", code)
	}
	j.evaluators[1].Kill()
	servers := j.s.Servers
	if err := servers.Kafka.Stop(); err != nil {
		j.t.Fatal(err)
	}
	for _, one := range slices.Backward(servers.Redis) { // replicas first, or they would take over
		one.Stop(j.t)
	}
	for _, one := range servers.Redis {
		one.Restart(j.t)
	}
	restart(j.t, j.s)
	j.run()
	j.followChanges()
}

// expectOracle demands that all that is kept is what the oracle says.
func (j *journey) expectOracle() {
	j.t.Helper()
	j.s.AwaitSwept(stack.Patience, j.rules)
	report(j.t, j.s.VerifyMembers(j.rules))
	if left := j.s.Keys("*:seg:looking"); len(left) > 0 && j.rules["looking"] == "" {
		j.t.Errorf("of the removed segment these are left: %q", left)
	}
}

// expectAnswers demands that the API of each evaluator tells of each customer
// what is kept, and of the forgotten one nothing.
func (j *journey) expectAnswers() {
	j.t.Helper()
	in := map[string][]string{}
	for shard := range j.s.Shards {
		for segment, members := range j.s.Stored(shard, slices.Sorted(maps.Keys(j.rules))).Members {
			for _, id := range members {
				in[id] = append(in[id], segment)
			}
		}
	}
	for _, e := range j.evaluators {
		for _, c := range j.clients {
			for id := range c.calls {
				j.expectMemberships(e, id, in[id])
			}
		}
	}
	expectAll(j.t, j.s, j.clients)
}

// expectMemberships asks for the memberships of one customer.
func (j *journey) expectMemberships(e *stack.Evaluator, id string, want []string) {
	j.t.Helper()
	path := "/v1/profiles/" + url.PathEscape(id) + "/memberships"
	if id == j.gone {
		if text, err := httpGet(e.API(path)); err == nil {
			j.t.Errorf("of %s, who was forgotten, there is %s", id, text)
		}
		return
	}
	var got struct{ Segments []string }
	ask(j.t, e, path, &got)
	if slices.Sort(want); !slices.Equal(got.Segments, want) {
		j.t.Errorf("%s is in %q, and the API says %q", id, want, got.Segments)
	}
}

// expectTold demands that the change stream has told each change once, also of
// the customer whose changes are no longer kept.
func (j *journey) expectTold() {
	j.t.Helper()
	outbox := j.s.Outbox()
	var told []oracle.Change
	ofGone := map[string]bool{} // segments that the last change of the forgotten one says they are in
	j.stream.awaitBehind(j.s, j.told, len(outbox), j.gone)
	for _, c := range append(j.told, j.stream.told...) {
		if c.Profile == j.gone {
			ofGone[c.Segment] = c.Entered
			continue
		}
		told = append(told, c)
	}
	verifyTold(j.t, told, outbox)
	for segment, is := range ofGone {
		if is {
			j.t.Errorf("nobody was told that %s has left %s", j.gone, segment)
		}
	}
	if len(ofGone) == 0 {
		j.t.Errorf("%s, who was forgotten, was in no segment before", j.gone)
	}
}
