package faults

import "time"

// kind is one way for things to go wrong, or just to happen.
type kind struct {
	name        string
	least, most time.Duration // it lasts
	// target names what it needs for itself while it lasts; "" for nothing.
	target func(r *run, pick int) string
	// begin hits, and arranges for the end by run.later. It returns false
	// when there is nothing to hit now.
	begin func(r *run, f *fault) bool
	fits  func(p *plan) bool // nil for every plan
}

func kinds() []*kind {
	clustered := func(p *plan) bool { return p.cluster }
	stepping := func(p *plan) bool { return p.steps }
	return []*kind{
		{name: "kill", most: 3 * time.Second, begin: killEvaluator},
		{name: "leave", most: 2 * time.Second, begin: letEvaluatorLeave},
		{name: "freeze", least: session + session/4, most: 2 * session, begin: freezeEvaluator},
		{name: "join", least: time.Second, most: 4 * time.Second, begin: joinEvaluator},
		{name: "broker killed", most: 3 * time.Second, target: broker, begin: killBroker},
		{name: "writes lost", most: 2 * time.Second, target: redisServers, begin: loseWrites},
		{name: "failover", least: 5 * time.Second, most: 8 * time.Second, target: redisServers, begin: failOver, fits: clustered},
		{name: "out of memory", least: 5 * time.Second, most: 5 * time.Second, target: redisMemory, begin: fillMemory},
		{name: "reset", target: anyLink, begin: resetLink},
		{name: "cut", least: 100 * time.Millisecond, most: 3 * time.Second, target: anyLink, begin: cutLink},
		{name: "slow", least: 2 * time.Second, most: 4 * time.Second, target: anyLink, begin: slowLink},
		{name: "reply cut", least: 300 * time.Millisecond, most: 2 * time.Second, target: redisLink, begin: cutReplies},
		{name: "poison", begin: sendPoison},
		{name: "come back", most: 300 * time.Millisecond, begin: restartEvaluator},
		{name: "clock stepped", least: time.Second, most: 4 * time.Second, target: wallClock, begin: stepClock, fits: stepping},
	}
}
