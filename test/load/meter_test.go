package load

import "time"

// reading is what all meters show at one moment.
type reading struct {
	at         time.Time
	applied    int64 // records
	cpu        time.Duration
	redisCPU   time.Duration
	redisBytes float64
	metrics    map[string]float64
}

func (r *run) read() reading {
	r.t.Helper()
	next, err := r.redis.applied()
	if err != nil {
		r.t.Fatal(err)
	}
	m := reading{at: time.Now(), applied: sum(next), cpu: r.services.cpu(), metrics: r.services.metrics()}
	m.redisCPU, m.redisBytes = r.redis.spent()
	return m
}

// figures are what one run of a case measures. Those of latency are zero
// where there was none at half load.
type figures struct {
	EventsPerSecond float64 `json:"events_s"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	P999            float64 `json:"p999_ms"`
	AckP99          float64 `json:"ack_p99_ms"` // until the broker had the record
	CPU             float64 `json:"cpu_us_event"`
	HalfCPU         float64 `json:"half_cpu_us_event"` // at half load, where batches are smaller
	RedisCPU        float64 `json:"redis_cpu_us_event"`
	RedisBytes      float64 `json:"redis_bytes_event"`
	Allocations     float64 `json:"allocs_per_event"`
	AllocatedBytes  float64 `json:"alloc_bytes_event"`
	RSS             float64 `json:"rss_mb"`
	Changes         float64 `json:"changes_event"`
	Delivered       float64 `json:"delivered_event,omitzero"` // changes that a destination took meanwhile
	Written         float64 `json:"profiles_written_event"`
	Loaded          float64 `json:"profiles_loaded_event"`
	ProfileBytes    float64 `json:"profile_bytes"` // of one that is written
}

// since returns the figures between two readings.
func (m *reading) since(before *reading) figures {
	n := float64(m.applied - before.applied)
	grown := func(metric string) float64 { return m.metrics[metric] - before.metrics[metric] }
	f := figures{
		EventsPerSecond: n / m.at.Sub(before.at).Seconds(),
		CPU:             micros(m.cpu-before.cpu) / n, RedisCPU: micros(m.redisCPU-before.redisCPU) / n, RedisBytes: (m.redisBytes - before.redisBytes) / n,
		Allocations: grown("go_memstats_mallocs_total") / n, AllocatedBytes: grown("go_memstats_alloc_bytes_total") / n,
		Changes: grown("muster_changes_total") / n, Delivered: grown("muster_activation_delivered_total") / n, Written: grown("muster_profiles_written_total") / n, Loaded: grown("muster_profiles_loaded_total") / n,
	}
	if written := grown("muster_profiles_written_total"); written > 0 {
		f.ProfileBytes = grown("muster_profile_bytes_written_total") / written
	}
	return f
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
