package sweep

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/latency"
	"muster/test/kit/workload"
)

const (
	fullSpeed = -1.0                  // a rate: as fast as records are taken
	poll      = 50 * time.Millisecond // after which an empty batch comes, or a new rate is seen
)

// feed is a Source of live events for one shard. A record is due at its time,
// whether the worker is ready for it or not. Few profiles act often: Zipf with
// exponent 1.1, flattened over the first 10.
type feed struct {
	shard int
	r     *rand.Rand
	rank  *rand.Zipf
	next  int64

	meter latency.Meter

	mu    sync.Mutex
	rate  float64 // records a second
	since time.Time
	sent  int // since then
}

func newFeed(shard, profiles int) *feed {
	r := rand.New(rand.NewPCG(uint64(shard), 41))
	own := (profiles - shard + shards - 1) / shards
	return &feed{shard: shard, r: r, rank: rand.NewZipf(r, 1.1, 10, uint64(own-1))}
}

// play sets the rate from now on.
func (f *feed) play(rate float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rate, f.since, f.sent = rate, time.Now(), 0
}

// Fetch implements pipeline.Source. As that of the product does, it lets
// records gather when it has come to the end of what there is.
func (f *feed) Fetch(ctx context.Context) (pipeline.Batch, error) {
	if !f.ready() {
		if wait := f.wait(); wait > 0 {
			select {
			case <-time.After(min(wait, poll)):
			case <-ctx.Done():
				return pipeline.Batch{}, ctx.Err()
			}
		}
	}
	return f.take(), nil
}

// ready reports whether a whole batch is due.
func (f *feed) ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ripe(time.Now()) >= stream.Default().BatchRecords
}

// wait is how long it takes until the next record has gathered others.
func (f *feed) wait() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rate <= 0 {
		return poll
	}
	return time.Until(f.dueAt(f.sent).Add(stream.Default().Linger))
}

// ripe is how many records are due and not handed out.
func (f *feed) ripe(now time.Time) int {
	switch f.rate {
	case fullSpeed:
		return stream.Default().BatchRecords
	case 0:
		return 0
	}
	return int(now.Sub(f.since).Seconds()*f.rate) - f.sent
}

func (f *feed) dueAt(i int) time.Time {
	return f.since.Add(time.Duration(float64(i+1) / f.rate * float64(time.Second)))
}

// take hands out what is due.
func (f *feed) take() pipeline.Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	ripe := max(0, f.ripe(now))
	batch := pipeline.Batch{Records: make([]pipeline.Record, min(ripe, stream.Default().BatchRecords))}
	for i := range batch.Records {
		batch.Records[i] = pipeline.Record{Offset: f.next, Value: f.record()}
		due := now
		if f.rate > 0 {
			due = f.dueAt(f.sent)
		}
		f.meter.Due(due)
		f.next++
		f.sent++
	}
	batch.Next, batch.High = f.next, f.next+int64(ripe-len(batch.Records))
	return batch
}

// Close implements pipeline.Source.
func (f *feed) Close() error { return nil }

// record makes the next event: of a hundred, 5 tell a trait, 65 are of a
// behaviour, and the others are of a kind that no rule asks for.
func (f *feed) record() []byte {
	rank := int(f.rank.Uint64())
	b := strconv.AppendUint(append(make([]byte, 0, 320), `{"messageId":"`...), f.r.Uint64(), 36)
	switch n := f.r.IntN(100); {
	case n < 5:
		b = strconv.AppendInt(append(b, `","type":"identify","traits":{"num0":`...), int64(18+f.r.IntN(60)), 10)
	case n < 70:
		b = strconv.AppendQuote(append(b, `","type":"track","event":`...), workload.Behaviours[f.r.IntN(len(workload.Behaviours))])
		b = strconv.AppendFloat(append(b, `,"properties":{"category":"shoes","value":`...), workload.Worth(f.r), 'f', -1, 64)
	default:
		b = append(b, `","type":"page","name":"Landing","properties":{"path":"/shop/spring/shoes"`...)
	}
	b = append(append(b, `},"userId":"`...), profileID(rank*shards+f.shard)...)
	at := began.Add(time.Duration(f.next) * time.Millisecond)
	b = at.AppendFormat(append(b, `","receivedAt":"`...), "2006-01-02T15:04:05.000Z07:00")
	return append(b, `"}`...)
}
