package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"muster/config"
	"muster/cube"
	"muster/event"
	"muster/observe"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

// adView is an event of the test's log, as a brute force counts it.
type adView struct {
	profile, site, country string
	clicked                bool
	day                    int64
}

// adLog is a log of one partition, with repeats and changes of a trait between.
type adLog struct {
	records []pipeline.Record
	views   []adView
}

// newAdLog draws a log that ends today.
func newAdLog(r *rand.Rand, n int) *adLog {
	l := &adLog{}
	end := time.Now().UnixMilli()
	country := map[string]string{}
	profiles := max(40, n/6)
	add := func(at int64, text string) {
		l.records = append(l.records, pipeline.Record{Offset: int64(2*len(l.records) + 3), Time: at, Value: []byte(text)})
	}
	for i := range n {
		at := end - int64(n-i)*60_000
		profile := fmt.Sprint("u", r.IntN(profiles))
		if r.IntN(5) == 0 {
			country[profile] = []string{"DE", "FR", "IT"}[r.IntN(3)]
			add(at, fmt.Sprintf(`{"type":"identify","userId":%q,"messageId":"i%d","traits":{"country":%q}}`, profile, i, country[profile]))
			continue
		}
		happened := at - r.Int64N(40)*86_400_000
		v := adView{profile, fmt.Sprint("site", r.IntN(5)*r.IntN(3)), country[profile], r.IntN(4) == 0, happened / 86_400_000}
		text := fmt.Sprintf(`{"type":"track","event":"Ad Viewed","userId":%q,"messageId":"m%d","timestamp":%q,"properties":{"site":%q,"clicked":%t}}`,
			profile, i, time.UnixMilli(happened).UTC().Format(time.RFC3339Nano), v.site, v.clicked)
		l.views = append(l.views, v)
		add(at, text)
		for r.IntN(10) == 0 { // a repeat, which counts for nothing
			add(at, text)
		}
	}
	return l
}

// Fetch, as pipeline.Source, in batches that nobody foresees.
type adTape struct {
	log  *adLog
	next int64
	r    *rand.Rand
}

var errEnd = errors.New("the end of the log")

func (s *adTape) Fetch(context.Context) (pipeline.Batch, error) {
	from := slices.IndexFunc(s.log.records, func(r pipeline.Record) bool { return r.Offset >= s.next })
	if from < 0 {
		return pipeline.Batch{}, errEnd
	}
	batch := s.log.records[from:min(from+1+s.r.IntN(60), len(s.log.records))]
	s.next = batch[len(batch)-1].Offset + 1
	return pipeline.Batch{Records: batch, Next: s.next, High: s.log.records[len(s.log.records)-1].Offset + 1}, nil
}

func (s *adTape) Close() error { return nil }

// dying is a store whose process dies at commits: before one lands, or behind it.
type dying struct {
	pipeline.Store
	r     *rand.Rand
	often int // one in how many commits; 0 for none
	died  int
}

var errKilled = errors.New("killed")

func (s *dying) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	if s.often == 0 || s.r.IntN(s.often) > 0 {
		return s.Store.Commit(ctx, shard, c)
	}
	s.died++
	if s.r.IntN(3) == 0 {
		if err := s.Store.Commit(ctx, shard, c); err != nil {
			return err
		}
	}
	return errKilled
}

type noLetters struct{}

func (noLetters) Write(_ context.Context, letters []pipeline.DeadLetter) error {
	return fmt.Errorf("%d dead letters, the first: %s", len(letters), letters[0].Reason)
}

const adCubes = `cubes: [{id: ads, events: "Ad Viewed", dimensions: [.site, traits.country], clicks: count(.clicked)}]`

// adService is a service that counts ads in the Redis of a configuration.
func adService(t *testing.T, declared string) (*Service, *sink.Store) {
	t.Helper()
	cfg := config.Default()
	cfg.Redis.Addresses = []string{redis.Start(t).Address}
	cfg.Redis.Buckets = 16
	store, err := sink.New(t.Context(), cfg.Redis)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Init(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s := &Service{config: cfg, cubes: &cubes{}, log: zap.NewNop(), watch: observe.New(zap.NewNop())}
	s.Cubes = func() ([]*cube.Cube, error) {
		return cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(declared)})
	}
	return s, store
}

// worker is the worker of a service over a log.
func (l *adLog) worker(t *testing.T, s *Service, store *sink.Store, over pipeline.Store, r *rand.Rand) *pipeline.Worker {
	t.Helper()
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("german", `traits.country == "DE"`)})
	if err != nil {
		t.Fatal(err)
	}
	w := &pipeline.Worker{
		Config: pipeline.Default(), Rules: pipeline.NewLive(set), Store: over, Dead: noLetters{}, Topic: "events",
		Owner: func(string) int { return 0 }, Wall: func() int64 { return 0 },
		Open: func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
			return &adTape{log: l, next: offset, r: r}, nil
		},
	}
	if err := s.beginCubes(w, store); err != nil {
		t.Fatal(err)
	}
	return w
}

// check holds answers against a brute force over the log, for stretches of days,
// filters and groups.
func (l *adLog) check(t *testing.T, s *Service, store *sink.Store, r *rand.Rand) {
	t.Helper()
	ads := s.cubes.list()[0]
	today := time.Now().Unix() / 86400
	passes := map[string]func(*adView) bool{
		"":                func(*adView) bool { return true },
		`site == "site2"`: func(v *adView) bool { return v.site == "site2" },
		`country == nil`:  func(v *adView) bool { return v.country == "" },
		`country in ["DE", "FR"] and not (site endsWith "0")`: func(v *adView) bool {
			return (v.country == "DE" || v.country == "FR") && !strings.HasSuffix(v.site, "0")
		},
	}
	for range 12 {
		first := today - r.Int64N(60)
		last := first + r.Int64N(60)
		for where, passes := range passes {
			q, err := cube.NewQuery(ads, where, []string{"site"})
			if err == nil {
				err = store.ReadCube(t.Context(), ads, first, last, q)
			}
			if err != nil {
				t.Fatal(err)
			}
			l.compare(t, q.Answer(), func(v *adView) bool { return passes(v) && first <= v.day && v.day <= last },
				fmt.Sprintf("%s from %d to %d", where, first-today, last-today))
		}
	}
}

func (l *adLog) compare(t *testing.T, a cube.Answer, counts func(*adView) bool, what string) {
	t.Helper()
	type truth struct {
		events, clicks uint64
		profiles       map[string]bool
	}
	want := map[string]*truth{"": {profiles: map[string]bool{}}}
	for i := range l.views {
		v := &l.views[i]
		if !counts(v) {
			continue
		}
		if want[v.site] == nil {
			want[v.site] = &truth{profiles: map[string]bool{}}
		}
		for _, w := range []*truth{want[""], want[v.site]} {
			w.profiles[v.profile] = true
			w.events++
			if v.clicked {
				w.clicks++
			}
		}
	}
	rows := append([]cube.Row{a.Total}, a.Rows...)
	if len(rows) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(rows), len(want))
	}
	for _, row := range rows {
		site := ""
		if len(row.Values) > 0 {
			site = row.Values[0].Text()
		}
		w := want[site]
		if w == nil {
			t.Errorf("%s: there is no %s", what, site)
			continue
		}
		n := int64(len(w.profiles))
		exact := n <= cube.Exact
		if row.Events != w.events || row.Counts[0] != w.clicks || row.Exact != exact || exact && row.Profiles != n ||
			!exact && max(row.Profiles-n, n-row.Profiles)*20 > n {
			t.Errorf("%s: %q has %d profiles (exact %t), %d events, %d clicks; want %d, %d, %d",
				what, site, row.Profiles, row.Exact, row.Events, row.Counts[0], n, w.events, w.clicks)
		}
	}
}

// Processes die between what is counted and the commit, and behind it, batches
// are cut in another way the next time, and parts are folded in meanwhile: each
// event counts once, where a brute force counts it.
func TestCubesCountOnceWhateverDies(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 5))
		s, store := adService(t, adCubes)
		l := newAdLog(r, 600+int(seed)*900)
		over := &dying{Store: store, r: r, often: 3}
		w := l.worker(t, s, store, over, r)
		for {
			err := w.Run(t.Context(), 0)
			if errors.Is(err, errEnd) {
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if r.IntN(3) == 0 {
				if _, err := store.FoldCubes(t.Context(), 0, s.config.Cubes); err != nil {
					t.Fatal(err)
				}
			}
		}
		if over.died < 5 {
			t.Fatalf("only %d processes died", over.died)
		}
		l.check(t, s, store, r)
		for more := true; more; {
			done, err := store.FoldCubes(t.Context(), 0, s.config.Cubes)
			if err != nil {
				t.Fatal(err)
			}
			more = done.More
		}
		l.check(t, s, store, r)
	}
}

// An owner that was fenced counts nothing any more, whatever it has in hand.
func TestAFencedOwnerCountsNothing(t *testing.T) {
	s, store := adService(t, adCubes)
	r := rand.New(rand.NewPCG(8, 8))
	l := newAdLog(r, 300)
	w := l.worker(t, s, store, store, r)
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	old, err := w.Counter(t.Context(), 0, state)
	if err != nil {
		t.Fatal(err)
	}
	tally := old.(*counter)
	if err := w.Run(t.Context(), 0); !errors.Is(err, errEnd) {
		t.Fatal(err)
	}
	part := cube.NewTally(400)
	part.Declare(s.cubes.list())
	tally.tally = part
	for i := range 3 {
		ev, p := oneView(i)
		tally.Count(int64(1000+i), ev, func(string) *profile.Profile { return p })
	}
	if err := tally.Store(t.Context(), &pipeline.Commit{Next: 5000}); !errors.Is(err, pipeline.ErrFenced) {
		t.Errorf("it stores: %v", err)
	}
	l.check(t, s, store, r)
}

// Where no cube is declared, nothing is asked of Redis, and the commits are what
// they were. One that is declared later counts from then on.
func TestWithoutCubesNothingIsStored(t *testing.T) {
	s, store := adService(t, "cubes: []")
	r := rand.New(rand.NewPCG(9, 9))
	l := newAdLog(r, 200)
	whole := l.records
	l.records = whole[:100]
	w := l.worker(t, s, store, store, r)
	if err := w.Run(t.Context(), 0); !errors.Is(err, errEnd) {
		t.Fatal(err)
	}
	cfg := s.config.Redis
	keys := keysOf(t, cfg.Addresses[0])
	if slices.ContainsFunc(keys, func(key string) bool { return strings.Contains(key, "cube") }) {
		t.Errorf("there are the keys %v", keys)
	}
	declared, err := cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(adCubes)})
	if err != nil {
		t.Fatal(err)
	}
	s.cubes.publish(declared)
	l.records = whole
	if err := w.Run(t.Context(), 0); !errors.Is(err, errEnd) {
		t.Fatal(err)
	}
	q, err := cube.NewQuery(declared[0], "", nil)
	if err == nil {
		today := time.Now().Unix() / 86400
		err = store.ReadCube(t.Context(), declared[0], today-100, today, q)
	}
	if a := q.Answer(); err != nil || a.Total.Events == 0 || a.Total.Events >= uint64(len(l.views)) {
		t.Errorf("%d events of %d: %v", a.Total.Events, len(l.views), err)
	}
}

// oneView is an event that the cube of ads counts.
func oneView(i int) (*event.Event, *profile.Profile) {
	id, at := fmt.Sprint("stale", i), time.Now().UnixMilli()
	return &event.Event{Type: event.Track, Profile: id, Name: "Ad Viewed", Time: at, Arrival: at}, profile.New(id)
}

// keysOf lists all keys of a server.
func keysOf(t *testing.T, address string) []string {
	t.Helper()
	c := client.NewClient(&client.Options{Addr: address, DisableIdentity: true})
	defer c.Close()
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Beside the owner of a shard what was counted is folded in, until the owner
// leaves.
func TestPartsAreFoldedBesideTheOwner(t *testing.T) {
	s, store := adService(t, adCubes)
	r := rand.New(rand.NewPCG(3, 3))
	l := newAdLog(r, 300)
	w := l.worker(t, s, store, store, r)
	c := client.NewClient(&client.Options{Addr: s.config.Redis.Addresses[0], DisableIdentity: true})
	defer c.Close()
	own := s.folding(func(ctx context.Context, partition int) error {
		if err := w.Run(ctx, partition); !errors.Is(err, errEnd) {
			return err
		}
		for deadline := time.Now().Add(time.Minute); ; {
			waiting, err := c.LLen(ctx, "m:{s0}:cube:parts").Result()
			if err != nil || waiting == 0 {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%d parts still wait", waiting)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}, store)
	if err := own(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if folded, err := c.Get(t.Context(), "m:{s0}:cube:folded").Int64(); err != nil || folded == 0 {
		t.Errorf("%d parts were folded: %v", folded, err)
	}
	l.check(t, s, store, r)
}

// Changes of the declarations are taken over while the service works, and those
// with a mistake are not.
func TestCubesAreTakenOver(t *testing.T) {
	texts := make(chan string, 1)
	text := "cubes: [{id: a, events: A}]"
	s := &Service{config: config.Default(), cubes: &cubes{}, log: zap.NewNop()}
	s.config.Segments.Reload = 10 * time.Millisecond
	asked := make(chan struct{}, 1000)
	s.Cubes = func() ([]*cube.Cube, error) {
		select {
		case text = <-texts:
		default:
		}
		asked <- struct{}{}
		return cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(text)})
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.keepCubes(ctx)
	}()
	inForce := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; {
			got := ""
			for _, c := range s.cubes.list() {
				got += c.ID
			}
			if got == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q is in force, want %q", got, want)
			}
			<-asked
		}
	}
	inForce("a")
	texts <- "cubes: [{id: b, events: A}, {id: c, events: B}]"
	inForce("bc")
	texts <- "cubes: [{id: d}]"
	for len(texts) > 0 { // until it is read
		<-asked
	}
	for len(asked) > 0 {
		<-asked
	}
	for range 2 { // at the second look from here on the one that read it is over
		<-asked
	}
	inForce("bc")
	texts <- ""
	inForce("")
	stop()
	for range 1000 {
		select {
		case <-asked:
			continue
		case <-ended:
		}
		break
	}
}
