package engine_test

import (
	"testing"

	"muster/event"
	"muster/profile"
	"muster/test/kit/ruleset"
)

// BenchmarkEventInWindow takes an event a second all the way, for a profile
// whose window holds 1,000 of them, and lets time go on as it demands. The
// thresholds are never crossed.
func BenchmarkEventInWindow(b *testing.B) {
	for _, one := range []struct{ name, rule string }{
		{"count", `count(events("Order", "1000s")) > 3`},
		{"sum", `sum(events("Order", "1000s"), .amount) > 500.5`},
		{"mean", `mean(map(events("Order", "1000s"), .amount)) > 1.5`},
		{"min", `min(map(events("Order", "1000s"), .amount)) > 500.5`},
		{"distinct", `count(uniq(map(events("Order", "1000s"), .amount))) > 3`},
		{"last", `last(events("Order", "1000s")).amount > 2000`},
		{"two-sided sum", `sum(events("Order", "1000s", "500s"), .amount) > 500.5`},
	} {
		b.Run(one.name, func(b *testing.B) {
			set := ruleset.One(b, one.rule)
			s, wakes := newSubject(set), 0
			var changed profile.Changed
			step := func() {
				s.clock += 1000
				for at := s.profile.Deadline; at != 0 && at <= s.clock; at = s.profile.Deadline {
					s.incremental.Wake(s.profile, at)
					s.profile.Deadline = s.incremental.Deadline(s.profile, at)
					wakes++
				}
				ev := event.Event{
					Type: event.Track, Profile: "p", Name: "Order", Time: s.clock, Arrival: s.clock,
					Body: event.ObjectOf([]event.Value{text("amount"), number(float64(s.clock/1000%977) * 1.01)}),
				}
				changed.Reset()
				s.profile.Apply(set.Schema(), &s.limits, &ev, s.clock, &changed)
				s.incremental.Update(s.profile, &changed, s.clock)
				s.profile.Deadline = s.incremental.Deadline(s.profile, s.clock)
			}
			for range 2000 {
				step()
			}
			wakes = 0
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				step()
			}
			b.ReportMetric(float64(wakes)/float64(b.N), "wakes/op")
		})
	}
}
