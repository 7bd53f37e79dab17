package activation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// changesOf reads changes as "p+a p-a", with numbers and versions from 1.
func changesOf(text string) []Change {
	var out []Change
	for i, word := range strings.Fields(text) {
		at := strings.IndexAny(word, "+-")
		out = append(out, Change{
			Entry: fmt.Sprint(i + 1), Number: int64(i + 1), Version: uint64(i + 1), Profile: word[:at], Segment: word[at+1:], Entered: word[at] == '+',
		})
	}
	return out
}

// shortOf writes changes as numbers.
func shortOf(changes []Change) string {
	var words []string
	for _, c := range changes {
		words = append(words, fmt.Sprint(c.Number))
	}
	return strings.Join(words, " ")
}

func TestCoalesced(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"p+a":                         "1",
		"p+a p-a":                     "",
		"p-a p+a":                     "",
		"p+a p-a p+a":                 "3",
		"p+a p+b p-a p+c":             "2 4",
		"p+a q-a p-a q+a q-a":         "5",
		"p+a p+b q+a p-b p-a p+a q+b": "3 6 7",
		"p+a p+a":                     "2", // the exit between them was missed
	} {
		changes := changesOf(text)
		before := slices.Clone(changes)
		if got := shortOf(coalesced(changes)); got != want || !slices.Equal(changes, before) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// begin gives a rig a destination that coalesces.
func begin(t *testing.T, r *rig) {
	t.Helper()
	r.coalesce, r.coalesces = true, true
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Changes behind a message that waits cancel out too, with those that came in
// other rounds; the message itself stays, as it may have been received.
func TestCoalescedBehindAWaitingMessage(t *testing.T) {
	r := newRig(t, 2)
	begin(t, r)
	away := true
	r.receiver.answer = func(Message) (bool, Answer) {
		if away {
			return true, Answer{Verdict: Deferred}
		}
		return true, Answer{Verdict: Delivered}
	}
	want := []string{"1", "1 2", "1", "1 4", "1 4 5", "1 5 6"}
	for i, word := range []string{"+a", "-a", "+a", "+b", "+c", "-b +b -b"} {
		for sign := range strings.FieldsSeq(word) {
			r.memory.add("p", sign[1:], sign[0] == '+', uint64(len(r.memory.changes)+1))
		}
		if _, err := r.fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range r.memory.held["p"] {
			p, err := decode(Waiting{n, r.memory.wait[n]})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, shortOf(p.changes))
		}
		if i == 5 { // +b is gone, as -b +b -b came behind it
			want[i] = "1 5"
		}
		if s := strings.Join(got, " "); s != want[i] || int(r.waiting) != len(r.memory.wait) {
			t.Errorf("behind %s: %s wait, want %s; %d counted, %d stored", word, s, want[i], r.waiting, len(r.memory.wait))
		}
	}
	if n := r.memory.counts[CountCoalesced]; n != 6 {
		t.Errorf("%d changes are left out", n)
	}
	away = false
	r.settle(t, 2)
	if r.receiver.members["p b"] || !r.receiver.members["p a"] || !r.receiver.members["p c"] || len(r.receiver.taken) != 2 {
		t.Errorf("members %v, taken %v", r.receiver.members, r.receiver.taken)
	}
}

// A dead letter that was put back may have been received, so nothing cancels
// out with it.
func TestADeadLetterIsNotCoalesced(t *testing.T) {
	r := newRig(t, 1)
	begin(t, r)
	verdict := Refused
	r.receiver.answer = func(Message) (bool, Answer) { return true, Answer{Verdict: verdict} }
	r.memory.add("p", "a", true, 1)
	step := func() {
		t.Helper()
		if _, err := r.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.clock = r.clock.Add(idleEvery)
	}
	step()
	verdict = Deferred
	r.memory.add("p", "b", true, 2)
	step()
	r.memory.putBack(t, r.clock, anyLetter)
	step()
	r.memory.add("p", "a", false, 3)
	step()
	if held := r.memory.held["p"]; !slices.Equal(held, []int64{2, 1, 3}) {
		t.Fatalf("held %v", held)
	}
}

// A message that waits behind another one in a round that was begun twice may
// have been taken the first time, so nothing cancels out with it.
func TestARoundThatWasBegunTwiceIsNotCoalesced(t *testing.T) {
	r := newRig(t, 1)
	begin(t, r)
	saves, answer := 0, Answer{Verdict: Delivered}
	r.receiver.answer = func(Message) (bool, Answer) { return true, answer }
	r.memory.breaks = func() error {
		if saves++; saves == 2 { // the end of the round, both messages being taken
			return errBreak
		}
		return nil
	}
	r.memory.add("p", "b", true, 1)
	r.memory.add("p", "a", true, 2)
	if _, err := r.round(t.Context()); err == nil {
		t.Fatal("the store did not break")
	}
	r.start(1)
	answer = Answer{Verdict: Deferred}
	begin(t, r)
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.memory.add("p", "a", false, 3)
	if _, err := r.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer = Answer{Verdict: Delivered}
	r.settle(t, 1)
	if r.receiver.members["p a"] || !r.receiver.members["p b"] {
		t.Errorf("members %v", r.receiver.members)
	}
}

// TestCoalescedEndsTheSame sends random changes to two receivers that flap and
// through two stores that break, once coalesced and once not. In the end both
// know the same, by the highest version, which is what is.
func TestCoalescedEndsTheSame(t *testing.T) {
	sent, kept := 0, 0
	for seed := range uint64(250) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 5))
			batch := []int{1, 3, 40}[seed%3]
			rigs := []*rig{newRig(t, batch), newRig(t, batch)}
			rigs[1].coalesce = true
			if seed%5 == 0 {
				rigs[1].named = &fickle{}
			}
			rigs[1].age = []time.Duration{0, 20 * time.Second}[seed%2]
			for i, r := range rigs {
				r.patient = true // a dead letter would be missed
				flap := rand.New(rand.NewPCG(seed, uint64(i)))
				r.start(batch)
				misbehave(r, flap)
			}
			want, versions := map[string]bool{}, map[string]uint64{}
			for range 1 + random.IntN(12) {
				for range random.IntN(40) {
					profile, segment := fmt.Sprint("p", random.IntN(8)), []string{"a", "b", "c"}[random.IntN(3)]
					key := profile + " " + segment
					versions[profile]++
					want[key] = !want[key]
					for _, r := range rigs {
						r.memory.add(profile, segment, want[key], versions[profile])
					}
				}
				for _, r := range rigs {
					r.work(t, batch, random.IntN(5))
				}
			}
			for _, r := range rigs {
				r.settle(t, batch)
				members := maps.Clone(r.receiver.members)
				for key, entered := range want {
					if members[key] != entered {
						t.Errorf("coalesced %t: %s is %t, want %t", r.coalesce, key, members[key], entered)
					}
				}
				if len(r.memory.held)+len(r.memory.due)+len(r.memory.dead) > 0 {
					t.Errorf("coalesced %t: left behind: held %v, due %v, %d dead", r.coalesce, r.memory.held, r.memory.due, len(r.memory.dead))
				}
				if n := r.memory.counts[CountDelivered] + r.memory.counts[CountCoalesced]; n != int64(len(r.memory.changes)) {
					t.Errorf("coalesced %t: %d changes are delivered or left out, of %d", r.coalesce, n, len(r.memory.changes))
				}
			}
			kept += len(rigs[0].receiver.taken)
			sent += len(rigs[1].receiver.taken)
		})
	}
	t.Logf("of %d changes %d were sent coalesced", kept, sent)
	if sent*10 > kept*9 {
		t.Errorf("of %d changes %d were sent coalesced: nearly nothing cancels out", kept, sent)
	}
}

// misbehave has a rig's receiver flap and its store break.
func misbehave(r *rig, random *rand.Rand) {
	r.receiver.answer = func(Message) (bool, Answer) {
		switch random.IntN(6) {
		case 0:
			return false, Answer{Verdict: Deferred, Status: 503, After: time.Duration(random.IntN(60)) * time.Second}
		case 1: // processed, and the answer is lost
			return true, Answer{Verdict: Deferred}
		}
		return true, Answer{Verdict: Delivered}
	}
	r.memory.breaks = func() error {
		return []error{nil, nil, nil, nil, nil, nil, nil, errBreak, errLateBreak}[random.IntN(9)]
	}
}

// work lets a rig make some rounds, as another process behind each that fails.
func (r *rig) work(t *testing.T, batch, rounds int) {
	t.Helper()
	if r.claim(t.Context()) != nil {
		return
	}
	for range rounds {
		if _, err := r.round(t.Context()); err != nil {
			r.start(batch)
			if err := r.claim(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		r.clock = r.clock.Add(7 * time.Second)
	}
}
