package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
	"muster/test/kit/example"
	"muster/test/kit/ruleset"
)

// asked is about what the clients of TestOfficialClients send.
var asked = map[string]string{
	"buyers":  `count(events("Bought")) >= 2`,
	"spent":   `sum(events("Bought"), .price) > 40`,
	"gold":    `traits.plan == "gold"`,
	"looking": `count(events("Page Viewed")) > 1 and count(events("Screen Viewed")) > 1`,
}

// TestOfficialClients has Segment's own clients, as they are, send all kinds of
// calls while an evaluator runs, and the broker go away and come back. Every
// event comes, in the order of its customer, and again only under the
// messageId that it had; who is in which segment is what the oracle says.
func TestOfficialClients(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: ruleset.File(asked), Linked: true})
	s.Init()
	s.Run()
	server := s.Tracking()
	clients := []*sender{
		startSender(t, server, example.Node, "testdata/sender.mjs"),
		startSender(t, server, example.Python, "testdata/sender.py"),
	}
	for _, c := range clients {
		c.send(40)
		c.awaitTaken()
	}
	expectOnce(t, s, clients)
	if err := s.Servers.Kafka.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		before := server.Refusals()
		c.send(30)
		s.Await("a client to be told to send again", stack.Patience, func() error {
			if server.Refusals() == before {
				return fmt.Errorf("%s was not", c.name)
			}
			return nil
		})
	}
	restart(t, s)
	for _, c := range clients {
		c.awaitTaken()
		c.send(40)
		c.awaitTaken()
	}
	s.AwaitSettled(stack.Patience)
	expectAll(t, s, clients)
	report(t, s.Verify(asked))
	if letters := s.Letters(s.Source); len(letters) > 0 {
		t.Errorf("dead letters: %v", letters)
	}
}

// TestEventsOverHTTP has many post batches at a time, straight to the keyed
// topic. Events that can't be used keep none of the others out: they are dead
// letters, under the reason that the answer gave.
func TestEventsOverHTTP(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: shards, Segments: ruleset.File(asked)})
	s.Init()
	s.Run()
	server := s.Tracking()
	const senders, batches, each = 8, 10, 20
	var work sync.WaitGroup
	for sender := range senders {
		work.Go(func() {
			for batch := range batches {
				items := make([]string, each)
				for i := range items {
					items[i] = fmt.Sprintf(`{"type":"track","event":"Bought","userId":"user-%d","properties":{"price":%d},"messageId":"%d-%d-%d"}`, sender*10+i%10, i, sender, batch, i)
				}
				items[batch] = `{"type":"track","userId":"nameless"}`
				want := fmt.Sprintf(`{"success":true,"rejected":[{"index":%d,"reason":"event: absent from a track call"}]}`, batch)
				if got := postEvents(t, server, `{"batch":[`+strings.Join(items, ",")+`]}`); strings.TrimSpace(got) != want {
					t.Errorf("the answer is %s", got)
				}
			}
		})
	}
	work.Wait()
	s.AwaitSettled(stack.Patience)
	tally := s.Verify(asked)
	report(t, tally)
	if want := senders * batches * (each - 1); tally.Events != want {
		t.Errorf("%d events came, want %d", tally.Events, want)
	}
	letters := 0
	for _, list := range s.Letters(s.Keyed) {
		for _, l := range list {
			if letters++; l.Reason != "event: absent from a track call" {
				t.Errorf("a dead letter is kept for %s", l.Reason)
			}
		}
	}
	if letters != senders*batches {
		t.Errorf("there are %d dead letters, want %d", letters, senders*batches)
	}
}

// postEvents posts a batch and returns the answer.
func postEvents(t *testing.T, server *stack.Tracking, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/batch", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	r.SetBasicAuth(server.Key, "")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return string(answer)
}

// sender is a program that sends what it is told with a client of Segment's.
type sender struct {
	t         *testing.T
	name      string
	in        io.Writer
	out       *bufio.Scanner
	customers int
	calls     map[string][]int // serials by customer, in the order of sending
	next      int
}

func startSender(t *testing.T, server *stack.Tracking, l example.Language, file string) *sender {
	t.Helper()
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cmd := example.Command(t, l, string(program), "../..")
	cmd.Env = append(cmd.Environ(), "WRITE_KEY="+server.Key, "HOST="+server.URL)
	cmd.Stderr = t.Output()
	return &sender{t: t, name: l.Name, in: pipe(t, cmd.StdinPipe), out: bufio.NewScanner(start(t, cmd)), customers: 5, calls: map[string][]int{}}
}

func pipe[T any](t *testing.T, open func() (T, error)) T {
	t.Helper()
	p, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start starts a process that ends with the test, and returns what it prints.
func start(t *testing.T, cmd *exec.Cmd) io.Reader {
	t.Helper()
	out := pipe(t, cmd.StdoutPipe)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()         // as it was killed
	})
	return out
}

// send has the client send so many calls at once, and does not wait for them.
// Each has its number among the client's calls in its context.
func (c *sender) send(count int) {
	c.t.Helper()
	list := make([]map[string]any, count)
	for i := range list {
		user := fmt.Sprintf("%s-%d", strings.ToLower(c.name), c.next%c.customers)
		list[i] = c.call(user, c.next)
		c.calls[user] = append(c.calls[user], c.next)
		c.next++
	}
	text, err := json.Marshal(list)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.in.Write(append(text, '\n')); err != nil {
		c.t.Fatalf("%s: %v", c.name, err)
	}
}

// call makes a call of each kind in turn, more of track.
func (c *sender) call(user string, serial int) map[string]any {
	args := map[string]any{"userId": user, "context": map[string]any{"serial": serial, "ip": "203.0.113.7"}}
	switch kind := []string{"track", "identify", "page", "track", "screen", "group", "track", "alias"}[serial/c.customers%8]; kind {
	case "track":
		args["event"], args["properties"] = "Bought", map[string]any{"price": serial % 30, "name": "Käse \u2028 \U0001F600 <&>"}
		return map[string]any{"call": kind, "args": args}
	case "identify":
		args["traits"] = map[string]any{"plan": []string{"gold", "free"}[serial%2]}
		return map[string]any{"call": kind, "args": args}
	case "group":
		args["groupId"], args["traits"] = "acme", map[string]any{"size": serial}
		return map[string]any{"call": kind, "args": args}
	case "alias":
		args["previousId"] = user + "-before"
		return map[string]any{"call": kind, "args": args}
	default:
		args["name"], args["properties"] = "Home", map[string]any{"path": "/"}
		return map[string]any{"call": kind, "args": args}
	}
}

// awaitTaken waits until the client has had its answer to all calls.
func (c *sender) awaitTaken() {
	c.t.Helper()
	if !c.out.Scan() || c.out.Text() != "taken" {
		c.t.Fatalf("%s says %q, %v", c.name, c.out.Text(), c.out.Err())
	}
}

// came is what the source topic has of one client's customers.
type came struct {
	serials map[string][]int // by customer, each where it came first
	repeats int
	ids     map[string]string // messageId by customer and serial
}

func readCame(t *testing.T, s *stack.System) came {
	t.Helper()
	got := came{serials: map[string][]int{}, ids: map[string]string{}}
	s.Read(s.Source, func(r *kgo.Record) {
		var e struct {
			UserID, MessageID, ReceivedAt, SentAt, OriginalTimestamp, Timestamp string
			Context                                                             struct{ Serial int }
		}
		if err := json.Unmarshal(r.Value, &e); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		if e.UserID != string(r.Key) || e.MessageID == "" || e.ReceivedAt == "" || e.SentAt == "" || e.OriginalTimestamp == "" || e.Timestamp == "" {
			t.Errorf("under the key %q there is %s", r.Key, r.Value)
		}
		place := fmt.Sprint(e.UserID, " ", e.Context.Serial)
		switch id, known := got.ids[place]; {
		case !known:
			got.ids[place] = e.MessageID
			got.serials[e.UserID] = append(got.serials[e.UserID], e.Context.Serial)
		case id != e.MessageID:
			t.Errorf("event %s came as %s and as %s", place, id, e.MessageID)
		default:
			got.repeats++
		}
	})
	return got
}

// expectAll demands that everything sent is there, in the order of each
// customer, and returns how often something came again.
func expectAll(t *testing.T, s *stack.System, clients []*sender) (repeats int) {
	t.Helper()
	got := readCame(t, s)
	for _, c := range clients {
		for user, want := range c.calls {
			if fmt.Sprint(got.serials[user]) != fmt.Sprint(want) {
				t.Errorf("%s has sent of %s\n%v, and there came\n%v", c.name, user, want, got.serials[user])
			}
		}
	}
	t.Logf("%d events came again", got.repeats)
	return got.repeats
}

// expectOnce demands as well that nothing came twice.
func expectOnce(t *testing.T, s *stack.System, clients []*sender) {
	t.Helper()
	if n := expectAll(t, s, clients); n > 0 {
		t.Errorf("%d events came twice, and nothing was harmed", n)
	}
}

func restart(t *testing.T, s *stack.System) {
	t.Helper()
	if err := s.Servers.Kafka.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}
