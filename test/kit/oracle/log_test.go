package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/event"
)

// line writes a change, its time relative to noon.
func (c Change) line() string {
	sign := "-"
	if c.Entered {
		sign = "+"
	}
	return fmt.Sprintf("%s%s %s %d v%d %s", sign, c.Segment, c.Profile, c.At-ms(noon), c.Version, c.Cause)
}

func expect(t *testing.T, got []Change, want ...string) {
	t.Helper()
	var lines []string
	for _, c := range got {
		lines = append(lines, c.line())
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func newLog(t *testing.T, rules map[string]string) *Log {
	t.Helper()
	l, err := NewLog(rules)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Windows open and close to the millisecond, in the order of time, then
// profile, then segment, before the record that moves the clock.
func TestLogOrder(t *testing.T) {
	l := newLog(t, map[string]string{
		"b-new":   `count(events("A", "90s")) > 0`,
		"a-not":   `not segment("b-new")`,
		"c-older": `any(events("A", "1h", "90s"), true)`,
		"d-ends":  `traits.ends < from_now("1s")`,
	})
	apply := func(e event.Event) []Change { return l.Apply(&e) }
	now := ms(noon)
	expect(t, apply(of(track(now, "A", `{}`), "q")), "+b-new q 0 v1 event")
	expect(t, apply(of(track(now, "A", `{}`), "p")), "+b-new p 0 v1 event")
	expect(t, apply(of(identify(now, `{"ends":"2026-11-20T12:02:00Z"}`), "p")))
	expect(t, l.Advance(now+89_999))
	expect(t, apply(of(track(now+90_000, "A", `{}`), "p")),
		"+a-not p 90000 v2 time", "-b-new p 90000 v3 time", "+c-older p 90000 v4 time",
		"+a-not q 90000 v2 time", "-b-new q 90000 v3 time", "+c-older q 90000 v4 time",
		"-a-not p 90000 v5 event", "+b-new p 90000 v6 event")
	expect(t, l.Advance(now+180_000), "+d-ends p 119001 v7 time", "+a-not p 180000 v8 time", "-b-new p 180000 v9 time")
	expect(t, l.Advance(now))
	expect(t, l.Advance(now+2*60*60*1000), "-c-older q 3600000 v5 time", "-c-older p 3690000 v10 time")
	if got := l.Oracle().Members("c-older"); len(got) != 0 {
		t.Errorf("members %v", got)
	}
}

// A repeat advances stream time and so fires what is due, and does no more.
func TestLogRepeat(t *testing.T) {
	l := newLog(t, map[string]string{"s": `count(events("A", "1m")) == 1`})
	first, repeat := marked(track(ms(noon), "A", `{}`), "m"), marked(track(ms(noon)+60_000, "A", `{}`), "m")
	expect(t, l.Apply(&first), "+s p 0 v1 event")
	expect(t, l.Apply(&repeat), "-s p 60000 v2 time")
}

// A log says how many answers it asked for: at events all rules, at an
// instant those that may flip there, and around it only when told to.
func TestLogAsked(t *testing.T) {
	for _, around := range []bool{false, true} {
		l := newLog(t, map[string]string{
			"a": `count(events("A", "90s")) > 0`, "b": `traits.ends < now()`, "c": `traits.x == 1`,
		})
		l.Around = around
		first, repeat := marked(track(ms(noon), "A", `{}`), "m"), marked(track(ms(noon), "A", `{}`), "m")
		l.Apply(&first)
		l.Apply(&repeat)
		traits := identify(ms(noon), `{"ends":"2026-11-20T12:00:30Z"}`)
		l.Apply(&traits)
		l.Advance(ms(noon) + 89_999)
		// b is asked when ends is now and after, and after noon is now.
		want := Asked{AtEvents: 6, AtInstants: 3}
		if around {
			want.AtInstants = 2 + 4 + 1 // b around both, a before its window closes
		}
		if l.Asked() != want {
			t.Errorf("around %t: got %+v, want %+v", around, l.Asked(), want)
		}
		expect(t, l.Advance(ms(noon)+90_000), "-a p 90000 v3 time")
	}
}

func TestLogWithoutRules(t *testing.T) {
	l := newLog(t, nil)
	e := track(ms(noon), "A", `{}`)
	if changes := l.Apply(&e); changes != nil || l.Asked() != (Asked{}) {
		t.Errorf("got %v, %+v", changes, l.Asked())
	}
}

// Instants must hold every millisecond at which an answer flips, and a log
// must find every flip: walk every millisecond, in a world of a few seconds.
func TestInstantsMissNothing(t *testing.T) {
	rules := map[string]string{
		"a": `count(events("A", "2s")) == 1`, "b": `sum(events("A", "3s", "1s"), .x) > 1`, "c": `profile.last_seen < ago("1s")`,
		"d": `traits.at <= from_now("1s")`, "e": `traits.at > now()`, "f": `traits.at != ago("2s")`, "g": `segment("a") and not segment("e")`,
		"h": `last(events("A")).event_time >= ago("2s")`, "i": `last(events("A")).until < now()`, "j": `date("1970-01-01T00:00:05Z") < ago("1s")`,
		"k": `any(traits.list, # < now())`, "l": `(traits.gone ?? "1970-01-01T00:00:03.500Z") < now()`,
		"m": `held(count(events("A", "2s")) == 1, "1s")`, "n": `not held(traits.at > now(), "1s")`, "o": `held(segment("m") or held(segment("b"), "1s"), "1s")`,
		"p": `abandoned(events("A"), filter(events("A"), .until > date("1970-01-01T00:00:04Z")), "1s")`,
		"q": `sequence("1s", events("A", "3s"), events("A", "3s"))`,
	}
	r := rand.New(rand.NewPCG(1, 2))
	stamp := func() string { return fmt.Sprintf(`"1970-01-01T00:00:0%d.%03dZ"`, r.IntN(8), r.IntN(3)) }
	flips, noted := 0, 0
	for range 20 {
		l := newLog(t, rules)
		o := l.Oracle()
		for range 1 + r.IntN(4) {
			e := track(1+r.Int64N(3000), "A", `{"x":1,"until":`+stamp()+`}`)
			if r.IntN(3) == 0 {
				e = identify(1+r.Int64N(3000), `{"at":`+stamp()+`,"list":[`+stamp()+`]}`)
			}
			l.Apply(&e)
		}
		start, end := o.Clock(), int64(9000)
		known := map[int64]bool{}
		for _, at := range o.Instants("p", start, end) {
			known[at] = true
		}
		previous := o.Memberships("p", start)
		for at := start + 1; at <= end; at++ {
			current := o.Memberships("p", at)
			if slices.Equal(current, previous) {
				continue
			}
			flips++
			if !known[at] {
				t.Fatalf("from %v to %v at %d, which Instants does not know", previous, current, at)
			}
			for _, c := range l.Advance(at) {
				if c.At != at || c.Entered != slices.Contains(current, c.Segment) || c.Entered == slices.Contains(previous, c.Segment) {
					t.Fatalf("from %v to %v at %d, the log has %+v", previous, current, at, c)
				}
				noted++
			}
			noted -= different(previous, current)
			if noted != 0 {
				t.Fatalf("from %v to %v at %d, the log has %d changes more", previous, current, at, noted)
			}
			previous = current
		}
		if rest := l.Advance(end); len(rest) > 0 {
			t.Fatalf("the log has %v, which never happen", rest)
		}
	}
	if flips < 100 {
		t.Errorf("only %d flips seen", flips)
	}
}

// different counts what is in one of two lists only.
func different(a, b []string) int {
	n := 0
	for _, s := range a {
		if !slices.Contains(b, s) {
			n++
		}
	}
	for _, s := range b {
		if !slices.Contains(a, s) {
			n++
		}
	}
	return n
}
