package demo_test

import (
	"strconv"
	"sync"
	"testing"

	"muster/activation"
	"muster/activation/webhook"
	"muster/credentials"
	"muster/demo"
)

func startReceiver(t *testing.T, temper demo.Temper) (*demo.Receiver, *demo.Tally) {
	t.Helper()
	tally := demo.NewTally()
	r, err := demo.StartReceiver(tally, temper, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r, tally
}

func newSender(t *testing.T, to activation.Destination) *webhook.Sender {
	t.Helper()
	s, err := webhook.New(to.Webhook, "muster/test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func messageOf(t *testing.T, to *activation.Destination, number int) activation.Message {
	t.Helper()
	m, err := to.Message([]activation.Change{
		{Profile: "u" + strconv.Itoa(number), Segment: "vip", Entered: true, Version: 1},
		{Profile: "u" + strconv.Itoa(number), Segment: "new", Entered: true, Version: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestReceiverVerifies: it takes what is signed with its secret and nothing
// else.
func TestReceiverVerifies(t *testing.T) {
	r, tally := startReceiver(t, demo.Steady)
	to := r.Destination()
	if a := newSender(t, to).Send(t.Context(), messageOf(t, &to, 1)); a.Verdict != activation.Delivered {
		t.Errorf("the answer is %+v", a)
	}
	forged := to
	forged.Webhook.Secrets = []credentials.Secret{credentials.NewSecret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")}
	if a := newSender(t, forged).Send(t.Context(), messageOf(t, &to, 2)); a.Status != 401 {
		t.Errorf("signed with another secret, the answer is %+v", a)
	}
	if c := tally.Counts(); c.Sent != 2 || c.Retried != 0 {
		t.Errorf("%d changes were sent with %d retries, want 2 of the first message", c.Sent, c.Retried)
	}
}

// TestFlakyReceiver sends each message until it is taken. However it was
// treated, it counts once.
func TestFlakyReceiver(t *testing.T) {
	const messages, beside = 200, 10
	r, tally := startReceiver(t, demo.Flaky)
	to := r.Destination()
	s := newSender(t, to)
	var mu sync.Mutex
	answers, late, attempts := map[int]int{}, 0, 0
	var sending sync.WaitGroup
	for first := range beside {
		sending.Go(func() {
			for number := first; number < messages; number += beside {
				for taken := false; !taken; {
					a := s.Send(t.Context(), messageOf(t, &to, number))
					taken = a.Verdict == activation.Delivered
					mu.Lock()
					answers[a.Status]++
					attempts++
					if a.Took.Milliseconds() > 100 {
						late++
					}
					mu.Unlock()
				}
			}
		})
	}
	sending.Wait()
	if answers[204] != messages || answers[500] == 0 || answers[0] == 0 || late == 0 || len(answers) != 3 {
		t.Errorf("answers by status are %v, %d of them late; want %d of 204, some of 500, none for some, and some late", answers, late, messages)
	}
	if c := tally.Counts(); c.Sent != 2*messages || c.Retried != attempts-messages {
		t.Errorf("%d changes were sent with %d retries, want %d and %d", c.Sent, c.Retried, 2*messages, attempts-messages)
	}
}
