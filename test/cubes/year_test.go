package cubes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/cube"
	"muster/event"
	"muster/hyperloglog"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

const (
	ads, sites = 100, 100 // 10,000 cells
	perDay     = 200_000  // events of a day, over all cells
	population = 1_000_000
	counted    = "ad7" // the ad whose cells PFCOUNT counts too
	// longest is the aim: any question of a year.
	longest = time.Second
)

// year is a cube of which Redis has the pages of one year.
type year struct {
	cube        *cube.Cube
	store       *sink.Store
	client      *client.Client
	first, last int64
	keys        []string // of sketches in Redis' own form, of the cells of one ad
	bytes       int
}

func newYear(b *testing.B) *year {
	b.Helper()
	server := redis.Start(b)
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets = []string{server.Address}, 16
	store, err := sink.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	if err := store.Init(b.Context(), 1); err != nil {
		b.Fatal(err)
	}
	if _, err := store.Open(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	if _, err := store.OpenCubes(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	cubes, err := cube.Read(rules.Source{Name: "cubes", Data: []byte(`cubes: [{id: ads, events: Ad, dimensions: [.ad, .site], clicks: count(.clicked)}]`)})
	if err != nil {
		b.Fatal(err)
	}
	last := time.Date(2026, 11, 14, 0, 0, 0, 0, time.UTC).Unix() / 86400
	y := &year{cube: cubes[0], store: store, client: server.Client(b), first: last - 364, last: last}
	for i, p := range cube.Cover(y.first, y.last) {
		y.write(b, i, p)
	}
	return y
}

// write writes the page of one period. Cells are as frequent as the words of a
// language are: the first has a hundred times the events of the middle one.
func (y *year) write(b *testing.B, i int, p cube.Period) {
	b.Helper()
	r := rand.New(rand.NewPCG(uint64(i), 12))
	total := 0.0
	for rank := range ads * sites {
		total += 1 / math.Pow(float64(rank+1), 0.7)
	}
	days := p.Last() - p.First + 1
	key := "m:{s0}:cube:" + y.cube.Key() + ":" + p.String()
	pipe := y.client.Pipeline()
	pipe.HSet(b.Context(), key, "\x01", 1)
	for rank := range ads * sites {
		events := 1 + int(float64(perDay*days)/total/math.Pow(float64(rank+1), 0.7))
		ad, site := fmt.Sprint("ad", rank%ads), fmt.Sprint("site", rank/ads)
		c := cube.Cell{Events: uint64(events), Counts: []uint64{uint64(events / 50)}}
		var own hyperloglog.Sketch
		for range events {
			hash := (1 + r.Uint64N(population)) * 0x9e3779b97f4a7c15 // of one of the customers
			hash ^= hash >> 31
			hash *= 0xbf58476d1ce4e5b9
			hash ^= hash >> 29
			c.Crowd.Add(hash)
			if ad == counted {
				own.Add(hash)
			}
		}
		form := c.Append(nil)
		y.bytes += len(form)
		pipe.HSet(b.Context(), key, nameOf(y.cube, ad, site), form)
		if ad == counted {
			sketch := fmt.Sprintf("own:%d:%s", i, site)
			y.keys = append(y.keys, sketch)
			pipe.Set(b.Context(), sketch, own.Append(nil), 0)
		}
		if pipe.Len() >= 500 || rank == ads*sites-1 {
			if _, err := pipe.Exec(b.Context()); err != nil {
				b.Fatal(err)
			}
			pipe = y.client.Pipeline()
		}
	}
}

// nameOf is the name of the cell of an ad and a site.
func nameOf(c *cube.Cube, ad, site string) string {
	tally, name := cube.NewTally(10), ""
	tally.Declare([]*cube.Cube{c})
	body := event.ObjectOf([]event.Value{event.StringOf("ad"), event.StringOf(ad), event.StringOf("site"), event.StringOf(site)})
	tally.Count(&event.Event{Type: event.Track, Name: "Ad", Profile: "u", Body: body}, profile.New("u"))
	_ = cube.EachCell(tally.Append(nil), func(_ string, _ int64, of string, _ []byte) error {
		name = of
		return nil
	})
	return name
}

// BenchmarkYear asks a year of 10,000 cells a day. It fails where a question
// takes longer than a second.
func BenchmarkYear(b *testing.B) {
	y := newYear(b)
	for _, one := range []struct {
		name, where string
		by          []string
	}{
		{"one-ad", `ad == "` + counted + `"`, nil},
		{"half", `site startsWith "site1" or ad endsWith "5" or ad in ["ad1", "ad2", "ad3"]`, []string{"site"}},
		{"all-by-ad", "", []string{"ad"}},
	} {
		b.Run(one.name, func(b *testing.B) {
			for b.Loop() {
				q, err := cube.NewQuery(y.cube, one.where, one.by)
				if err == nil {
					err = y.store.ReadCube(b.Context(), y.cube, y.first, y.last, q)
				}
				if err != nil {
					b.Fatal(err)
				}
				if a := q.Answer(); a.Total.Profiles == 0 {
					b.Fatal("the answer is empty")
				}
			}
			b.ReportMetric(float64(y.bytes)/1e6, "MB")
			b.Logf("%s each, of %d MB", b.Elapsed()/time.Duration(b.N), y.bytes>>20)
			if each := b.Elapsed() / time.Duration(b.N); each > longest {
				b.Errorf("a question takes %s, the aim is %s", each, longest)
			}
		})
	}
	b.Run("pfcount-one-ad", func(b *testing.B) {
		for b.Loop() {
			if _, err := y.client.PFCount(b.Context(), y.keys...).Result(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
