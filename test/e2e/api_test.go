package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
	"muster/test/kit/oracle"
)

// TestTheAPITellsWhatIsKept asks a deployment over HTTP while it works: lists,
// look-ups and explanations are what Redis holds, and a client of the change
// stream that loses its evaluator and comes again with the last id that it had
// is told every change once.
func TestTheAPITellsWhatIsKept(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 4, Cluster: cluster, API: true, Segments: "segments:\n" +
			"  - {id: seen, name: Was here, rule: 'count(events(\"Visited\")) > 0'}\n" +
			"  - {id: often, rule: 'count(events(\"Visited\")) > 2'}\n"})
		s.Init()
		first := s.Run()
		follower := follow(t, s, first, "")
		visits(s, 0, 40)
		follower.await(s, 40)
		follower.end()
		first.Kill()
		visits(s, 40, 60) // nobody is there to tell
		for range 2 {
			visits(s, 0, 30) // those enter often
		}
		second := s.Run()
		again := follow(t, s, second, follower.last)
		again.await(s, 20+30)
		visits(s, 60, 61)
		again.await(s, 20+30+1)
		again.end()
		verifyTold(t, slices.Concat(follower.told, again.told), s.Outbox())
		verifyAsked(t, second)
	})
}

// visits has some profiles visit.
func visits(s *stack.System, from, to int) {
	for i := from; i < to; i++ {
		id := fmt.Sprint("p", i)
		s.Produce(&kgo.Record{Topic: s.Keyed, Partition: int32(s.Owner(id)), Key: []byte(id),
			Value: fmt.Appendf(nil, `{"type":"track","event":"Visited","userId":%q}`, id)})
	}
}

// follower is a client of the change stream.
type follower struct {
	end  context.CancelFunc
	told []oracle.Change
	last string // id

	changes chan followed
}

// followed is a change with its id.
type followed struct {
	id     string
	kind   string
	change oracle.Change
}

// follow opens the change stream of an evaluator, once it is served.
func follow(t *testing.T, s *stack.System, e *stack.Evaluator, from string) *follower {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	var response *http.Response
	s.Await("the change stream to be open", stack.Patience, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.API("/v1/changes"), nil)
		if err != nil {
			return err
		}
		if from != "" {
			request.Header.Set("Last-Event-ID", from)
		}
		if response, err = http.DefaultClient.Do(request); err != nil { //nolint:bodyclose // the reader closes it
			return err
		}
		if response.StatusCode != http.StatusOK {
			response.Body.Close()
			return fmt.Errorf("%s", response.Status)
		}
		return nil
	})
	f := &follower{end: end, last: from, changes: make(chan followed, 10_000)}
	lines := bufio.NewScanner(response.Body)
	go func() {
		defer response.Body.Close()
		defer close(f.changes)
		f.read(lines)
	}()
	return f
}

func (f *follower) read(lines *bufio.Scanner) {
	var one followed
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			one.id = value
		case "event":
			one.kind = value
		case "data":
			var c struct {
				Profile, Segment, Cause string
				Entered                 bool
				At                      time.Time
				Version                 uint64
			}
			if err := json.Unmarshal([]byte(value), &c); err == nil {
				one.change = oracle.Change{Segment: c.Segment, Profile: c.Profile, Entered: c.Entered, At: c.At.UnixMilli(), Version: c.Version, Cause: c.Cause}
			}
		case "":
			f.changes <- one
			one = followed{}
		}
	}
}

// await waits until so many changes were told.
func (f *follower) await(s *stack.System, changes int) {
	s.Await(fmt.Sprintf("%d changes to be told", changes), stack.Patience, func() error {
		if f.take(); len(f.told) < changes {
			return fmt.Errorf("%d were", len(f.told))
		}
		return nil
	})
}

// take takes what was told by now.
func (f *follower) take() {
	for {
		select {
		case one, open := <-f.changes:
			if !open {
				return
			}
			if one.id != "" {
				f.last = one.id
			}
			if one.kind == "change" {
				f.told = append(f.told, one.change)
			}
		default:
			return
		}
	}
}

// awaitBehind waits until so many changes were told, with those before and
// without those of one profile.
func (f *follower) awaitBehind(s *stack.System, before []oracle.Change, changes int, without string) {
	other := func(list []oracle.Change) (n int) {
		for _, c := range list {
			if c.Profile != without {
				n++
			}
		}
		return n
	}
	s.Await("the change stream to tell the rest", stack.Patience, func() error {
		f.take()
		if n := other(before) + other(f.told); n < changes {
			return fmt.Errorf("%d of %d changes were told", n, changes)
		}
		return nil
	})
}

// verifyTold holds what was told against the outbox: all of it, each once.
func verifyTold(t *testing.T, told, outbox []oracle.Change) {
	t.Helper()
	order := func(a, b oracle.Change) int {
		return strings.Compare(fmt.Sprintf("%s %08d", a.Profile, a.Version), fmt.Sprintf("%s %08d", b.Profile, b.Version))
	}
	slices.SortFunc(told, order)
	slices.SortFunc(outbox, order)
	if !slices.Equal(told, outbox) {
		t.Errorf("%d changes were told, %d are in the outbox:\n%v\n%v", len(told), len(outbox), told, outbox)
	}
}

// verifyAsked asks for what the visits have made.
func verifyAsked(t *testing.T, e *stack.Evaluator) {
	t.Helper()
	var list struct {
		Segments []struct {
			ID   string
			Size int
		}
	}
	ask(t, e, "/v1/segments", &list)
	if got := fmt.Sprint(list.Segments); got != "[{often 30} {seen 61}]" {
		t.Errorf("segments: %s", got)
	}
	var page struct{ Members []string }
	ask(t, e, "/v1/segments/often/members", &page)
	slices.Sort(page.Members)
	if page.Members = slices.Compact(page.Members); len(page.Members) != 30 || page.Members[0] != "p0" {
		t.Errorf("members: %v", page.Members)
	}
	for id, want := range map[string]string{"p0": "[often seen] 2", "p45": "[seen] 1"} {
		var m struct {
			Segments []string
			Version  int
		}
		ask(t, e, "/v1/profiles/"+id+"/memberships", &m)
		if got := fmt.Sprint(m.Segments, m.Version); got != want {
			t.Errorf("%s is in %s, want %s", id, got, want)
		}
	}
	var x struct{ Rule struct{ Holds bool } }
	if ask(t, e, "/v1/profiles/p45/explain?segment=often", &x); x.Rule.Holds {
		t.Error("p45 is said to be in often")
	}
}

func ask(t *testing.T, e *stack.Evaluator, path string, into any) {
	t.Helper()
	text, err := httpGet(e.API(path))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// httpGet returns the body of a success.
func httpGet(address string) ([]byte, error) {
	response, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return text, err
}
