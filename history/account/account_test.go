package account

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// Quantiles are never below the true ones, and at most a fifth above.
func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		var l Latency
		var all []float64
		for range 1 + r.IntN(500) {
			d := time.Duration(r.ExpFloat64() * float64(time.Second))
			l.took(d)
			all = append(all, d.Seconds())
		}
		slices.Sort(all)
		told := l.told()
		for share, got := range map[float64]float64{0.5: told.P50, 0.99: told.P99, 1: told.Max} {
			at := max(0, int(share*float64(len(all))+0.9999999)-1)
			if want := all[at]; got < want || got > max(want*growth, shortest) {
				t.Errorf("%g of %d is %g, told %g", share, len(all), want, got)
			}
		}
	}
	if last := bucketOf((7 * 24 * time.Hour).Seconds()); last >= buckets-1 {
		t.Errorf("a week is in bucket %d", last)
	}
	if bucketOf(1e12) != buckets-1 || (Latency{}).told().P99 != 0 {
		t.Error("the bounds don't hold")
	}
}

// What was read counts even if it came to nothing, and only what was kept is
// billable.
func TestMeter(t *testing.T) {
	var m Meter
	whole := m.Opened(io.NopCloser(strings.NewReader("12345")))
	if _, err := io.ReadAll(whole); err != nil {
		t.Fatal(err)
	}
	m.Decoded(2)
	m.Kept(5, 2)
	failing := m.Opened(io.NopCloser(io.MultiReader(strings.NewReader("123"), iotest.ErrReader(errors.New("away")))))
	if _, err := io.ReadAll(failing); err == nil {
		t.Fatal("it did not fail")
	}
	m.Found(100, 7)
	m.Task("index", time.Now().Add(-time.Second))
	a := m.Account()
	if a.Scanned != (Volume{2, 8, 2}) || a.Billable != (Volume{1, 5, 2}) || a.Cached != (Volume{1, 100, 7}) || a.Attempts != 1 {
		t.Errorf("%+v", a)
	}
	if s := a.Stage("index"); s.Tasks != 1 || s.Seconds < 1 || s.P50 < 1 {
		t.Errorf("%+v", s)
	}
}

// still is an object that can be read at any place.
type still struct{ *strings.Reader }

func (still) Close() error     { return nil }
func (still) Unchanged() error { return nil }

// What is read at a place counts too.
func TestMeterOfWhatIsReadAtAPlace(t *testing.T) {
	var m Meter
	at, ok := m.Opened(still{strings.NewReader("12345")}).(placed)
	if !ok {
		t.Fatal("it can't be read at a place any more")
	}
	if _, err := at.ReadAt(make([]byte, 3), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := at.Read(make([]byte, 1)); err != nil || at.Size() != 5 {
		t.Fatal(err)
	}
	if a := m.Account(); a.Scanned != (Volume{1, 4, 0}) {
		t.Errorf("%+v", a)
	}
}

// Accounts add up, also those that were written down, and what they are of
// stays as it was.
func TestAdd(t *testing.T) {
	var m Meter
	m.Task("index", time.Now().Add(-time.Second))
	m.Kept(5, 2)
	a := m.Account()
	m.Task("evaluate", time.Now())
	m.Task("index", time.Now().Add(-3*time.Second))
	b := m.Account()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var read Account
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, a) {
		t.Fatalf("%+v is read as %+v, %v", a, read, err)
	}
	sum := read.Add(b)
	if s := sum.Stage("index"); s.Tasks != 3 || s.Seconds < 5 || s.P50 > 1.3 || s.P99 < 3 || s.Max < 3 {
		t.Errorf("%+v", s)
	}
	if sum.Attempts != 2 || sum.Billable.Bytes != 10 || sum.Stage("evaluate").Tasks != 1 || !reflect.DeepEqual(read, a) {
		t.Errorf("%+v of %+v", sum, read)
	}
}
