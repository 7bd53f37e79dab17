package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"muster/event"
	"muster/test/e2e/stack"
	"muster/test/kit/oracle"
)

// stormCube is declared beside the segments of every storm, and compared in those
// that publish no backfill.
const stormCube = "cubes:\n  - {id: storm, events: \"*\", dimensions: [.sku, .gift], gifts: count(.gift == true)}\n"

// segments are the rules in force and the cube, as the file has them.
func (r *run) segments() string { return r.traffic.Segments() + stormCube }

// cubeRow is what a cube has counted of events with the same values, or what a
// brute force has.
type cubeRow struct {
	profiles      map[string]bool
	Customers     int
	Exact         bool
	Events, Gifts int
}

// verifyCubes compares what the cube has counted in the storm with what is on the
// keyed topic, counted one by one without repeats: no replay, kill, rebalance or
// loss of writes may change it.
func (r *run) verifyCubes(tally *stack.Tally) {
	r.t.Helper()
	want, first, last := r.countEvents()
	if len(want) == 0 {
		r.t.Fatal("nothing was counted")
	}
	got := r.readCube(first, last)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		a, b := want[name], got[name]
		delete(got, name)
		if b == nil {
			b = &cubeRow{}
		}
		n := len(a.profiles)
		if a.Events != b.Events || a.Gifts != b.Gifts || b.Exact && n != b.Customers || !b.Exact && (b.Customers < n*9/10 || b.Customers > n*11/10) {
			tally.Diverged++
			r.t.Errorf("the cube has of %s %d customers, %d events, %d gifts; there were %d, %d, %d", name, b.Customers, b.Events, b.Gifts, n, a.Events, a.Gifts)
		}
	}
	for name, row := range got {
		tally.Diverged++
		r.t.Errorf("the cube has %d events of %s, of which there were none", row.Events, name)
	}
}

// countEvents counts what is on the keyed topic, by the values of the dimensions,
// and tells between which times the events happened: hours in a storm, and years
// where time was skipped so that every window has moved on.
func (r *run) countEvents() (_ map[string]*cubeRow, first, last time.Time) {
	r.t.Helper()
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	oracles, rows := make([]*oracle.Oracle, r.system.Shards), map[string]*cubeRow{}
	for shard := range oracles {
		var err error
		oracles[shard], err = oracle.New(map[string]string{"all": "true"})
		r.must(err)
	}
	r.system.Events(func(shard int, e *event.Event) {
		if !oracles[shard].Apply(e) || !e.IsBehaviour() {
			return // a repeat, or not one that cubes count
		}
		from, to = min(from, e.Time), max(to, e.Time)
		gift := e.Body.Get("gift")
		name := rowName(plainValue(e.Body.Get("sku")), plainValue(gift))
		row := rows[name]
		if row == nil {
			row = &cubeRow{profiles: map[string]bool{}}
			rows[name] = row
		}
		row.profiles[strings.Clone(e.Profile)] = true
		row.Events++
		if gift.Kind() == event.KindBool && gift.True() {
			row.Gifts++
		}
	})
	const apart = 400 // days, as an evaluator's clock may have been stepped when an event came
	return rows, time.UnixMilli(from).UTC().AddDate(0, 0, -apart), time.UnixMilli(to).UTC().AddDate(0, 0, apart)
}

// readCube asks for all that the cube has counted from a day to another.
func (r *run) readCube(first, last time.Time) map[string]*cubeRow {
	r.t.Helper()
	text, err := r.system.Insights("reach", "storm", "--by", "sku,gift", "--json",
		"--from", first.Format(time.DateOnly), "--to", last.Format(time.DateOnly))
	if err != nil {
		r.t.Fatalf("asking the cube: %v: %s", err, text)
	}
	var answer struct {
		Rows []struct {
			cubeRow
			Measures struct{ Gifts int }
			Values   map[string]any
		}
		Other *cubeRow
	}
	r.must(json.Unmarshal([]byte(text), &answer))
	if answer.Other != nil {
		r.t.Errorf("%d events are in no cell of their own", answer.Other.Events)
	}
	rows := map[string]*cubeRow{}
	for i := range answer.Rows {
		one := &answer.Rows[i]
		one.Gifts = one.Measures.Gifts
		rows[rowName(one.Values["sku"], one.Values["gift"])] = &one.cubeRow
	}
	return rows
}

func rowName(values ...any) string { return fmt.Sprintf("%#v", values) }

// plainValue is a value as the answer has it: what is neither text, number, true
// nor false counts as missing.
func plainValue(v event.Value) any {
	switch v.Kind() {
	case event.KindBool:
		return v.True()
	case event.KindNumber:
		return v.Number() + 0
	case event.KindString:
		return strings.Clone(v.Text())
	}
	return nil
}
