package sink

import (
	"testing"
	"time"
)

func TestExpiriesAreForgotten(t *testing.T) {
	later := time.Now().Add(2 * expiryMargin)
	var e expiries
	key := daily{"vip", 1}
	e.learn(e.begin(), []daily{key})
	if e.due(key, later) {
		t.Error("it was told and is due")
	}
	if !e.due(key, time.Now().Add(expiryMargin/2)) {
		t.Error("it is about to expire and is not due")
	}
	round := e.begin()
	e.forget()
	e.learn(round, []daily{key})
	if !e.due(key, later) {
		t.Error("what an attempt from before has told is remembered")
	}
	for day := range int64(maxExpiries + 1) {
		e.learn(e.begin(), []daily{{"vip", day}})
	}
	if len(e.told) != 1 {
		t.Errorf("%d keys are remembered beyond the bound", len(e.told))
	}
}
