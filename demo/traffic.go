package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// Record is one record of the shop's topic. Its key has nothing to do with
// the profile, so that the service has to route it.
type Record struct {
	Key   []byte
	Value []byte
}

const (
	// population is how many customers the shop has.
	population = 2000
	// meanGap is the simulated time between two events.
	meanGap = 6 * time.Minute
	// fashion is how many ranks a day the crowd of the most active customers
	// moves on, so that good customers go quiet.
	fashion = 3

	// Of a thousand records:
	badPermille    = 4  // can't be used
	repeatPermille = 8  // come twice, as when a client sends again
	bareIDPermille = 80 // have no messageId
)

// opening is when the simulated shop opens.
var opening = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

// Traffic makes the events of a shop, in order of arrival. It is used by one
// goroutine.
type Traffic struct {
	r         *rand.Rand
	rank      *rand.Zipf
	now       time.Time
	customers []customer
	made      int
	again     []byte // a record to be sent once more
}

// NewTraffic returns the traffic of a seed.
func NewTraffic(seed uint64) *Traffic {
	r := rand.New(rand.NewPCG(seed, 0x5407))
	return &Traffic{
		r: r, rank: rand.NewZipf(r, 1.1, 10, population-1), now: opening,
		customers: make([]customer, population),
	}
}

// Now returns the arrival time of the last record.
func (t *Traffic) Now() time.Time { return t.now }

// Next returns the next record. It belongs to the caller.
func (t *Traffic) Next() Record {
	t.made++
	key := []byte(fmt.Sprintf("session-%04x", t.r.IntN(1<<16)))
	if value := t.again; value != nil {
		t.again = nil
		return Record{key, value}
	}
	t.now = t.now.Add(t.gap())
	c := t.call()
	value, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("demo: writing an event: %v", err)) // made of texts and finite numbers only
	}
	switch {
	case t.chance(badPermille):
		value = t.spoil(c, value)
	case c.MessageID != "" && t.chance(repeatPermille):
		t.again = value
	}
	return Record{key, value}
}

// gap is the time to the next arrival: short in the evening, long at night.
func (t *Traffic) gap() time.Duration {
	pace := []float64{2.5, 1.2, 0.9, 0.6}[t.now.Hour()/6]
	gap := t.r.ExpFloat64() * pace * float64(meanGap)
	return time.Duration(gap).Truncate(time.Millisecond) + time.Millisecond
}

// pick chooses the customer who acts next.
func (t *Traffic) pick() int {
	days := int(t.now.Sub(opening) / (24 * time.Hour))
	return (int(t.rank.Uint64()) + fashion*days) % population
}

func (t *Traffic) chance(permille int) bool { return t.r.IntN(1000) < permille }

// lateness is how long an event was on its way: mostly seconds, sometimes
// hours, as from a telephone without a network.
func (t *Traffic) lateness() time.Duration {
	most := 3 * time.Second
	switch n := t.r.IntN(100); {
	case n < 2:
		most = 30 * time.Hour
	case n < 10:
		most = 10 * time.Minute
	}
	return time.Duration(t.r.Int64N(int64(most))).Truncate(time.Millisecond)
}
