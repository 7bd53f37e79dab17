package snapshot

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/profile"
	"muster/rules"
	"muster/sink"
)

// crowd is a deployment of one shard with some profiles that did nothing.
type crowd struct{ profiles int }

func (crowd) Layout(context.Context) (number, shards int, err error) { return 1, 1, nil }

func (crowd) Glance(context.Context, int) (g sink.Glance, err error) {
	return sink.Glance{Clock: 1}, nil
}

func (c crowd) EachProfile(_ context.Context, _ int, visit func(id, blob string) error) error {
	codec, _ := profile.NewCodec(&profile.Schema{}, nil, nil)
	for i := range c.profiles {
		p := profile.New(fmt.Sprint("u", i))
		p.FirstSeen, p.LastSeen = 1, 1
		if err := visit(p.ID, string(codec.Append(nil, p, 1))); err != nil {
			return err
		}
	}
	return nil
}

// office is a desk whose lanes are closed until they are opened.
type office struct {
	*Desk
	plans *Plans
	fresh *Fresh
}

func newOffice(t *testing.T, questions int) *office {
	t.Helper()
	s, err := Fill(t.Context(), crowd{2000}, Default(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("half", `bucket("half") < 50`), rules.NewSegment("nested", `not segment("half")`)})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{fresh: &Fresh{s, time.Now()}, plans: NewPlans(func() *rules.Set { return set })}
	o.Desk = NewDesk(func() *Fresh { return o.fresh }, questions, 0)
	for range cap(o.lanes) {
		o.lanes <- struct{}{}
	}
	return o
}

// open has one lane be served.
func (o *office) open() { go o.serve() }

func (o *office) rule(t *testing.T, rule string) *Question {
	t.Helper()
	q, err := o.plans.OfRule(t.Context(), rule, false)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// await waits until so many questions and askers wait.
func (o *office) await(t *testing.T, waiting, askers int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		w, _, a := o.Waiting()
		if w == waiting && a == askers {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d questions of %d wait; want %d of %d", w, a, waiting, askers)
		}
	}
}

// ended asks and returns the last answer.
func (o *office) ended(ctx context.Context, q *Question, priority Priority) (end *Answer, err error) {
	err = o.Ask(ctx, q, priority, Listener{
		Begin: func(*Fresh) error { return nil }, Wait: func() error { return nil },
		Tell: func(a *Answer) error { end = a; return nil },
	})
	return end, err
}

// TestAThousandQuestionsAtOnce: as many as may wait are answered as by
// themselves, a few scans for all of them, and the others are refused at once.
func TestAThousandQuestionsAtOnce(t *testing.T) {
	o := newOffice(t, 256)
	questions := make([]*Question, 1000)
	for i := range questions {
		rule := fmt.Sprintf(`bucket("salt-%d") < %d`, i, 1+i%99)
		if i%3 == 0 {
			rule = fmt.Sprintf(`segment("nested") and %s`, rule)
		}
		questions[i] = o.rule(t, rule)
	}
	var all sync.WaitGroup
	var refused atomic.Int64
	answers := make([]*Answer, len(questions))
	for i, q := range questions {
		all.Go(func() {
			var full *FullError
			var err error
			if answers[i], err = o.ended(t.Context(), q, Interactive); errors.As(err, &full) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	o.await(t, 256, 256)
	for deadline := time.Now().Add(time.Minute); refused.Load() < 744 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	o.open()
	o.open()
	all.Wait()
	if refused.Load() != 744 || o.Scans.Load() > 256/ridesTogether+1 || o.Answers.Load() != 256 {
		t.Errorf("%d are refused, and %d scans answer %d", refused.Load(), o.Scans.Load(), o.Answers.Load())
	}
	for i, a := range answers {
		if a == nil {
			continue
		}
		alone, err := o.fresh.Ask(t.Context(), questions[i], time.Hour, func(*Answer) error { return nil })
		if err != nil || !reflect.DeepEqual(a, alone) {
			t.Fatalf("question %d is answered %+v, and by itself %+v, %v", i, a, alone, err)
		}
	}
	if waiting, running, askers := o.Waiting(); waiting+running+askers != 0 {
		t.Errorf("%d wait, %d run, %d ask", waiting, running, askers)
	}
}

// TestWhoAsksTheSameWaitsAsOne, in whatever way it is written; each is told the
// end.
func TestWhoAsksTheSameWaitsAsOne(t *testing.T) {
	o := newOffice(t, 1)
	var all sync.WaitGroup
	var ends atomic.Int64
	for i := range mostAskers {
		rule := `bucket("x") < 50 and segment("half")`
		if i%2 == 0 {
			rule = "bucket( 'x' )<50 and\n segment('half')"
		}
		all.Go(func() {
			end, err := o.ended(t.Context(), o.rule(t, rule), Interactive)
			if err == nil && end.Done && end.Seen == 2000 {
				ends.Add(1)
			}
		})
	}
	o.await(t, 1, mostAskers)
	var full *FullError
	if _, err := o.ended(t.Context(), o.rule(t, `bucket("x") < 50 and segment("half")`), Interactive); !errors.As(err, &full) {
		t.Errorf("one more gives %v", err)
	}
	o.open()
	all.Wait()
	if ends.Load() != mostAskers || o.Scans.Load() != 1 || o.Answers.Load() != 1 {
		t.Errorf("%d are told the end, by %d scans", ends.Load(), o.Scans.Load())
	}
}

// TestSomebodyWhoWaitsGoesFirst, unless the others have waited for long.
func TestSomebodyWhoWaitsGoesFirst(t *testing.T) {
	o := newOffice(t, 100)
	draft := func(rule string) *Question {
		q, err := o.plans.OfDraft(t.Context(), "segments:\n  - {id: a, rule: '"+rule+"'}\n", false)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	ask := func(q *Question, priority Priority) {
		t.Helper()
		if _, _, err := o.join(q, priority); err != nil {
			t.Fatal(err)
		}
	}
	later, now := draft(`bucket("1") < 50`), draft(`bucket("2") < 50`)
	late, rule := draft(`bucket("3") < 50`), o.rule(t, `bucket("4") < 50`)
	ask(late, Background)
	o.waiting[0].since = time.Now().Add(-2 * patience)
	ask(later, Background)
	ask(now, Interactive)
	ask(rule, Interactive)
	ask(later, Background) // waits as one with the other
	var order []*Question
	for range 4 {
		for _, group := range o.take() {
			order = append(order, group.q)
		}
	}
	if want := []*Question{late, now, rule, later}; !slices.Equal(order, want) {
		t.Errorf("the order is %v; want %v", order, want)
	}
}

// TestWhoGoesAwayIsNotWaitedFor: a question that nobody waits for is dropped,
// before its scan and in the middle of it, and others on it go on.
func TestWhoGoesAwayIsNotWaitedFor(t *testing.T) {
	o := newOffice(t, 100)
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := o.ended(gone, o.rule(t, `bucket("gone") < 50`), Interactive)
		left <- err
	}()
	o.await(t, 1, 1)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away is told %v", err)
	}
	o.await(t, 0, 0)

	impatient := errors.New("it takes too long")
	both := make(chan error, 2)
	go func() {
		both <- o.Ask(t.Context(), o.rule(t, `bucket("impatient") < 50`), Interactive, Listener{
			Begin: func(*Fresh) error { return nil }, Tell: func(*Answer) error { return impatient }, Wait: func() error { return nil },
		})
	}()
	o.await(t, 1, 1)
	go func() {
		end, err := o.ended(t.Context(), o.rule(t, `bucket("patient") < 50`), Interactive)
		if err == nil && !end.Done {
			err = fmt.Errorf("the last answer is %+v", end)
		}
		both <- err
	}()
	o.await(t, 2, 2)
	o.open()
	if first, second := <-both, <-both; !errors.Is(errors.Join(first, second), impatient) || first != nil && second != nil {
		t.Errorf("they are told %v and %v", first, second)
	}
}

// TestMistakesOfOneScanAreToldToAll who ride on it.
func TestMistakesOfOneScanAreToldToAll(t *testing.T) {
	o := newOffice(t, 100)
	o.fresh.held[1999].blob = "\xff"
	both := make(chan error, 2)
	for _, rule := range []string{`bucket("1") < 50`, `bucket("2") < 50`} {
		go func() {
			_, err := o.ended(t.Context(), o.rule(t, rule), Interactive)
			both <- err
		}()
	}
	o.await(t, 2, 2)
	o.open()
	if first, second := <-both, <-both; first == nil || second == nil {
		t.Errorf("they are told %v and %v", first, second)
	}
	o.fresh = nil
	if _, err := o.ended(t.Context(), o.rule(t, `true`), Interactive); !errors.Is(err, NotFilledError{}) {
		t.Errorf("before the profiles are read: %v", err)
	}
}

// TestPlansAreKeptWithinTheirBounds, and follow the segments that they mention.
func TestPlansAreKeptWithinTheirBounds(t *testing.T) {
	half := `bucket("half") < 50`
	p := NewPlans(func() *rules.Set {
		set, err := rules.Compile([]rules.Segment{rules.NewSegment("half", half), rules.NewSegment("more", `segment("half")`)})
		if err != nil {
			t.Fatal(err)
		}
		return set
	})
	of := func(rule string) *Question {
		q, err := p.OfRule(t.Context(), rule, false)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	first, plain := of(`segment("more")`), of(`true`)
	if of(`segment('more')`) != first || of(`true`) != plain {
		t.Error("an equal rule is compiled again")
	}
	half = `bucket("half") < 51`
	if of(`segment("more")`).key == first.key || of(`true`) != plain {
		t.Error("the plan is of segments that were replaced")
	}
	for i := range 2 * mostPlans {
		of(fmt.Sprintf(`bucket("%d") < 50`, i))
	}
	if len(p.known) != mostPlans || p.order.Len() != mostPlans {
		t.Errorf("%d plans are kept", len(p.known))
	}
	if of(`true`) == plain {
		t.Error("the oldest plan is kept")
	}
	if _, err := p.OfRule(t.Context(), `traits.x >> 1`, false); err == nil || p.bytes > mostPlanBytes {
		t.Errorf("%v, and %d bytes are kept", err, p.bytes)
	}
}
