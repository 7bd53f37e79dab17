package rehearsal

import "math"

// Sizing says what a deployment needs, with half of every core left free.
type Sizing struct {
	Headroom float64 `json:"headroom"` // share of a core that load takes
	Profiles int     `json:"profiles"` // that the rows are for
	NodeGB   float64 `json:"redis_node_gb"`
	// ServersUS is the CPU of an evaluator beside the stages, RedisUS that of
	// Redis, both from constants.
	ServersUS float64 `json:"servers_us_event"`
	RedisUS   float64 `json:"redis_us_event"`
	Rows      []Need  `json:"rows"`
}

// Need is what one load needs.
type Need struct {
	EventsPerSecond int     `json:"events_s"`
	Cores           int     `json:"evaluator_cores"`
	Shards          int     `json:"shards"`
	RedisNodes      int     `json:"redis_nodes"`
	RedisGB         float64 `json:"redis_gb"` // of all nodes, replicas not included
	ReachGB         float64 `json:"reach_gb"` // at most, in addition
}

// Deployment is what a sizing is for.
type Deployment struct {
	Profiles  int   // of all customers
	OutboxMax int64 // changes of a shard
	ReachDays int   // that daily reach is kept; 0 for ever, of which a year is counted
	FullDays  int   // of these before today that are not packed
}

// size makes the table.
func size(f *Figures, d Deployment) Sizing {
	per := f.PerEvent
	s := Sizing{
		Headroom: headroom, NodeGB: nodeGB, Profiles: d.Profiles,
		ServersUS: round(serversRecord + serversWrite*per.Written + serversLoad*per.Loaded + serversChange*per.Changes),
		RedisUS:   round(redisWrite*per.Written + redisLoad*per.Loaded + redisChange*per.Changes),
	}
	for _, rate := range []int{1_000, 10_000, 100_000, 1_000_000} {
		n := Need{EventsPerSecond: rate, Cores: cores(rate, f.Micros.Total+s.ServersUS)}
		n.Shards = max(leastShards, powerOfTwo(2*n.Cores))
		n.RedisGB = round((float64(d.Profiles)*f.Redis.Total + float64(n.Shards)*float64(d.OutboxMax)*outboxChange) / 1e9)
		n.ReachGB = round(float64(f.Segments) * d.reach() / 1e9)
		n.RedisNodes = max(cores(rate, s.RedisUS), int(math.Ceil(n.RedisGB/nodeGB)))
		s.Rows = append(s.Rows, n)
	}
	return s
}

// reach is the bytes of one segment's reach at most, today included, and a day
// that is about to be packed.
func (d *Deployment) reach() float64 {
	days := d.ReachDays
	if days == 0 {
		days = 365
	}
	full := d.FullDays + 2
	if full >= days {
		return float64(days) * reachCounter
	}
	return float64(full)*reachCounter + reachOpen + float64(days-full)*reachPacked
}

// cores is how many cores a rate takes, filled as far as headroom says.
func cores(rate int, micros float64) int {
	return max(1, int(math.Ceil(float64(rate)*micros/1e6/headroom)))
}

// powerOfTwo is the first that is not below n, so that shards can be divided
// evenly among most numbers of processes.
func powerOfTwo(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}
