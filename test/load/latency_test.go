package load

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// settling is the part of the time at half load that is not measured.
const settling = 0.2

// sent is a record on its way: when it was due, when the broker had it, and
// where it came to stand.
type sent struct {
	due       time.Time
	had       time.Time
	partition int32
	offset    int64
}

// sighting is the offset that a shard had come to at some time.
type sighting struct {
	at     time.Time
	next   int64
	before time.Time // when it had not come there yet, for the last time
}

// halfLoad produces events at half of full speed, once the service has caught
// up, and adds to f how long each took from when it was due until its shard's
// offset in Redis was behind it, and until the broker had acknowledged it. The
// memberships that it changes are in the same transaction as the offset.
func (r *run) halfLoad(f *figures) {
	r.t.Helper()
	r.catchUp()
	messages, rate := r.halfTraffic(f)
	ended := make(chan struct{})
	var seen [][]sighting
	var looking sync.WaitGroup
	looking.Go(func() { seen = r.look(ended) })
	before, profiled := r.services.cpu(), r.profile("half")
	all := r.produce(messages, rate)
	r.catchUp()
	f.HalfCPU = micros(r.services.cpu()-before) / float64(len(all))
	<-profiled
	close(ended)
	looking.Wait()
	all = all[int(settling*float64(len(all))):]
	done, acked := waits(all, seen), acks(all)
	if len(done) != len(all) {
		r.t.Errorf("%s: %d of %d records were never seen to be done", r.contender, len(all)-len(done), len(all))
	}
	f.P50, f.P99, f.P999, f.AckP99 = quantile(done, 0.5), quantile(done, 0.99), quantile(done, 0.999), quantile(acked, 0.99)
}

// halfTraffic returns events for half of full speed, and how many come a second.
func (r *run) halfTraffic(f *figures) (messages []message, rate float64) {
	rate = f.EventsPerSecond / 2
	messages = make([]message, int(rate*r.options.live.Seconds()))
	for i := range messages {
		messages[i] = r.traffic.next()
	}
	return messages, rate
}

// catchUp waits until all that is on the topic now is applied.
func (r *run) catchUp() {
	r.t.Helper()
	ends := r.topic.ends()
	r.await(func(next []int64) bool {
		for shard, end := range ends {
			if next[shard] < end {
				return false
			}
		}
		return true
	})
}

// produce sends every message when it is due, whether those before it have
// arrived or not.
func (r *run) produce(messages []message, rate float64) []sent {
	r.t.Helper()
	all := make([]sent, len(messages))
	began := time.Now()
	for i, m := range messages {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(max(wait, lookEvery)) // a timer for each would cost more than the service
		}
		r.topic.send(m, func(rec *kgo.Record) { all[i] = sent{due, time.Now(), rec.Partition, rec.Offset} })
	}
	r.topic.flush()
	return all
}

// look notes how far the shards have come until ended is closed, and then.
func (r *run) look(ended <-chan struct{}) [][]sighting {
	seen := make([][]sighting, r.redis.shards)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	before := time.Now()
	for last := false; !last; {
		select {
		case <-ended:
			last = true
		case <-tick.C:
		}
		asked := time.Now()
		next, err := r.redis.applied()
		if err != nil {
			r.t.Error(err)
			return seen
		}
		now := time.Now()
		for shard, n := range next {
			if s := seen[shard]; len(s) == 0 || s[len(s)-1].next < n {
				seen[shard] = append(s, sighting{now, n, before})
			}
		}
		before = asked
	}
	return seen
}

// waits returns how long each record took to be behind its shard's offset, in
// ms, ascending. One that was never seen there is left out.
func waits(all []sent, seen [][]sighting) []float64 {
	var list []float64
	for _, one := range all {
		s := seen[one.partition]
		i := sort.Search(len(s), func(i int) bool { return s[i].next > one.offset })
		if i < len(s) {
			list = append(list, float64(s[i].at.Sub(one.due).Microseconds())/1e3)
		}
	}
	slices.Sort(list)
	return list
}

// acks returns how long the broker took for each record, in ms, ascending.
func acks(all []sent) []float64 {
	list := make([]float64, len(all))
	for i, one := range all {
		list[i] = float64(one.had.Sub(one.due).Microseconds()) / 1e3
	}
	slices.Sort(list)
	return list
}

// quantile returns 0 of an empty list.
func quantile(ascending []float64, q float64) float64 {
	if len(ascending) == 0 {
		return 0
	}
	return ascending[int(q*float64(len(ascending)-1))]
}
