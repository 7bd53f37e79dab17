package activation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// roster is the members of the shard whose outbox a memory is.
type roster struct {
	*memory
	pages int
	fails func() bool
}

// Page implements Members: it makes the memberships out of all changes, kept or
// not.
func (r *roster) Page(_ context.Context, behind string, limit Limit) (Page, error) {
	if r.fails != nil && r.fails() {
		return Page{}, errBreak
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages++
	versions, in := map[string]uint64{}, map[string]map[string]bool{}
	for _, c := range r.changes {
		if in[c.Profile] == nil {
			in[c.Profile] = map[string]bool{}
		}
		versions[c.Profile], in[c.Profile][c.Segment] = c.Version, c.Entered
	}
	page := Page{Number: int64(len(r.changes)), At: int64(len(r.changes)) + 1}
	count := 0
	for _, id := range slices.Sorted(mapKeys(in)) {
		if id <= behind {
			continue
		}
		p := Profile{ID: id, Version: versions[id]}
		for _, segment := range slices.Sorted(mapKeys(in[id])) {
			if in[id][segment] && limit.Wants(segment) {
				p.Segments = append(p.Segments, segment)
			}
		}
		if count += len(p.Segments); count > limit.Memberships && len(page.Profiles) > 0 {
			page.Next = page.Profiles[len(page.Profiles)-1].ID
			return page, nil
		}
		page.Profiles = append(page.Profiles, p)
	}
	return page, nil
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// believer is a destination that keeps members as docs/activation.md says, and
// holds what it is sent against the promises.
type believer struct {
	t       *testing.T
	answer  func(m Message) (processed bool, a Answer)
	mu      sync.Mutex
	bodies  map[string]string // by message id
	came    map[string]string // by line: the message that it came in
	version map[string]uint64 // by profile: the newest
	known   map[string]belief // by profile and segment
	began   map[string]int    // by run: when its first message came
	parts   map[string]map[int]bool
	clock   int // messages
	dropped int
}

// belief is what a believer knows of a profile and segment.
type belief struct {
	version uint64
	in      bool
	heard   int
}

func newBeliever(t *testing.T) *believer {
	return &believer{
		t: t, answer: func(Message) (bool, Answer) { return true, Answer{Verdict: Delivered} }, bodies: map[string]string{},
		came: map[string]string{}, version: map[string]uint64{}, known: map[string]belief{}, began: map[string]int{}, parts: map[string]map[int]bool{},
	}
}

// encodeRuns writes a line for each change, or for the end of a run.
func encodeRuns(changes []Change) (Message, error) {
	var body strings.Builder
	for _, c := range changes {
		run := c.Run
		if run == "" {
			run = "-"
		}
		if c.Part != nil {
			fmt.Fprintf(&body, "part %s %d %d %t %d\n", run, c.Part.Number, c.Part.Of, c.Part.Ended, c.Part.Members)
			continue
		}
		fmt.Fprintf(&body, "%s %s %d %d %t %d\n", c.Profile, run, c.Version, len(c.Segment), c.Entered, c.Segment[0])
	}
	return Message{ID: MessageID("crm", changes), Body: []byte(body.String())}, nil
}

func (b *believer) Send(_ context.Context, m Message) Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if before, again := b.bodies[m.ID]; again && before != string(m.Body) {
		b.t.Errorf("message %q had the body %q and has %q", m.ID, before, m.Body)
	}
	b.bodies[m.ID] = string(m.Body)
	processed, answer := b.answer(m)
	if processed {
		b.clock++
		for line := range strings.Lines(string(m.Body)) {
			b.process(m.ID, line)
		}
	}
	return answer
}

func (b *believer) process(id, line string) {
	var profile, run string
	var version uint64
	var number, segment int
	var entered bool
	if _, err := fmt.Sscan(line, &profile, &run, &version, &number, &entered, &segment); err != nil {
		b.t.Fatal(err)
	}
	if profile == "part" {
		b.hear(run, int(version), number, entered)
		return
	}
	if before, again := b.came[line]; again && before != id {
		b.t.Errorf("%s came in message %s and again in %s", strings.TrimSpace(line), before, id)
	} else if !again && (version < b.version[profile] || version == b.version[profile] && run == "-") {
		b.t.Errorf("%s came after version %d", strings.TrimSpace(line), b.version[profile])
	}
	b.came[line] = id
	b.version[profile] = max(b.version[profile], version)
	key := fmt.Sprintf("%s %c", profile, segment)
	if version >= b.known[key].version {
		b.known[key] = belief{version, entered, b.clock}
	}
}

// hear takes in that a part of a run begins or ends. Once all have ended, the
// members that nothing was heard of since the first began are dropped.
func (b *believer) hear(run string, part, parts int, ended bool) {
	if _, begun := b.began[run]; !begun {
		b.began[run], b.parts[run] = b.clock, map[int]bool{}
	}
	if !ended {
		return
	}
	if b.parts[run][part] = true; len(b.parts[run]) < parts {
		return
	}
	for key, m := range b.known {
		if m.in && m.heard < b.began[run] {
			m.in = false
			b.known[key] = m
			b.dropped++
		}
	}
}

// world is a shard, its courier, and who asks for runs.
type world struct {
	t *testing.T
	*rig
	roster   *roster
	believer *believer
	orders   string
	initial  bool
	claimed  bool
	want     map[string]bool // memberships
	versions map[string]uint64
	asked    int
	ended    []Ended
	missed   int64
}

func newWorld(t *testing.T, batch int) *world {
	w := &world{t: t, rig: newRig(t, batch), believer: newBeliever(t), want: map[string]bool{}, versions: map[string]uint64{}}
	w.roster = &roster{memory: w.memory}
	w.through = w.believer
	return w
}

// enter makes the courier anew, as another process does.
func (w *world) enter(batch int) {
	w.start(batch)
	w.encode, w.members, w.completes, w.shards = encodeRuns, w.roster, true, 1
	w.request = func(_ context.Context, run, instead string) error {
		w.asked++
		if w.orders == "" || w.orders == instead {
			w.orders = run
		}
		return nil
	}
	w.observer = &Observer{
		Ended:  func(_ string, e Ended) { w.ended = append(w.ended, e) },
		Missed: func(_ string, n int64) { w.missed += n },
	}
	w.claimed = false
}

// step is a turn of the courier; whatever breaks begins anew.
func (w *world) step(batch int) (more bool) {
	w.t.Helper()
	if !w.claimed {
		if err := w.claim(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.claimed = true
	}
	if w.courier.asked = w.orders; w.orders == "" && w.initial {
		w.courier.asked = InitialRun
	}
	more, err := w.round(w.t.Context())
	switch {
	case errors.Is(err, errBreak), errors.Is(err, errLateBreak):
		w.enter(batch)
		return true
	case err != nil:
		w.t.Fatal(err)
	}
	return more
}

// idle reports whether nothing is left to do.
func (w *world) idle() bool {
	s := &w.memory.standing
	asked := w.orders
	if asked == "" && w.initial {
		asked = InitialRun
	}
	return len(w.memory.wait) == 0 && w.claimed && w.standing.Number == int64(len(w.memory.changes)) && s.Run == "" && s.Gap == 0 &&
		asked == s.Asked
}

func (w *world) finish(batch int) {
	w.t.Helper()
	for range 100_000 {
		if w.step(batch) {
			continue
		}
		if w.idle() {
			return
		}
		w.clock = w.clock.Add(time.Minute)
	}
	w.t.Fatalf("not settled: %d wait, %+v, %d changes, %s is asked for", len(w.memory.wait), w.memory.standing, len(w.memory.changes), w.orders)
}

// flip has a profile enter or leave a segment.
func (w *world) flip(profile, segment string) {
	key := profile + " " + segment
	w.want[key] = !w.want[key]
	w.versions[profile]++
	w.memory.add(profile, segment, w.want[key], w.versions[profile])
}

// compare holds what the destination believes against the memberships.
func (w *world) compare() {
	w.t.Helper()
	for key, in := range w.want {
		if strings.HasSuffix(key, " other") {
			continue
		}
		if got := w.believer.known[key]; got.in != in {
			w.t.Errorf("%s is %+v, want %t", key, got, in)
		}
	}
	if m := w.memory; len(m.held) > 0 || len(m.due) > 0 || len(m.dead) > 0 || m.standing.Owed != 0 {
		w.t.Errorf("left behind: held %v, due %v, dead %s, %d owed", m.held, m.due, m.dead, m.standing.Owed)
	}
}

// moody has a believer take messages or not, at random, and each at the fifth
// attempt at the latest: none is given up.
func moody(random *rand.Rand) func(Message) (bool, Answer) {
	attempts := map[string]int{}
	return func(m Message) (bool, Answer) {
		attempts[m.ID]++
		switch mood := random.IntN(10); {
		case attempts[m.ID] >= 5:
		case mood == 0:
			return false, Answer{Verdict: Deferred, Status: 500}
		case mood == 1: // processed, and the answer is lost
			return true, Answer{Verdict: Deferred}
		}
		return true, Answer{Verdict: Delivered}
	}
}

// breaking has a store break at random, before or behind a step.
func breaking(random *rand.Rand) func() error {
	return func() error {
		switch random.IntN(14) {
		case 0:
			return errBreak
		case 1:
			return errLateBreak
		}
		return nil
	}
}

// snapshotSeeds is how many random worlds there are; MUSTER_SNAPSHOTS has more.
func snapshotSeeds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("MUSTER_SNAPSHOTS"), 10, 32); err == nil && n >= 400 {
		return n
	}
	return 400
}

// TestSnapshotsAreExact has profiles flip at random while runs are asked for,
// the outbox drops what nobody has read, processes end anywhere and the
// destination misbehaves in every way. In the end it believes what is.
func TestSnapshotsAreExact(t *testing.T) {
	gaps, dropped, runs, coalesced := int64(0), 0, 0, int64(0)
	for seed := range snapshotSeeds() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 11))
			batch := []int{1, 2, 5}[seed%3]
			w := newWorld(t, batch)
			w.initial = seed%4 < 2
			w.coalesce = seed/4%2 == 0
			w.age = []time.Duration{0, 0, time.Second}[seed/8%3]
			flips := func(most int) {
				for range random.IntN(most) {
					w.flip(fmt.Sprint("p", random.IntN(30)), []string{"a", "b", "c", "other"}[random.IntN(4)])
				}
			}
			flips(80)
			if w.initial { // it begins behind what is there
				n := len(w.memory.changes)
				w.memory.standing = Standing{Behind: fmt.Sprint(n), Number: int64(n), Until: int64(n)}
			}
			w.enter(batch)
			w.believer.answer = moody(random)
			w.memory.breaks = breaking(random)
			w.roster.fails = func() bool { return random.IntN(20) == 0 }
			for range 3 + random.IntN(10) {
				flips(40)
				switch random.IntN(6) {
				case 0:
					w.orders = fmt.Sprint("by-hand-", random.IntN(1_000_000))
				case 1: // the outbox keeps little
					// What a process has taken up is kept: else the rest of it would
					// come in other messages, if that process ends.
					if s := w.memory.standing; s.Until <= s.Number && len(w.gathered.changes) == 0 {
						w.memory.dropped = max(w.memory.dropped, len(w.memory.changes)-1-random.IntN(20))
					}
				case 2:
					w.enter(batch)
				}
				for range random.IntN(12) {
					if !w.step(batch) {
						w.clock = w.clock.Add(time.Minute)
					}
					flips(4)
				}
			}
			w.finish(batch)
			w.compare()
			gaps += w.memory.counts[CountMissed]
			dropped += w.believer.dropped
			runs += len(w.ended)
			coalesced += w.memory.counts[CountCoalesced]
		})
	}
	if gaps == 0 || dropped == 0 || runs < 400 || coalesced == 0 {
		t.Errorf("%d changes were missed, %d members dropped, %d runs ended, %d changes coalesced: this proves little", gaps, dropped, runs, coalesced)
	}
	t.Logf("%d changes were missed, %d members dropped, %d runs ended, %d changes coalesced", gaps, dropped, runs, coalesced)
}
