package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/config"
	"muster/directive"
	past "muster/history"
	"muster/history/archive"
	"muster/history/publication"
	"muster/pipeline"
	live "muster/service"
)

// publicationLine is what history costs those who are live. Figures are medians
// over the rounds.
type publicationLine struct {
	Bench string `json:"bench"`
	// P99 is how long an event takes, see halfLoad, while patches come; Without
	// is the same while none do, just before. Ratio is the median of the rounds'
	// ratios.
	P99     float64   `json:"p99_ms"`
	Without float64   `json:"p99_ms_without"`
	Ratio   float64   `json:"ratio"`
	Ratios  []float64 `json:"ratios"` // of the rounds, in their order
	Aim     float64   `json:"aim"`
	Met     bool      `json:"met"`
	// OnTheWay is the part of the time, while P99 was measured, in which patches
	// were on their way. Pace is what it should be: publication.Config.Share.
	OnTheWay float64 `json:"on_the_way"`
	Pace     float64 `json:"pace"`
	// Share is the part of all patches that was given while P99 was measured.
	Share    float64 `json:"sent_share"`
	Patches  float64 `json:"patches_s"` // meanwhile
	Bytes    float64 `json:"patch_bytes"`
	Profiles int64   `json:"profiles"`
}

const (
	publicationAim = 2   // bounds the Ratio
	leastShare     = 0.1 // that has to be given while P99 is measured
	leastOnTheWay  = 0.5 // of the pace
	mostRounds     = 9   // to come to leastShare
)

// says returns why the line tells nothing of what history costs, nil if it
// does: too little of it came in while it was measured, or it had ended.
func (l *publicationLine) says() error {
	switch {
	case l.Share < leastShare:
		return fmt.Errorf("only %.2f of the patches were given while p99 was measured: history was starved", l.Share)
	case l.Share >= 1:
		return errors.New("all patches were given before p99 was measured to the end: raise MUSTER_LOAD_HOT")
	case l.OnTheWay < leastOnTheWay*l.Pace:
		return fmt.Errorf("patches were on their way for %.2f of the time, and %.2f is their pace: history was starved", l.OnTheWay, l.Pace)
	}
	return nil
}

// gate is a publication.Guide that lets patches through while it is open, and
// the clock by which patches don't wait while it is shut.
type gate struct {
	publication.Guide
	publication.WallClock
	reached chan struct{} // closed when the first patches have come to it
	once    sync.Once
	passing sync.Mutex // held while patches go through, and while it is shut
	held    time.Duration
}

func newGate() *gate {
	g := &gate{reached: make(chan struct{})}
	g.shut()
	return g
}

// Direct implements publication.Guide.
func (g *gate) Direct(ctx context.Context, directives []directive.Directive) error {
	if directives[0].Kind != directive.Patch {
		return g.Guide.Direct(ctx, directives)
	}
	g.once.Do(func() { close(g.reached) })
	came := time.Now()
	g.passing.Lock()
	defer g.passing.Unlock()
	g.held += time.Since(came)
	return g.Guide.Direct(ctx, directives)
}

// Now implements publication.Clock.
func (g *gate) Now() time.Time { return time.Now().Add(-g.held) }

// shut returns when nothing is going through, and lets nothing through until
// the gate is opened.
func (g *gate) shut() { g.passing.Lock() }

func (g *gate) open() { g.passing.Unlock() }

// TestPublication measures how long live events take while history comes in,
// and fails where that is over its aim.
func TestPublication(t *testing.T) {
	file := os.Getenv("MUSTER_PUBLICATION")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_PUBLICATION=FILE (make bench PART=publication)")
	}
	p := populations(number(t, "HOT", "100000"), 1)["hot"]
	o := options{
		populations: []population{p}, segments: []int{1000}, events: number(t, "EVENTS", "300000"), repeats: number(t, "REPEATS", "3"),
		live: time.Duration(number(t, "LIVE", "8")) * time.Second,
	}
	l := measurePublication(t, &o, publication.DefaultConfig().Batch)
	if err := json.NewEncoder(appendTo(t, file)).Encode(l); err != nil {
		t.Fatal(err)
	}
	if err := l.says(); err != nil {
		t.Error(err)
	}
	if !l.Met {
		t.Errorf("while history comes in live events take %.2f times as long, of which %d are the aim", l.Ratio, publicationAim)
	}
}

// TestSmallPublication measures it in small, so that it can't rot.
func TestSmallPublication(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and services; runs without -short (make test)")
	}
	l := measurePublication(t, &options{
		populations: []population{{name: "hot", profiles: 400, cache: 1 << 20, fits: true}}, segments: []int{few}, events: 20_000, whole: true,
		live: time.Second / 2, repeats: 1,
	}, 10)
	if l.P99 <= 0 || l.Without <= 0 || l.Patches <= 0 || l.Bytes <= 0 || l.Profiles != 400 || l.OnTheWay <= 0 || l.Share <= 0 {
		t.Errorf("the line is %+v, want figures", l)
	}
}

// TestPublicationSays: figures of a history that was starved, or had ended,
// tell nothing.
func TestPublicationSays(t *testing.T) {
	for name, c := range map[string]struct {
		share, onTheWay float64
		good            bool
	}{
		"good": {0.4, 0.24, true}, "starved": {0.03, 0.25, false}, "ended": {1, 0.25, false}, "seldom on its way": {0.4, 0.05, false},
	} {
		l := publicationLine{Share: c.share, OnTheWay: c.onTheWay, Pace: 0.25}
		if err := l.says(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// measurePublication measures live events at a quarter of full speed, with
// seams open, in rounds: first while no patches come and then while they do.
func measurePublication(t testing.TB, o *options, batch int) publicationLine {
	t.Helper()
	// Directives arrive now, so all else has to have happened within the hour.
	defer func(was time.Time) { began = was }(began)
	began = time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	p, n := o.populations[0], o.segments[0]
	b := &bench{
		t: t, options: o, segments: segmentations(t, t.TempDir(), []int{n}), redis: startRedis(t, shards), broker: startBroker(t), progress: t.Output(),
	}
	b.begin(p)
	r := &run{t: t, options: o, population: p, contender: contender{engine, n}, segments: b.segments[n], redis: b.redis}
	defer r.end()
	r.begin(b.broker, "publication")
	r.fill()
	r.start(1, b.broker, 0)
	speed := figures{EventsPerSecond: r.fullSpeed().EventsPerSecond / 2}
	r.catchUp()

	g := newGate()
	run := r.publication(b.broker, g, batch)
	var report *publication.Report
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		report, failed = run.Run(t.Context())
	}()
	select {
	case <-g.reached:
	case <-ended:
		t.Fatalf("the publication has given nothing: %v", failed)
	}
	r.traffic.made = int(time.Since(began).Milliseconds()) + 60_000 // behind the seams
	m := publicationRounds{run: r, publication: run, gate: g, speed: speed, ended: ended}
	for len(m.ratios) < o.repeats || m.share() < leastShare && len(m.ratios) < mostRounds {
		m.round()
	}
	g.open()
	<-ended
	if failed != nil {
		t.Fatal(failed)
	}
	l := m.line()
	l.Profiles, l.Bytes = report.Profiles, rounded(float64(report.Bytes)/float64(report.Profiles))
	b.say("publication: p99 %.1f ms, and %.1f without, at %.0f events/s; %.2f of %d patches were given meanwhile",
		l.P99, l.Without, speed.EventsPerSecond/2, l.Share, l.Profiles)
	return l
}

// publicationRounds are what the rounds have measured so far.
type publicationRounds struct {
	*run
	publication *publication.Publication
	gate        *gate // shut between the rounds
	speed       figures
	ended       <-chan struct{}

	with, without, ratios []float64
	sent                  int64
	seconds, onTheWay     time.Duration
}

// round measures once without patches and once with them.
func (m *publicationRounds) round() {
	without, with := m.speed, m.speed
	m.halfLoad(&without)
	before, began := m.publication.Progress(), time.Now()
	m.gate.open()
	m.halfLoad(&with)
	m.awaitGiven(before.OnTheWay)
	m.gate.shut()
	after := m.publication.Progress()
	m.seconds += time.Since(began)
	m.sent += after.Sent - before.Sent
	m.onTheWay += after.OnTheWay - before.OnTheWay
	m.with, m.without, m.ratios = append(m.with, with.P99), append(m.without, without.P99), append(m.ratios, rounded(with.P99/without.P99))
}

// awaitGiven waits until a batch was given, which it was long ago but on a
// machine that starves the publication.
func (m *publicationRounds) awaitGiven(before time.Duration) {
	for m.publication.Progress().OnTheWay == before {
		select {
		case <-m.ended:
			return
		case <-time.After(lookEvery):
		}
	}
}

// share is the part of all patches that was given while they were measured.
func (m *publicationRounds) share() float64 {
	return float64(m.sent) / float64(m.publication.Progress().All)
}

func (m *publicationRounds) line() publicationLine {
	ratio := median(m.ratios)
	return publicationLine{
		Bench: "publication", P99: rounded(median(m.with)), Without: rounded(median(m.without)), Ratio: ratio, Ratios: m.ratios,
		Aim: publicationAim, Met: ratio <= publicationAim, OnTheWay: rounded(m.onTheWay.Seconds() / m.seconds.Seconds()),
		Pace: publication.DefaultConfig().Share, Share: rounded(m.share()), Patches: rounded(float64(m.sent) / m.seconds.Seconds()),
	}
}

// publication is one of what all profiles did before the events of the run.
func (r *run) publication(broker string, g *gate, batch int) *publication.Publication {
	r.t.Helper()
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Kafka.Keyed = []string{broker}, r.topic.name
	store := openStore(r.t, r.redis.server.Address)
	r.t.Cleanup(func() { _ = store.Close() })
	target, closed, err := live.PublicationTarget(r.t.Context(), &cfg, store)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(closed)
	g.Guide, target.Guide, target.Clock = target.Guide, g, g
	chosen, err := publication.Choose(r.segments.set, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	folder := r.t.TempDir()
	r.archive(folder)
	form := archive.Default()
	form.Match = "*.json"
	s := publication.Source{Rules: r.segments.set, Segments: chosen, Config: past.DefaultConfig()}
	s.Config.Dir = r.t.TempDir()
	s.Request = past.Request{Limits: pipeline.Default(), OnError: past.Fail}
	if s.Request.Layout, err = archive.NewLayout(form); err != nil {
		r.t.Fatal(err)
	}
	if s.Request.Bucket, s.Request.Prefix, err = archive.OpenBucket(r.t.Context(), folder, form); err != nil {
		r.t.Fatal(err)
	}
	c := publication.DefaultConfig()
	c.Settle, c.Batch = 0, batch
	run, err := publication.New(target, s, c)
	if err != nil {
		r.t.Fatal(err)
	}
	return run
}

// archive writes what begins all profiles, as objects of a folder.
func (r *run) archive(folder string) {
	r.t.Helper()
	file, err := os.Create(filepath.Join(folder, "births.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	births := newTraffic(r.population)
	for number := range r.population.profiles {
		_, _ = out.Write(append(births.birth(number).value, '\n')) // Flush tells
	}
	if err := out.Flush(); err != nil {
		r.t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		r.t.Fatal(err)
	}
}
