package load

import (
	"testing"
	"time"

	"muster/activation"
)

// hundred is how many changes a message carries where they are batched.
const hundred = 100

// measureSingle sends what has gathered while the destination was paused, one
// change a message.
func measureSingle(t testing.TB, sizes deliverySizes) deliveryFigures {
	s := newStage(t)
	return medianOf(sizes.repeats, func() deliveryFigures { return s.drain("single", 1, sizes.single) })
}

// measureBatched is measureSingle with a hundred changes a message.
func measureBatched(t testing.TB, sizes deliverySizes) deliveryFigures {
	s := newStage(t)
	return medianOf(sizes.repeats, func() deliveryFigures { return s.drain("batched", hundred, sizes.batched) })
}

func (s *stage) drain(name string, batch, changes int) deliveryFigures {
	s.t.Helper()
	e := startReceiver(s.t)
	sc := s.open(e, batch)
	defer sc.end()
	sc.state(string(activation.Paused))
	sc.fill(changes)
	sc.start(1, s.broker, 0)
	sc.catchUp()
	if n := e.count(); n > 0 {
		s.t.Fatalf("a destination that is paused was sent %d changes", n)
	}
	before := sc.read()
	sc.state("")
	sc.awaitTaken(1) // the service looks for the state now and then
	began, profiled := time.Now(), sc.profile(name)
	sc.awaitTaken(changes)
	took := time.Since(began).Seconds()
	after := sc.read()
	<-profiled
	f := deliveryFigures{
		ChangesCore: float64(changes) / (after.cpu - before.cpu).Seconds(), Changes: float64(changes) / took,
		RedisCPU: micros(after.redisCPU-before.redisCPU) / float64(changes),
	}
	s.say("%s: %.0f changes/s, %.0f a core", name, f.Changes, f.ChangesCore)
	return f
}
