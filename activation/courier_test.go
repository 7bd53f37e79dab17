package activation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// receiver is a destination that behaves as a test wants, and holds what it
// has processed against the promises.
type receiver struct {
	t       *testing.T
	answer  func(m Message) (processed bool, a Answer)
	mu      sync.Mutex
	bodies  map[string]string // by message id
	taken   map[string]string // by change: the id of the message it came in
	version map[string]uint64 // by profile: the newest that was processed
	members map[string]bool   // by profile and segment, by highest version
	newest  map[string]uint64 // of members
	// anyOrder lets older versions come behind newer ones.
	anyOrder bool
}

func newReceiver(t *testing.T) *receiver {
	return &receiver{
		t: t, answer: func(Message) (bool, Answer) { return true, Answer{Verdict: Delivered} },
		bodies: map[string]string{}, taken: map[string]string{}, version: map[string]uint64{}, members: map[string]bool{}, newest: map[string]uint64{},
	}
}

// encode writes a line a change.
func encode(changes []Change) (Message, error) {
	var id, body strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&id, "%s %s %d %t\n", c.Profile, c.Segment, c.Version, c.Entered)
		fmt.Fprintf(&body, "%s %s %d %t %s\n", c.Profile, c.Segment, c.Version, c.Entered, c.Traits)
	}
	return Message{ID: "msg " + id.String(), Body: []byte(body.String())}, nil
}

func (r *receiver) Send(_ context.Context, m Message) Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before, again := r.bodies[m.ID]; again && before != string(m.Body) {
		r.t.Errorf("message %q had the body %q and has %q", m.ID, before, m.Body)
	}
	r.bodies[m.ID] = string(m.Body)
	processed, answer := r.answer(m)
	if processed {
		r.process(m)
	}
	return answer
}

func (r *receiver) process(m Message) {
	for line := range strings.Lines(string(m.Body)) {
		var profile, segment string
		var version uint64
		var entered bool
		if _, err := fmt.Sscan(line, &profile, &segment, &version, &entered); err != nil {
			r.t.Fatal(err)
		}
		change := fmt.Sprint(profile, " ", version)
		if id, again := r.taken[change]; again {
			if id != m.ID {
				r.t.Errorf("change %s came in message %q and again in %q", change, id, m.ID)
			}
			continue
		}
		r.taken[change] = m.ID
		if version <= r.version[profile] && !r.anyOrder {
			r.t.Errorf("version %d of %s came after %d", version, profile, r.version[profile])
		}
		r.version[profile] = max(r.version[profile], version)
		if key := profile + " " + segment; version > r.newest[key] {
			r.newest[key], r.members[key] = version, entered
		}
	}
}

// rig is a courier with a clock of its own.
type rig struct {
	*courier
	memory   *memory
	receiver *receiver
	clock    time.Time
	through  Sender // in place of receiver, if it is not nil
	coalesce bool
	age      time.Duration
	patient  bool     // whether messages wait for as long as it takes
	named    Profiles // of which traits are sent along, if it is not nil
}

func newRig(t *testing.T, batch int) *rig {
	r := &rig{memory: newMemory(), receiver: newReceiver(t), clock: time.UnixMilli(1_700_000_000_000)}
	r.start(batch)
	return r
}

// start begins anew, as another process does.
func (r *rig) start(batch int) {
	r.courier = &courier{
		route: route{
			name: "crm", batch: batch, concurrency: 3, limiter: rate.NewLimiter(rate.Inf, 1),
			wants: func(s string) bool { return s != "other" }, encode: encode, sender: r.receiver, schedule: overHTTP, log: true,
		},
		breaker: &breaker{}, outbox: r.memory, ledger: r.memory,
		now: func() time.Time { return r.clock }, random: rand.New(rand.NewPCG(1, 2)),
	}
	r.coalesces, r.batchAge = r.coalesce, r.age
	if r.named != nil {
		r.traits, r.profiles = [][]string{{"n"}}, r.named
	}
	if r.patient {
		r.schedule = inKafka
	}
	if r.through != nil {
		r.sender = r.through
	}
}

// settle lets time pass until nothing is left to do, and begins anew whenever
// something breaks.
func (r *rig) settle(t *testing.T, batch int) {
	t.Helper()
	claimed := false
	for range 100_000 {
		if !claimed {
			if err := r.claim(t.Context()); err != nil {
				t.Fatal(err)
			}
			claimed = true
		}
		more, err := r.round(t.Context())
		switch {
		case errors.Is(err, errBreak), errors.Is(err, errLateBreak):
			r.start(batch)
			claimed = false
		case errors.Is(err, ErrTaken):
			claimed = false
		case err != nil:
			t.Fatal(err)
		case more:
		case len(r.memory.wait) == 0 && r.standing.Number == int64(len(r.memory.changes)):
			return
		default:
			r.clock = r.clock.Add(time.Minute)
		}
	}
	t.Fatalf("not settled: %d wait, %d of %d passed; due %v, held %v", len(r.memory.wait), r.standing.Number, len(r.memory.changes), r.memory.due, r.memory.held)
}

// TestEveryChangeArrives sends random changes to a receiver that misbehaves in
// every way, through a store that breaks and loses what was saved last and
// processes that end, and compares what it knows in the end with the
// memberships.
func TestEveryChangeArrives(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			batch := []int{1, 2, 5, 50}[seed%4]
			r := newRig(t, batch)
			r.patient = true // a dead letter would be missed
			r.age = []time.Duration{0, 0, time.Second, 30 * time.Second}[seed/4%4]
			r.start(batch)
			want := map[string]bool{}
			versions := map[string]uint64{}
			r.receiver.answer = func(Message) (bool, Answer) {
				// Larger messages are made up anew of what was lost.
				if batch == 1 && random.IntN(40) == 0 {
					r.memory.lose(1 + random.IntN(pastKept))
				}
				switch random.IntN(10) {
				case 0:
					return false, Answer{Verdict: Deferred, Status: 500}
				case 1: // processed, and the answer is lost
					return true, Answer{Verdict: Deferred}
				case 2:
					return false, Answer{Verdict: Deferred, Status: 429, After: time.Duration(random.IntN(100)) * time.Second}
				}
				return true, Answer{Verdict: Delivered}
			}
			r.memory.breaks = func() error {
				switch random.IntN(12) {
				case 0:
					return errBreak
				case 1:
					return errLateBreak
				}
				return nil
			}
			for range 1 + random.IntN(8) {
				for range random.IntN(60) {
					profile := fmt.Sprint("p", random.IntN(12))
					segment := []string{"a", "b", "other"}[random.IntN(3)]
					versions[profile]++
					entered := random.IntN(2) == 0
					r.memory.add(profile, segment, entered, versions[profile])
					if segment != "other" {
						want[profile+" "+segment] = entered
					}
				}
				if random.IntN(2) == 0 {
					r.settle(t, batch)
				} else if r.claim(t.Context()) == nil {
					if _, err := r.round(t.Context()); err != nil {
						r.start(batch)
					}
				}
			}
			r.settle(t, batch)
			if len(r.memory.dead) > 0 {
				t.Fatalf("%d dead letters", len(r.memory.dead))
			}
			for key, entered := range want {
				if r.receiver.members[key] != entered {
					t.Errorf("%s is %t, want %t", key, r.receiver.members[key], entered)
				}
			}
			if len(r.memory.held) > 0 || len(r.memory.due) > 0 {
				t.Errorf("left behind: held %v, due %v", r.memory.held, r.memory.due)
			}
		})
	}
}

// A message that waits holds back the later changes of its profiles only.
func TestAWaitingProfileHoldsBackNobodyElse(t *testing.T) {
	r := newRig(t, 1)
	r.receiver.answer = func(m Message) (bool, Answer) {
		if strings.HasPrefix(string(m.Body), "slow ") {
			return false, Answer{Verdict: Deferred, Status: 503}
		}
		return true, Answer{Verdict: Delivered}
	}
	r.memory.add("slow", "a", true, 1)
	r.memory.add("quick", "a", true, 1)
	r.memory.add("slow", "a", false, 2)
	r.memory.add("quick", "b", true, 2)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.receiver.version["quick"] != 2 || r.receiver.version["slow"] != 0 {
		t.Fatalf("processed %v", r.receiver.version)
	}
	if got := r.memory.held["slow"]; !slices.Equal(got, []int64{1, 3}) || len(r.memory.wait) != 2 || len(r.memory.due) != 1 {
		t.Fatalf("held %v, %d wait, %d due", got, len(r.memory.wait), len(r.memory.due))
	}
	r.receiver.answer = func(Message) (bool, Answer) { return true, Answer{Verdict: Delivered} }
	r.settle(t, 1)
	if r.receiver.version["slow"] != 2 {
		t.Errorf("processed %v", r.receiver.version)
	}
}

// What the destination refuses is a dead letter, and later changes go on.
func TestRefusedIsADeadLetter(t *testing.T) {
	r := newRig(t, 1)
	r.receiver.answer = func(m Message) (bool, Answer) {
		if strings.Contains(string(m.Body), " 1 ") {
			return false, Answer{Verdict: Refused, Status: 400, Reason: "400 Bad Request"}
		}
		return true, Answer{Verdict: Delivered}
	}
	r.memory.add("p", "a", true, 1)
	r.memory.add("p", "a", false, 2)
	r.settle(t, 1)
	if r.receiver.version["p"] != 2 || r.memory.counts[CountDead] != 1 || r.memory.counts[CountDelivered] != 1 {
		t.Errorf("processed %v, counts %v", r.receiver.version, r.memory.counts)
	}
	dead, err := decode(Waiting{1, r.memory.dead[0]})
	if err != nil || dead.reason != "400 Bad Request" || dead.changes[0].Profile != "p" {
		t.Errorf("dead letter %+v, %v", dead, err)
	}
}

// A destination that never answers is tried MaxAttempts times.
func TestAttemptsEnd(t *testing.T) {
	r := newRig(t, 1)
	sent := 0
	r.receiver.answer = func(Message) (bool, Answer) {
		sent++
		return false, Answer{Verdict: Deferred, Reason: "no answer"}
	}
	r.memory.add("p\xff", "a", true, 1)
	r.settle(t, 1)
	if sent != MaxAttempts || r.memory.counts[CountDead] != 1 {
		t.Fatalf("%d attempts, counts %v", sent, r.memory.counts)
	}
	dead, err := decode(Waiting{1, r.memory.dead[0]})
	if err != nil || dead.changes[0].Profile != "p\xff" || !strings.Contains(dead.reason, "no answer") {
		t.Errorf("dead letter %+v, %v", dead, err)
	}
}

// Changes that the outbox has dropped are counted.
func TestDroppedChangesAreCounted(t *testing.T) {
	r := newRig(t, 1)
	for v := range uint64(10) {
		r.memory.add("p", "a", v%2 == 0, v+1)
	}
	r.memory.kept = 4
	r.settle(t, 1)
	if r.memory.counts[CountMissed] != 6 || r.memory.counts[CountDelivered] != 4 {
		t.Errorf("counts %v", r.memory.counts)
	}
}

// A destination that is gone ends the round, and keeps what it was not sent.
func TestGoneKeepsWhatWaits(t *testing.T) {
	r := newRig(t, 1)
	r.receiver.answer = func(Message) (bool, Answer) { return false, Answer{Verdict: Gone, Reason: "410 Gone"} }
	r.memory.add("p", "a", true, 1)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := r.round(t.Context())
	var gone errDisabled
	if !errors.As(err, &gone) || gone.reason != "410 Gone" {
		t.Fatalf("got %v", err)
	}
	r.receiver.answer = func(Message) (bool, Answer) { return true, Answer{Verdict: Delivered} }
	r.settle(t, 1)
	if r.receiver.version["p"] != 1 {
		t.Errorf("processed %v", r.receiver.version)
	}
}

// A process that is told to end in the middle of a round stores what was
// taken, and the rest waits: whoever comes next sends only that.
func TestAnEndingProcessStoresWhatWasTaken(t *testing.T) {
	r := newRig(t, 1)
	for i := range uint64(20) {
		r.memory.add(fmt.Sprint("p", i), "a", true, 1)
	}
	ctx, end := context.WithCancel(t.Context())
	sent := 0
	r.receiver.answer = func(Message) (bool, Answer) {
		if sent++; sent == 5 {
			end()
		}
		return true, Answer{Verdict: Delivered}
	}
	if err := r.claim(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(ctx); err != nil {
		t.Fatal(err)
	}
	delivered := r.memory.counts[CountDelivered]
	if delivered < 5 || delivered+int64(len(r.memory.wait)) != 20 || len(r.memory.wait) == 0 {
		t.Fatalf("%d are delivered and %d wait, of 20", delivered, len(r.memory.wait))
	}
	before := sent
	r.start(1)
	r.settle(t, 1)
	if sent-before != 20-int(delivered) || len(r.receiver.taken) != 20 {
		t.Errorf("%d messages were sent after %d, %d changes arrived", sent-before, before, len(r.receiver.taken))
	}
}
