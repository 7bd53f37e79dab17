package load

import (
	"bufio"
	"context"
	"encoding/json"
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

// publicationLine is what history costs those who are live.
type publicationLine struct {
	Bench string `json:"bench"`
	// P99 is how long an event takes, see halfLoad, while patches come; Without
	// is the same before the first comes, of which Ratio is the multiple.
	P99      float64 `json:"p99_ms"`
	Without  float64 `json:"p99_ms_without"`
	Ratio    float64 `json:"ratio"`
	Aim      float64 `json:"aim"`
	Met      bool    `json:"met"`
	Patches  float64 `json:"patches_s"`
	Bytes    float64 `json:"patch_bytes"`
	Profiles int64   `json:"profiles"`
	Share    float64 `json:"sent_share"` // of the patches, when the last live event was done: 1 says that it was measured for too long
}

// publicationAim bounds the Ratio.
const publicationAim = 2

// gate is a publication.Guide that holds patches back until it is opened.
type gate struct {
	publication.Guide
	reached, opened chan struct{}
	once            sync.Once
}

// Direct implements publication.Guide.
func (g *gate) Direct(ctx context.Context, directives []directive.Directive) error {
	if directives[0].Kind == directive.Patch {
		g.once.Do(func() { close(g.reached) })
		select {
		case <-g.opened:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return g.Guide.Direct(ctx, directives)
}

// TestPublication measures how long live events take while history comes in,
// and fails where that is over its aim.
func TestPublication(t *testing.T) {
	file := os.Getenv("MUSTER_PUBLICATION")
	if file == "" {
		t.Skip("takes the machine for long; runs with MUSTER_PUBLICATION=FILE (make bench PART=publication)")
	}
	p := populations(number(t, "HOT", "100000"), 1)["hot"]
	o := options{
		populations: []population{p}, segments: []int{1000}, events: number(t, "EVENTS", "300000"),
		live: time.Duration(number(t, "LIVE", "8")) * time.Second,
	}
	l := measurePublication(t, &o, publication.DefaultConfig().Batch)
	if err := json.NewEncoder(appendTo(t, file)).Encode(l); err != nil {
		t.Fatal(err)
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
		live: time.Second / 2,
	}, 10)
	if l.P99 <= 0 || l.Without <= 0 || l.Patches <= 0 || l.Bytes <= 0 || l.Profiles != 400 {
		t.Errorf("the line is %+v, want figures", l)
	}
}

// measurePublication measures live events at a quarter of full speed, first with
// seams open and then while patches of all profiles come.
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

	g := &gate{reached: make(chan struct{}), opened: make(chan struct{})}
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
	without, with := speed, speed
	r.halfLoad(&without)
	started := time.Now()
	close(g.opened)
	r.halfLoad(&with)
	share := float64(run.Progress().Sent) / float64(run.Progress().All)
	<-ended
	if failed != nil {
		t.Fatal(failed)
	}
	ratio := with.P99 / without.P99
	b.say("publication: p99 %.1f ms, and %.1f before, at %.0f events/s; %.2f of %d patches were given meanwhile",
		with.P99, without.P99, speed.EventsPerSecond/2, share, report.Profiles)
	return publicationLine{
		Bench: "publication", P99: rounded(with.P99), Without: rounded(without.P99), Ratio: rounded(ratio), Aim: publicationAim,
		Met: ratio <= publicationAim, Patches: rounded(float64(report.Profiles) / time.Since(started).Seconds()),
		Bytes: rounded(float64(report.Bytes) / float64(report.Profiles)), Profiles: report.Profiles, Share: rounded(share),
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
	g.Guide, target.Guide = target.Guide, g
	chosen, _, err := publication.Choose(r.segments.set, nil)
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
