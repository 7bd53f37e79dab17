package load

import (
	"fmt"
	"testing"
)

// measureBeside holds the events a second of the service with a destination
// of all segments, a hundred changes a message, to those without, in turns.
func measureBeside(t testing.TB, sizes deliverySizes) deliveryFigures {
	t.Helper()
	p, n := sizes.beside.populations[0], sizes.beside.segments[0]
	b := &bench{
		t: t, options: &sizes.beside, segments: segmentations(t, t.TempDir(), []int{n}),
		redis: startRedis(t, shards), broker: startBroker(t), progress: t.Output(),
	}
	b.begin(p)
	round := 0
	return medianOf(sizes.repeats, func() deliveryFigures {
		round++
		file := startReceiver(t).destinations(hundred)
		var with, without figures
		for turn := range 2 { // who comes first changes, so that drift hits both
			if turn == round%2 {
				with = b.beside(p, n, fmt.Sprintf("with-%d", round), file)
			} else {
				without = b.beside(p, n, fmt.Sprintf("without-%d", round), "")
			}
		}
		f := deliveryFigures{
			With: with.EventsPerSecond, Without: without.EventsPerSecond, Ratio: with.EventsPerSecond / without.EventsPerSecond,
			CPURatio: (without.CPU + without.RedisCPU) / (with.CPU + with.RedisCPU), KeptUp: with.Delivered / with.Changes, CPU: (with.CPU - without.CPU) / with.Changes,
		}
		b.say("beside: %.0f events/s with a destination, %.0f without; CPU %.1f and %.1f us an event, Redis %.1f and %.1f; %.3f of %.3f changes delivered",
			f.With, f.Without, with.CPU, without.CPU, with.RedisCPU, without.RedisCPU, with.Delivered, with.Changes)
		return f
	})
}

// beside measures full speed, with the destinations of a file or without.
func (b *bench) beside(p population, segments int, name, destinations string) figures {
	b.t.Helper()
	r := &run{
		t: b.t, options: b.options, population: p, contender: contender{engine, segments}, segments: b.segments[segments],
		redis: b.redis, destinations: destinations,
	}
	defer r.end()
	r.begin(b.broker, name)
	r.fill()
	r.start(1, b.broker, 0)
	return r.fullSpeed()
}
