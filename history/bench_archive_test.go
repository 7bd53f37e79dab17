package history

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"muster/history/archive"
	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/workload"
)

// yard is a generated archive of the standard customers: objects of gzip, a
// day each, of events of some 700 bytes, of which 5 of 100 are identify calls,
// 65 are of behaviours that rules ask for, and 30 are not read.
type yard struct {
	folder    string
	days      int
	perDay    int
	customers int
	heavy     float64 // share of all events that one customer has
}

// yardBegan is when the first day begins.
var yardBegan = time.Date(2025, 11, 21, 0, 0, 0, 0, time.UTC)

// lay writes the days from first on and before end.
func (y *yard) lay(b *testing.B, first, end int) {
	b.Helper()
	for day := first; day < end; day++ {
		began := yardBegan.AddDate(0, 0, day)
		path := filepath.Join(y.folder, began.Format(time.DateOnly), "events.json.gz")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		file, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		z, _ := gzip.NewWriterLevel(file, gzip.DefaultCompression)
		w := yardWriter{yard: y, r: rand.New(rand.NewPCG(uint64(day), 365)), attributes: workload.Customers()}
		for i := range y.perDay {
			if _, err := z.Write(w.line(began.Add(time.Duration(i) * 24 * time.Hour / time.Duration(y.perDay)))); err != nil {
				b.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			b.Fatal(err)
		}
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// yardWriter makes the events of a day.
type yardWriter struct {
	*yard
	r          *rand.Rand
	attributes []*workload.Attribute
	text       []byte
}

// Words of contexts, so that they pack as real ones do: about seven to one.
var (
	seasons = []string{"spring", "summer", "autumn", "winter"}
	goods   = []string{"shoes", "shirts", "coats", "hats", "socks", "belts", "bags", "scarves"}
	locales = []string{"de-DE", "en-US", "en-GB", "fr-FR", "es-ES", "nl-NL"}
	agents  = []string{
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome",
	}
)

func (w *yardWriter) line(at time.Time) []byte {
	customer := w.r.IntN(w.customers)
	if w.r.Float64() < w.heavy {
		customer = 0
	}
	b := fmt.Appendf(w.text[:0], `{"messageId":"%08x-%04x-4%03x-a%03x-%012x","userId":"customer-%08d","anonymousId":"%016x%016x",`,
		w.r.Uint32(), w.r.IntN(1<<16), w.r.IntN(1<<12), w.r.IntN(1<<12), w.r.Uint64N(1<<48), customer, uint64(customer)*0x9e3779b97f4a7c15, uint64(customer)*0xbf58476d1ce4e5b9)
	switch n := w.r.IntN(100); {
	case n < 5:
		b = append(b, `"type":"identify","traits":{`...)
		for i := range 3 {
			a := w.attributes[(customer+i*17+w.r.IntN(5))%workload.Traits]
			b = fmt.Appendf(b, `%q:`, a.Name)
			b = append(appendJSON(b, a, w.r), ',')
		}
		b = append(b, `"email":"someone@example.com"}`...)
	case n < 70:
		b = fmt.Appendf(b, `"type":"track","event":%q,"properties":{"order_id":"%x","sku":"s-%d","category":"shoes","currency":"EUR","coupon":null,"value":`,
			workload.Behaviours[w.r.IntN(len(workload.Behaviours))], w.r.Uint32(), w.r.IntN(5000))
		b = append(strconv.AppendFloat(b, workload.Worth(w.r), 'f', -1, 64), '}')
	default:
		b = fmt.Appendf(b, `"type":"page","name":"Landing","properties":{"path":"/shop/spring/shoes/%d","referrer":"https://search.example/"}`, w.r.IntN(900))
	}
	b = at.AppendFormat(append(b, `,"timestamp":"`...), "2006-01-02T15:04:05.000Z07:00")
	b = at.AppendFormat(append(b, `","receivedAt":"`...), "2006-01-02T15:04:05.000Z07:00")
	path := fmt.Sprintf("/shop/%s/%s-%d", seasons[w.r.IntN(len(seasons))], goods[w.r.IntN(len(goods))], w.r.IntN(90_000))
	w.text = fmt.Appendf(b, `","context":{"ip":"%d.%d.%d.%d","userAgent":"%s/%d.0.%d.%d","locale":"%s","sessionId":%d,`+
		`"page":{"path":"%s","url":"https://shop.example%s?gclid=%x"},"library":{"name":"analytics.js","version":"next-1.70.0"}},"version":2}`+"\n",
		w.r.IntN(250), w.r.IntN(250), w.r.IntN(250), w.r.IntN(250), agents[w.r.IntN(len(agents))], 100+w.r.IntN(40), w.r.IntN(9000), w.r.IntN(200),
		locales[w.r.IntN(len(locales))], at.UnixMilli()-w.r.Int64N(3_600_000), path, path, w.r.Uint64())
	return w.text
}

// appendJSON appends a value of an attribute.
func appendJSON(b []byte, a *workload.Attribute, r *rand.Rand) []byte {
	switch v := a.Draw(r); a.Kind {
	case workload.Text:
		return strconv.AppendQuote(b, v.Text())
	case workload.Bool:
		return strconv.AppendBool(b, v.True())
	default:
		return strconv.AppendFloat(b, v.Number(), 'f', -1, 64)
	}
}

// request asks for the yard as of the end of a day.
func (y *yard) request(b *testing.B, segments int, day int) *Request {
	b.Helper()
	config := archive.Default()
	config.Match = "{yyyy}-{mm}-{dd}/*"
	layout, err := archive.NewLayout(config)
	if err != nil {
		b.Fatal(err)
	}
	bucket, prefix, err := archive.OpenBucket(b.Context(), y.folder, config)
	if err != nil {
		b.Fatal(err)
	}
	return &Request{
		Bucket: bucket, Prefix: prefix, Layout: layout, AsOf: yardBegan.AddDate(0, 0, day).UnixMilli() - 1,
		Set: standardSet(b, segments), Limits: pipeline.Default(), OnError: Fail,
	}
}

// standardSet compiles the standard segments.
func standardSet(b *testing.B, n int) *rules.Set {
	b.Helper()
	generator := workload.NewNarrowRuleGenerator(workload.Customers(), 41)
	segments := make([]rules.Segment, n)
	for i := range segments {
		segments[i] = rules.NewSegment(fmt.Sprintf("s-%06d", i), generator.Rule().Text(workload.Muster))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		b.Fatal(err)
	}
	return set
}
