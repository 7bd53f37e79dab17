package oracle

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"muster/event"
)

func TestLogOfHeld(t *testing.T) {
	l := newLog(t, map[string]string{
		"a": `count(events("A", "1h")) > 0`, "b": `held(segment("a"), "10m")`, "c": `held(held(traits.x == 1, "10m"), "5m")`, "d": `not held(not segment("a"), "1m")`,
	})
	now, minute := ms(noon), int64(60_000)
	apply := func(e event.Event) []Change { return l.Apply(&e) }
	expect(t, apply(identify(now, `{"x":1}`)), "+d p 0 v1 event")
	expect(t, apply(track(now+minute, "A", `{}`)), "-d p 60000 v2 time", "+a p 60000 v3 event", "+d p 60000 v4 event")
	expect(t, apply(track(now+2*minute, "B", `{}`)))
	expect(t, l.Advance(now+11*minute-1))
	expect(t, l.Advance(now+11*minute), "+b p 660000 v5 time")
	expect(t, l.Advance(now+16*minute), "+c p 900000 v6 time")
	expect(t, apply(identify(now+17*minute, `{"x":2}`)), "-c p 1020000 v7 event")
	expect(t, l.Advance(now+62*minute), "-a p 3660000 v8 time", "-b p 3660000 v9 time", "-d p 3720000 v10 time")
	if o := l.Oracle(); o.In("c", "p") || o.InAt("d", "p", now+100*minute) {
		t.Error("the oracle says otherwise than its log")
	}
}

// A condition that let named things for is asked as it stands there.
func TestHeldWithinLet(t *testing.T) {
	check(t, []law{{"let", []event.Event{identify(before("2h"), `{"x":1}`)}, []string{
		`let x = traits.x; held(x == 1, "2h")`, `let x = traits.x; let h = held(x == 1, "1h"); h and held(h, "1h")`,
	}, []string{`let x = traits.x; held(x == 2, "1h")`, `let x = traits.x; held(x == 1, "7201s")`}}})
}

// Held must be what asking at every millisecond says.
func TestHeldMillisecondByMillisecond(t *testing.T) {
	conditions := []string{`count(events("A", "2s")) == 1`, `traits.at > now()`, `held(count(events("A", "1s")) == 0, "1s")`, `not abandoned(events("A"), events("B"), "1s")`}
	rules := map[string]string{}
	for i, c := range conditions {
		rules[fmt.Sprint("c", i)], rules[fmt.Sprint("h", i)] = c, fmt.Sprintf(`held(%s, "1s")`, c)
	}
	r, flips := rand.New(rand.NewPCG(3, 4)), 0
	for range 10 {
		o, err := New(rules)
		if err != nil {
			t.Fatal(err)
		}
		since, was := make([]int64, len(conditions)), make([]bool, len(conditions))
		for at := int64(1); at < 9000; at++ {
			o.Advance(at)
			if r.IntN(800) == 0 || at == 1 {
				e := track(max(1, at-r.Int64N(1000)), "AB"[at%2:][:1], `{}`)
				if r.IntN(3) == 0 {
					e = identify(at, fmt.Sprintf(`{"at":"1970-01-01T00:00:0%dZ"}`, r.IntN(10)))
				}
				e.Arrival = at
				o.Apply(&e)
			}
			for i := range conditions {
				switch {
				case !o.In(fmt.Sprint("c", i), "p"):
					since[i] = never
				case since[i] <= 0:
					since[i] = at
				}
				held := since[i] != never && at-since[i] >= 1000
				if held != was[i] {
					flips++
				}
				if was[i] = held; o.In(fmt.Sprint("h", i), "p") != held {
					t.Fatalf("at %d: %s is held: %t, the oracle says otherwise", at, conditions[i], held)
				}
			}
		}
	}
	if flips < 50 {
		t.Errorf("only %d flips seen", flips)
	}
}
