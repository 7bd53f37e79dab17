package profile

import "testing"

// BenchmarkApplyAndRead applies an event a second to a window that holds
// 1,000 of them and reads the window.
func BenchmarkApplyAndRead(b *testing.B) {
	for _, one := range []struct {
		name   string
		keep   Keep
		reduce Reduce
	}{
		{"count", KeepSlidingTimes, ReduceCount}, {"sum", KeepSlidingNumbers, ReduceSum}, {"mean", KeepSlidingNumbers, ReduceMean},
		{"min", KeepSlidingNumbers, ReduceMin}, {"last", KeepSlidingValues, ReduceLast},
	} {
		b.Run(one.name, func(b *testing.B) {
			const window = 1_000_000
			schema, cfg, p := NewSchema(nil, []Series{seriesOf(one.keep, window)}), Default(), New("p")
			now := start
			step := func() {
				now += 1000
				ev := track(now, float64(now%977)*1.01)
				var changed Changed
				p.Apply(schema, &cfg, &ev, now, &changed)
			}
			for range 1000 {
				step()
			}
			q := Query{Reduce: one.reduce, From: window}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				step()
				p.Read(schema, q, now)
			}
		})
	}
}
