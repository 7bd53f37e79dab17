package observe

import "github.com/prometheus/client_golang/prometheus"

// metrics are all of Muster's own. Their help texts are what operators read.
type metrics struct {
	records, events, repeats             *prometheus.CounterVec // by shard
	changes                              *prometheus.CounterVec // by shard, cause
	profiles, loaded                     *prometheus.CounterVec // by shard
	clamped                              *prometheus.CounterVec // by shard, kind
	lag, streamTime, overdue             *prometheus.GaugeVec   // by shard
	step, commit                         *prometheus.HistogramVec
	fenced, relieved, lost               *prometheus.CounterVec // by shard
	sweeping, sweepProfiles, sweepLooked *prometheus.GaugeVec   // by shard
	stoodIn, unjoined, tombstones        *prometheus.CounterVec // by shard
	directives, erased, suppressed       *prometheus.CounterVec // by shard

	routedRecords, routedEvents  *prometheus.CounterVec // by topic
	routedTombstones, sourceLost *prometheus.CounterVec // by topic
	deadLetters                  *prometheus.CounterVec // by topic
	kafkaErrors                  *prometheus.CounterVec // by kind
	workErrors                   *prometheus.CounterVec // by topic, partition
	assigned                     *prometheus.GaugeVec   // by group
	poisoned, keyed, unfit       prometheus.Gauge

	redisRetries *prometheus.CounterVec // by operation
	redisBytes   *prometheus.CounterVec // by shard

	cubeWaiting, cubeCells *prometheus.GaugeVec   // by shard
	cubeFolded, cubeBytes  *prometheus.CounterVec // by shard

	segments, edition, compile, refused prometheus.Gauge
	loads                               *prometheus.CounterVec // by outcome
	shardEdition                        *prometheus.GaugeVec   // by shard

	breakerOpen                                      *prometheus.GaugeVec     // by destination
	attempts                                         *prometheus.CounterVec   // by destination, verdict
	delivered, undelivered, missed, coalesced, named *prometheus.CounterVec   // by destination
	attemptSeconds                                   *prometheus.HistogramVec // by destination

	trackingRequests, trackingEvents *prometheus.CounterVec   // by status, kind
	trackingSeconds                  *prometheus.HistogramVec // by status
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := maker{registry}
	return metrics{
		records:    m.counter("records_total", "Records of the keyed topic that were committed.", "shard"),
		events:     m.counter("events_total", "Events that were applied to profiles.", "shard"),
		repeats:    m.counter("repeats_total", "Events dropped because their messageId was applied within 24 hours.", "shard"),
		changes:    m.counter("changes_total", "Membership changes written to the outbox, by cause: event, time, rules, backfill or erased.", "shard", "cause"),
		profiles:   m.counter("profiles_written_total", "Profiles written to Redis.", "shard"),
		loaded:     m.counter("profiles_loaded_total", "Profiles read from Redis because they were not in the cache.", "shard"),
		clamped:    m.counter("clamped_total", "Times in the future that were pulled back: event times (time) or arrival times (arrival).", "shard", "kind"),
		stoodIn:    m.counter("times_stood_in_total", "Events whose timestamp can't be read or is before 1970, so that the next source of the time stood in.", "shard"),
		unjoined:   m.counter("unjoined_total", "Events that say that two ids are one customer, which joins nothing yet: alias, and identify with userId and anonymousId.", "shard"),
		tombstones: m.counter("tombstones_total", "Records of the keyed topic without a value, which were passed over.", "shard"),
		erased:     m.counter("erased_total", "Requests to erase a profile that were followed.", "shard"),
		suppressed: m.counter("suppressed_total", "Events and patches of profiles that were erased lately, passed over.", "shard"),
		directives: m.counter("directives_total", "Records of Muster's own that were followed: patches and seams of runs.", "shard"),
		relieved:   m.counter("profiles_relieved_total", "Times a profile gave up detail of its windows because it passed profiles.state_bytes.", "shard"),
		lag:        m.gauge("lag_records", "Records of the keyed topic behind the last commit.", "shard"),
		streamTime: m.gauge("stream_time_seconds", "Stream time of the shard, in seconds since 1970 UTC.", "shard"),
		overdue:    m.gauge("timers_overdue", "Timers that are due and not served yet, counted up to pipeline.wave + 1: a longer wave is served between records.", "shard"),
		step:       m.histogram("step_seconds", "Loading, applying and matching one batch.", "shard"),
		commit:     m.histogram("commit_seconds", "Committing one batch to Redis.", "shard"),
		lost:       m.counter("lost_records_total", "Offsets that Kafka no longer held and that were passed over with --accept-gaps.", "shard"),
		fenced:     m.counter("fenced_total", "Times a shard was found to be owned by somebody else.", "shard"),

		sweeping:      m.gauge("sweeping", "1 while the shard's profiles are looked at because the rules have changed; else 0.", "shard"),
		sweepProfiles: m.gauge("sweep_profiles", "Profiles that the shard's newest sweep has to look at, as counted when it began or went on.", "shard"),
		sweepLooked:   m.gauge("sweep_looked", "Profiles of these that it has looked at; after a restart those before are estimated.", "shard"),

		routedRecords:    m.counter("routed_records_total", "Records of source topics that were routed.", "topic"),
		routedEvents:     m.counter("routed_events_total", "Events that routing put on the keyed topic.", "topic"),
		sourceLost:       m.counter("lost_source_records_total", "Offsets of source topics that Kafka no longer held and that were passed over with --accept-gaps.", "topic"),
		routedTombstones: m.counter("routed_tombstones_total", "Records of source topics without a value, which were passed over.", "topic"),
		deadLetters:      m.counter("dead_letters_total", "Records that could not be applied and were kept on the dead-letter topic.", "topic"),
		kafkaErrors:      m.counter("kafka_errors_total", "Kafka operations that failed and were tried again.", "kind"),
		workErrors:       m.counter("work_errors_total", "Times the work on an owned partition failed; it is tried again with growing waits up to 30 s.", "topic", "partition"),
		assigned:         m.gauge("assigned_partitions", "Partitions this process owns.", "group"),
		poisoned:         m.singleGauge("poisoned_partitions", "Owned partitions that can't go on without an operator."),

		keyed: m.singleGauge("keyed_partitions", "Partitions of the keyed topic; more than there are shards after somebody has added some. 0 until first counted."),
		unfit: m.singleGauge("deployment_unfit", "1 while what Kafka and Redis hold does not fit what the process was started with: a restart would be refused."),

		redisRetries: m.counter("redis_retries_total", "Redis operations that were tried again.", "operation"),
		redisBytes:   m.counter("profile_bytes_written_total", "Bytes of profiles written to Redis.", "shard"),

		cubeWaiting: m.gauge("cube_parts_waiting", "Batches that were counted for cubes and are not folded into their pages yet; every answer has them.", "shard"),
		cubeCells:   m.gauge("cube_cells", "Cells of the fullest of the pages that were last folded into: one cube's of a day, a week or a month.", "shard"),
		cubeFolded:  m.counter("cube_cells_folded_total", "Cells that were folded into (other), as a page had more than cubes.cells.", "shard"),
		cubeBytes:   m.counter("cube_bytes_written_total", "Bytes of cells written to Redis.", "shard"),

		segments:     m.singleGauge("segments", "Segments in force."),
		edition:      m.singleGauge("segments_edition", "Number of the rules in force: 1 at the start, one more for each that took their place."),
		compile:      m.singleGauge("segments_compile_seconds", "How long compiling the rules in force took; 0 for those of the start."),
		refused:      m.singleGauge("segments_refused", "1 while the segments, in files or in Redis, can't be used and the rules before stay in force."),
		loads:        m.counter("segments_loads_total", "Times segments were read for their changes, from files or from Redis, by outcome: taken, unchanged or refused.", "outcome"),
		shardEdition: m.gauge("shard_edition", "Number of the rules that the shard's last batch was applied with.", "shard"),

		breakerOpen:    m.gauge("activation_breaker_open", "1 while this process leaves a destination alone that does not take anything, but for probes; else 0.", "destination"),
		attempts:       m.counter("activation_attempts_total", "Messages sent to destinations, by what came of it: delivered, deferred, refused or gone.", "destination", "verdict"),
		delivered:      m.counter("activation_delivered_total", "Changes that a destination has taken.", "destination"),
		undelivered:    m.counter("activation_dead_total", "Changes that were given up and are dead letters of their destination.", "destination"),
		missed:         m.counter("activation_missed_total", "Changes, of any segment, that the outbox had dropped before a destination was sent them.", "destination"),
		named:          m.counter("activation_named_total", "Memberships that snapshot runs have named.", "destination"),
		coalesced:      m.counter("activation_coalesced_total", "Changes that a destination was not sent as newer ones had made them pointless.", "destination"),
		attemptSeconds: m.histogram("activation_attempt_seconds", "How long a destination took to answer.", "destination"),

		trackingRequests: m.counter("tracking_requests_total", "Requests of the tracking API, by the status of the answer; 499 for a client that went away.", "status"),
		trackingEvents:   m.counter("tracking_events_total", "Events that the tracking API put on Kafka: usable, or unusable for dead letters.", "kind"),
		trackingSeconds:  m.histogram("tracking_seconds", "How long the tracking API took to answer.", "status"),
	}
}

// maker registers metrics under Muster's prefix.
type maker struct{ registry prometheus.Registerer }

const prefix = "muster_"

func (m maker) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m maker) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m maker) singleGauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m maker) singleCounter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	m.registry.MustRegister(c)
	return c
}

// computed registers a gauge that is asked for when it is scraped.
func (m maker) computed(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, value))
}

func (m maker) histogram(name, help, label string) *prometheus.HistogramVec {
	buckets := prometheus.ExponentialBuckets(0.0005, 2, 15) // 0.5 ms to 8 s
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, []string{label})
	m.registry.MustRegister(v)
	return v
}
