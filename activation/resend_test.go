package activation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// putBack has dead letters wait again, as sink.Store.Resend does.
func (m *memory) putBack(t *testing.T, now time.Time, choose func(DeadLetter) bool) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var left [][]byte
	for _, text := range m.dead {
		letter, err := DecodeDead(text)
		if err != nil {
			t.Fatal(err)
		}
		if !choose(letter) {
			left = append(left, text)
			continue
		}
		message, err := letter.Waiting()
		if err != nil {
			t.Fatal(err)
		}
		m.wait[message.Number], m.due[message.Number] = message.Text, now.UnixMilli()
	}
	m.dead = left
}

func anyLetter(DeadLetter) bool { return true }

// A dead letter that is put back is sent under its id, as if it were new,
// though nobody told the courier; and it stays what it is for the receiver.
func TestADeadLetterIsSentAgain(t *testing.T) {
	r := newRig(t, 1)
	refuse, ids := true, []string{}
	r.receiver.answer = func(m Message) (bool, Answer) {
		ids = append(ids, m.ID)
		if refuse {
			return false, Answer{Verdict: Refused, Status: 400, Reason: "400 Bad Request"}
		}
		return true, Answer{Verdict: Delivered}
	}
	r.memory.add("p", "a", true, 1)
	r.settle(t, 1)
	refuse = false
	r.memory.putBack(t, r.clock, anyLetter)
	r.clock = r.clock.Add(idleEvery)
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 2 || ids[0] != ids[1] || r.receiver.version["p"] != 1 {
		t.Errorf("sent %q, processed %v", ids, r.receiver.version)
	}
	if len(r.memory.wait)+len(r.memory.due)+len(r.memory.held)+len(r.memory.dead) > 0 || r.waiting != 0 {
		t.Errorf("left: wait %v, due %v, held %v, %d dead; %d wait", r.memory.wait, r.memory.due, r.memory.held, len(r.memory.dead), r.waiting)
	}
	if got := logged(t, r.memory); len(got) != 2 || got[1].Attempt != 1 || got[1].Verdict != Delivered {
		t.Errorf("the log is %+v", got)
	}
}

// A dead letter waits behind what holds back its profile, and is not looked at
// until then.
func TestADeadLetterWaitsForItsProfile(t *testing.T) {
	r := newRig(t, 1)
	r.receiver.answer = func(m Message) (bool, Answer) {
		if strings.Contains(string(m.Body), " 1 ") {
			return false, Answer{Verdict: Refused}
		}
		return false, Answer{Verdict: Deferred}
	}
	r.memory.add("p", "a", true, 1)
	r.memory.add("p", "a", false, 2)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.memory.putBack(t, r.clock, anyLetter)
	r.clock = r.clock.Add(2 * idleEvery)
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held := r.memory.held["p"]; len(held) != 2 || held[0] != 2 || held[1] != 1 || r.memory.due[1] != 0 || r.memory.due[2] == 0 {
		t.Fatalf("held %v, due %v", r.memory.held, r.memory.due)
	}
	r.receiver.answer = func(Message) (bool, Answer) { return true, Answer{Verdict: Delivered} }
	r.receiver.anyOrder = true
	r.settle(t, 1)
	if len(r.receiver.taken) != 2 || r.receiver.members["p a"] {
		t.Errorf("processed %v, members %v", r.receiver.taken, r.receiver.members)
	}
}

// lonely is a Sender that finds out when two messages of a profile are on
// their way at once.
type lonely struct {
	*receiver
	mu     sync.Mutex
	flying map[string]bool
}

func (l *lonely) Send(ctx context.Context, m Message) Answer {
	var own []string
	l.mu.Lock()
	for line := range strings.Lines(string(m.Body)) {
		own = append(own, strings.Fields(line)[0])
	}
	for _, id := range own {
		if l.flying[id] {
			l.t.Errorf("two messages of %s are on their way", id)
		}
	}
	for _, id := range own {
		l.flying[id] = true
	}
	l.mu.Unlock()
	runtime.Gosched()
	answer := l.receiver.Send(ctx, m)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range own {
		delete(l.flying, id)
	}
	return answer
}

// TestRefusedAndSentAgain has a receiver refuse some messages, and puts dead
// letters back at any moment, while it flaps and processes end. In the end it
// knows the memberships by the highest version, and nothing is left behind.
func TestRefusedAndSentAgain(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 11))
			batch := []int{1, 3, 20}[seed%3]
			r := newRig(t, batch)
			r.receiver.anyOrder = true
			lonely := &lonely{receiver: r.receiver, flying: map[string]bool{}}
			r.sender, r.through = lonely, lonely
			peace := false
			r.receiver.answer = func(Message) (bool, Answer) {
				switch random.IntN(8) {
				case 0, 1:
					if !peace {
						return false, Answer{Verdict: Refused}
					}
				case 2:
					return random.IntN(2) == 0, Answer{Verdict: Deferred}
				}
				return true, Answer{Verdict: Delivered}
			}
			r.memory.breaks = func() error {
				return []error{nil, nil, nil, nil, nil, nil, errBreak, errLateBreak}[random.IntN(8)]
			}
			want, versions := map[string]bool{}, map[string]uint64{}
			for range 3 + random.IntN(10) {
				for range random.IntN(30) {
					profile, segment := fmt.Sprint("p", random.IntN(5)), []string{"a", "b"}[random.IntN(2)]
					versions[profile]++
					want[profile+" "+segment] = !want[profile+" "+segment]
					r.memory.add(profile, segment, want[profile+" "+segment], versions[profile])
				}
				r.clock = r.clock.Add(time.Duration(random.IntN(60)) * time.Second)
				if r.claim(t.Context()) == nil {
					for range random.IntN(4) {
						if _, err := r.round(t.Context()); err != nil {
							r.start(batch)
							break
						}
						r.memory.putBack(t, r.clock, func(DeadLetter) bool { return random.IntN(2) == 0 })
					}
				}
			}
			peace = true
			r.memory.putBack(t, r.clock, anyLetter)
			r.settle(t, batch)
			r.memory.putBack(t, r.clock, anyLetter)
			r.settle(t, batch)
			if len(r.memory.held)+len(r.memory.due)+len(r.memory.dead) > 0 {
				t.Errorf("left: held %v, due %v, %d dead", r.memory.held, r.memory.due, len(r.memory.dead))
			}
			for key, entered := range want {
				if r.receiver.members[key] != entered {
					t.Errorf("%s is %t, want %t", key, r.receiver.members[key], entered)
				}
			}
			if len(r.receiver.taken) != len(r.memory.changes) {
				t.Errorf("%d changes arrived, of %d", len(r.receiver.taken), len(r.memory.changes))
			}
		})
	}
}
