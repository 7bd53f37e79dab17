package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// warmUp is the part of a case's records that is applied before anything is
// measured.
const warmUp = 0.25

// run is one case measured once.
type run struct {
	t            testing.TB
	options      *options
	population   population
	contender    contender
	segments     *segmentation
	redis        *keeper
	topic        *topic
	traffic      *traffic
	services     fleet
	ends         []int64         // of the records that wait for full speed
	idle         reading         // before the services were started
	destinations string          // file of them, "" for none
	more         func() []string // more arguments for each service; nil for none
	births       int             // profiles that begin on the topic, before all else, as Redis has none
}

// measure runs a case at full speed and then at half of it. blob is what
// floor writes for a profile, in bytes.
func (r *run) measure(broker, name string, blob int) figures {
	r.t.Helper()
	defer r.end()
	r.begin(broker, name)
	r.fill()
	r.start(1, broker, blob)
	f := r.fullSpeed()
	r.halfLoad(&f)
	if r.options.verify && r.contender.name != floor {
		r.verify()
	}
	return f
}

// begin puts the profiles into Redis and makes the topic.
func (r *run) begin(broker, name string) {
	r.t.Helper()
	r.redis.restore(strconv.Itoa(r.contender.segments))
	r.topic = createTopic(r.t, broker, name, r.redis.shards)
}

// fill puts all records of full speed on the topic.
func (r *run) fill() {
	r.t.Helper()
	r.traffic = newTraffic(r.population)
	beginning := newTraffic(r.population) // a birth draws anew from its number
	for number := range r.births {
		r.topic.send(beginning.birth(number), nil)
	}
	for number := range r.touches() {
		r.topic.send(r.traffic.touch(number), nil)
	}
	for range r.options.records(r.contender) {
		r.topic.send(r.traffic.next(), nil)
	}
	r.topic.flush()
	r.ends = r.topic.ends()
}

// start starts so many processes that share out the shards.
func (r *run) start(processes int, broker string, blob int) {
	r.t.Helper()
	r.idle.at = time.Now()
	r.idle.redisCPU, r.idle.redisBytes = r.redis.spent()
	for range processes {
		arguments := []string{
			"-mode", r.contender.name, "-broker", broker, "-topic", r.topic.name, "-redis", r.redis.server.Address,
			"-segments", r.segments.file, "-programs", r.segments.programs, "-cache", strconv.Itoa(r.population.cache), "-blob", strconv.Itoa(blob),
			"-destinations", r.destinations,
		}
		if r.more != nil {
			arguments = append(arguments, r.more()...)
		}
		r.services = append(r.services, startService(r.t, arguments...))
	}
}

// end stops what was started.
func (r *run) end() {
	r.t.Helper()
	r.services.stop()
	if r.topic != nil {
		r.topic.drop()
	}
}

// warm is how many records are applied before anything is measured.
func (r *run) warm() int64 {
	return int64(r.births) + int64(r.touches()) + int64(warmUp*float64(r.options.records(r.contender)))
}

// touches is how many profiles have an event before all others, so that they
// are in memory when anything is measured: all of those that fit. Naive goes
// without, as loading is nothing beside what it measures, and so does who
// begins the profiles itself.
func (r *run) touches() int {
	if !r.population.fits || r.births > 0 || r.contender.name == naive {
		return 0
	}
	return r.population.profiles
}

// warmed returns what the meters show when the first records are applied, or
// before the services were started where all is measured.
func (r *run) warmed() reading {
	r.t.Helper()
	if r.options.whole {
		return r.idle
	}
	r.await(func(next []int64) bool { return sum(next) >= r.warm() })
	return r.read()
}

// fullSpeed measures from when the first records are applied until the first
// shard has nothing left to do.
func (r *run) fullSpeed() figures {
	r.t.Helper()
	before, profiled := r.warmed(), r.profile("full")
	r.await(func(next []int64) bool {
		for shard := range next {
			if next[shard] >= r.ends[shard] {
				return true
			}
		}
		return false
	})
	after := r.read()
	<-profiled
	if after.applied == before.applied {
		r.t.Fatalf("%s: %d records are too few, all were applied before anything was measured", r.contender, after.applied)
	}
	f := after.since(&before)
	f.RSS = r.services.resident() / (1 << 20)
	return f
}

// lookEvery is how often the offsets in Redis are looked at. It is what
// latencies are true to.
const lookEvery = time.Millisecond

// await waits until done says so of the shards' next offsets.
func (r *run) await(done func(next []int64) bool) {
	r.t.Helper()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last, moved := int64(-1), time.Now()
	for {
		next, err := r.redis.applied()
		if err != nil {
			r.t.Fatal(err)
		}
		if done(next) {
			return
		}
		if applied := sum(next); applied != last {
			last, moved = applied, time.Now()
		}
		r.services.check()
		if time.Since(moved) > patience {
			r.t.Fatalf("%s: nothing was applied for %s:\n%s", r.contender, patience, r.services.tail())
		}
		<-tick.C
	}
}

func sum(next []int64) int64 {
	total := int64(0)
	for _, n := range next {
		total += n
	}
	return total
}

// profileSeconds is how long a CPU profile takes at most.
const profileSeconds = 5

// profile writes a CPU profile of the first service in the phase that begins now and, after it, one
// of all allocations so far, where asked to. The channel is closed when it has.
func (r *run) profile(phase string) <-chan struct{} {
	done := make(chan struct{})
	if r.options.profiles == "" {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		for kind, path := range map[string]string{"cpu": fmt.Sprintf("/debug/pprof/profile?seconds=%d", profileSeconds), "allocs": "/debug/pprof/allocs"} {
			data, err := r.services[0].get(path)
			if err == nil {
				file := fmt.Sprintf("%s-%s-%d-%s.%s.prof", r.population.name, r.contender.name, r.contender.segments, phase, kind)
				err = os.WriteFile(filepath.Join(r.options.profiles, file), data, 0o600)
			}
			if err != nil {
				r.t.Errorf("profiling %s: %v", r.contender, err)
			}
		}
	}()
	return done
}
