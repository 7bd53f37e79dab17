package latency

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		began := time.Now()
		for i := range 3 {
			m.Due(began.Add(time.Duration(i) * time.Second))
		}
		time.Sleep(5 * time.Second)
		m.Committed(2)
		m.Committed(0)
		if m.Waiting() != 1 {
			t.Errorf("%d are waiting", m.Waiting())
		}
		n, waited := m.Take()
		if want := []time.Duration{5 * time.Second, 4 * time.Second}; n != 2 || !slices.Equal(waited, want) {
			t.Errorf("%d records waited %v, want %v", n, waited, want)
		}
		m.Committed(1)
		if n, waited := m.Take(); n != 1 || len(waited) != 1 || waited[0] != 3*time.Second || m.Waiting() != 0 {
			t.Errorf("then %d records waited %v", n, waited)
		}
	})
}
