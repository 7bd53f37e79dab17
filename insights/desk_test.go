package insights

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"runtime"
	"testing"

	"muster/snapshot"
)

// TestAnswersAreReadAsTheyWereWritten, also what is infinite, and values that are
// none.
func TestAnswersAreReadAsTheyWereWritten(t *testing.T) {
	p := &Profile{
		Audience: Side{Name: "a", Found: 3, Band: snapshot.Band{Estimate: 3, Low: 2, High: 4}, Both: 1}, Held: 9, Profiles: 10, Compared: 2, Differ: 1,
		Findings: []Finding{
			{Trait: "country", Value: `"<DE>"`, InAudience: 3, Share: 1.0 / 3, Index: Index(math.Inf(1)), IndexLow: 2.5600001, IndexHigh: Index(math.Inf(1)), Differs: true},
			{Trait: "country", Value: snapshot.NoValue, Index: 1e21}, {Trait: "country", Value: snapshot.OtherValues}, {Segment: "vip", Index: 100.0 / 3, P: 1e-30},
		},
		Absent: []string{"contry"}, Lacks: []snapshot.Lack{{Segment: "preview", Untracked: true}},
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // as commands and the API do
	if err := encoder.Encode(p); err != nil {
		t.Fatal(err)
	}
	var read Profile
	if err := json.Unmarshal(text.Bytes(), &read); err != nil || !reflect.DeepEqual(&read, p) {
		t.Errorf("%v\n%+v\nis read from %s as\n%+v", err, p, &text, &read)
	}
}

// TestQuestionsQueue: so many wait, one more is refused at once, and one
// that is cancelled leaves its place to others.
func TestQuestionsQueue(t *testing.T) {
	line := newQueue(1)
	leave, err := line.wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	wait := func(ctx context.Context) {
		leave, err := line.wait(ctx)
		if err == nil {
			leave()
		}
		ended <- err
	}
	refused := func() {
		t.Helper()
		for line.waiting.Load() == 0 { // until it waits
			runtime.Gosched()
		}
		var full *snapshot.FullError
		if _, err := line.wait(t.Context()); !errors.As(err, &full) || full.Waiting != 1 {
			t.Errorf("one more gets %v", err)
		}
	}
	go wait(cancelled)
	refused()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("who is cancelled gets %v", err)
	}
	go wait(t.Context())
	refused()
	leave()
	if err := <-ended; err != nil {
		t.Errorf("who has waited gets %v", err)
	}
}
