package faults

import (
	"context"
	"strings"
	"time"

	"muster/test/kit/redis"
)

func broker(*run, int) string       { return "broker" }
func redisServers(*run, int) string { return "redis servers" }
func redisMemory(*run, int) string  { return "redis memory" }

// restartWait bounds starting a broker again.
const restartWait = 5 * time.Minute

func killBroker(r *run, f *fault) bool {
	kafka := r.system.Servers.Kafka
	if err := kafka.Kill(); err != nil {
		r.t.Fatal(err)
	}
	r.later(f.lasts, func() {
		ctx, cancel := context.WithTimeout(r.t.Context(), restartWait)
		defer cancel()
		if err := kafka.Restart(ctx); err != nil {
			r.t.Fatal(err)
		}
	})
	return true
}

// loss bounds how far back a Redis that lost writes is.
const loss = 2 * time.Second

// marked is how far a server had written at some time.
type marked struct {
	at   time.Time
	mark redis.Mark
}

// note remembers how far every server has written, for as long as it may be
// wanted.
func (r *run) note() {
	for i, server := range r.system.Servers.Redis {
		list := append(r.marks[i], marked{time.Now(), server.Mark(r.t)})
		for time.Since(list[0].at) > loss {
			list = list[1:]
		}
		r.marks[i] = list
	}
}

// loseWrites kills a Redis and brings it back from a state up to two seconds
// old.
func loseWrites(r *run, f *fault) bool {
	i := f.pick % len(r.system.Servers.Redis)
	server, list := r.system.Servers.Redis[i], r.marks[i]
	if len(list) == 0 {
		return false
	}
	server.Lose(r.t, list[f.pick/8%len(list)].mark)
	r.marks[i] = nil // they are ahead of the file
	r.later(f.lasts, func() { server.Restart(r.t) })
	return true
}

// failOver kills a master of the Cluster that has written for a while without
// its replica, so that what the promoted one has is old.
func failOver(r *run, f *fault) bool {
	i, ok := r.master(f.pick)
	if !ok {
		return false
	}
	server, client := r.system.Servers.Redis[i], r.direct[i]
	for _, command := range [][]any{
		{"acl", "setuser", "default", "-psync", "-sync"}, {"client", "kill", "type", "replica"},
	} {
		if err := client.Do(r.t.Context(), command...).Err(); err != nil {
			r.t.Logf("cutting off the replicas of %s: %v", server.Address, err)
		}
	}
	r.later(time.Duration(f.pick%int(loss/time.Millisecond))*time.Millisecond, func() { server.Kill(r.t) })
	r.later(loss+f.lasts, func() { server.Restart(r.t) })
	return true
}

// master returns a node of the Cluster that has slots and a replica.
func (r *run) master(pick int) (int, bool) {
	var masters []int
	for i, client := range r.direct {
		roles, err := client.Info(r.t.Context(), "replication").Result()
		if err == nil && strings.Contains(roles, "role:master") && strings.Contains(roles, "state=online") {
			masters = append(masters, i)
		}
	}
	if len(masters) == 0 {
		return 0, false
	}
	return masters[pick%len(masters)], true
}

// fillMemory has Redis refuse whatever needs memory.
func fillMemory(r *run, f *fault) bool {
	r.limit("1")
	r.later(f.lasts, func() { r.limit("0") })
	return true
}

// limit passes over servers that are down: they come back without a limit.
func (r *run) limit(bytes string) {
	for _, client := range r.direct {
		if err := client.ConfigSet(r.t.Context(), "maxmemory", bytes).Err(); err != nil {
			r.t.Logf("setting maxmemory to %s: %v", bytes, err)
		}
	}
}

// connect makes a client of every Redis that goes around the links.
func (r *run) connect() {
	for _, server := range r.system.Servers.Redis {
		r.direct = append(r.direct, server.Client(r.t))
	}
	r.marks = make([][]marked, len(r.direct))
}
