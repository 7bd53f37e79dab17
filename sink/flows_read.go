package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// flowShards is how many shards are asked for flows at a time.
const flowShards = 8

// Flows is what is kept of how a segment has changed.
type Flows struct {
	Size int64 // now, of the same commits as the flows
	// Since is from when on all flows are there, in ms since 1970 UTC: 0 for
	// the beginning, and -1 for that they are not counted.
	Since int64
	Flows []Flow // of hours or days with any, in order
}

// Flows reads the flows of a segment in the hours or days from an instant on,
// up to now, over all shards. The size at any instant is that of now less what
// has entered since, and with what has left: each shard is read in one
// transaction, so its size and its flows agree.
func (s *Store) Flows(ctx context.Context, segment string, step Step, from int64) (Flows, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return Flows{}, fmt.Errorf("reading flows: %w", err)
	}
	now := s.now()
	all, sums := Flows{Since: s.flowsKept(step, now)}, map[int64]Flow{}
	var mu sync.Mutex
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(flowShards)
	for shard := range shards {
		group.Go(func() error {
			one, err := s.flowsOfShard(each, shard, flowQuery{segment, step, from, now})
			mu.Lock()
			defer mu.Unlock()
			all.merge(&one, sums)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Flows{}, fmt.Errorf("reading flows of %s: %w", segment, err)
	}
	for _, f := range sums {
		if f.At >= step.Begin(from) {
			all.Flows = append(all.Flows, f)
		}
	}
	slices.SortFunc(all.Flows, func(a, b Flow) int { return cmp.Compare(a.At, b.At) })
	return all, nil
}

// flowsKept is from when on flows are kept, as they expire.
func (s *Store) flowsKept(step Step, now time.Time) int64 {
	if s.cfg.flowDays(step) == 0 {
		return -1
	}
	return Day.Begin(now.AddDate(0, 0, -s.cfg.flowDays(step)).UnixMilli())
}

func (f *Flows) merge(one *Flows, sums map[int64]Flow) {
	f.Size += one.Size
	if one.Since < 0 || f.Since < 0 {
		f.Since = -1
	} else {
		f.Since = max(f.Since, one.Since)
	}
	for _, add := range one.Flows {
		sum := sums[add.At]
		sums[add.At] = Flow{add.At, sum.Entered + add.Entered, sum.Left + add.Left}
	}
}

// flowQuery is what is asked of one shard.
type flowQuery struct {
	segment string
	step    Step
	from    int64
	now     time.Time
}

// sumsMeanwhile is how many days may be summed while a shard is read.
const sumsMeanwhile = 4

// flowsOfShard reads one shard. Which hours stand for days that are not summed
// follows from the mark, which comes with them: they are read for the mark that
// a shard with commits has, and again for the right one where it differs.
func (s *Store) flowsOfShard(ctx context.Context, shard int, q flowQuery) (Flows, error) {
	summed := summable(shard, q.now)
	for range sumsMeanwhile {
		f, now, err := s.flowsBehind(ctx, shard, q, summed)
		if err != nil || now == summed {
			return f, err
		}
		summed = now
	}
	return Flows{}, fmt.Errorf("shard %d: its days are summed faster than they are read", shard)
}

// flowPlace names a text of flows in Redis.
type flowPlace struct {
	step Step
	page int64
	at   int64 // the day that its hours are added up for, if they are
	text *redis.StringCmd
}

// flowsBehind reads one shard on the assumption of a mark, and returns the mark
// that it has. One that nobody has ever opened lacks nothing.
func (s *Store) flowsBehind(ctx context.Context, shard int, q flowQuery, summed int64) (f Flows, mark int64, err error) {
	var head *redis.SliceCmd
	var size *redis.StringCmd
	places := s.flowPlaces(q, summed)
	err = s.retry(ctx, "reading flows", func(ctx context.Context) error {
		pipe := s.client.TxPipeline()
		head = pipe.HMGet(ctx, s.keys.meta(shard), append(flowHead(q.step), "summed")...)
		size = pipe.HGet(ctx, s.keys.sizes(shard), q.segment)
		for i := range places {
			places[i].text = pipe.HGet(ctx, s.keys.flows(shard, places[i].step, places[i].page), q.segment)
		}
		_, err := pipe.Exec(ctx)
		if errors.Is(err, redis.Nil) { // a field is absent
			return nil
		}
		return err
	})
	if err != nil {
		return f, 0, err
	}
	if err := parse(s.keys.sizes(shard), q.segment, size.Val(), &f.Size); err != nil {
		return f, 0, err
	}
	if mark = summed; q.step == Day {
		text, _ := head.Val()[len(flowHead(q.step))].(string) // behind those; nil for a shard without days
		if at, marked := flowMark(text); marked {
			mark = at
		}
	}
	f.Since = flowSince(head.Val())
	for i := range places {
		if f.Flows, err = places[i].appendTo(f.Flows); err != nil {
			return f, 0, fmt.Errorf("%s: %w", s.keys.flows(shard, places[i].step, places[i].page), err)
		}
	}
	return f, mark, nil
}

// flowPlaces are the texts that tell what is asked for.
func (s *Store) flowPlaces(q flowQuery, summed int64) (places []flowPlace) {
	for _, page := range s.flowPages(q.step, q.from, q.now) {
		places = append(places, flowPlace{step: q.step, page: page})
	}
	if q.step == Day && s.cfg.DailyFlowDays > 0 {
		for _, day := range unsummed(summed) {
			places = append(places, flowPlace{step: Hour, page: day, at: Hour.at(day, 0)})
		}
	}
	return places
}

// appendTo adds what a text tells.
func (p *flowPlace) appendTo(flows []Flow) ([]Flow, error) {
	text := []byte(p.text.Val())
	if readableFlows(text) < len(text) {
		return nil, errors.New("another program must have written its counts of who entered and left, they can't be read: " +
			"remove the field of that segment")
	}
	if p.at != 0 {
		if sum := sumFlows(text); len(text) > 0 {
			flows = append(flows, Flow{p.at, int64(sum.entered), int64(sum.left)})
		}
		return flows, nil
	}
	for flow, rest, ok := nextFlow(text); ok; flow, rest, ok = nextFlow(rest) {
		flows = append(flows, Flow{p.step.at(p.page, flow.slot), int64(flow.entered), int64(flow.left)})
	}
	return flows, nil
}

// flowHead are the fields of the meta hash that flowSince reads.
func flowHead(step Step) []string {
	return []string{"epoch", step.field(), "outbox", "counted", "clock"}
}

// flowSince reads since when all flows of a shard are there: since its clock
// where an older version has made changes that were not counted.
func flowSince(values []any) int64 {
	if values[0] == nil {
		return 0
	}
	var text [5]string
	for i := range text {
		text[i], _ = values[i].(string)
	}
	since, counts := flowMark(text[1])
	if !counts {
		return -1
	}
	if clock, ok := flowMark(text[4]); ok && text[3] != "" && text[3] != text[2] {
		return max(since, clock)
	}
	return since
}

// LastFlows sums the flows of all segments from an hour on, by segment. It
// returns nil if hours are not counted. Shards are read one after the other, in
// pages, so no sum is of a single instant.
func (s *Store) LastFlows(ctx context.Context, from int64) (map[string]Flow, error) {
	if s.cfg.HourlyFlowDays == 0 {
		return nil, nil
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading flows: %w", err)
	}
	sums := map[string]Flow{}
	var mu sync.Mutex
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(flowShards)
	for shard := range shards {
		for _, page := range s.flowPages(Hour, from, s.now()) {
			group.Go(func() error {
				one, err := s.readFlowPage(each, s.keys.flows(shard, Hour, page))
				mu.Lock()
				defer mu.Unlock()
				for segment, text := range one {
					sums[segment] = sumFrom(sums[segment], text, page, from)
				}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("reading flows: %w", err)
	}
	return sums, nil
}

// sumFrom adds the hours of a text from one on.
func sumFrom(sum Flow, text []byte, page, from int64) Flow {
	for flow, rest, ok := nextFlow(text); ok; flow, rest, ok = nextFlow(rest) {
		if Hour.at(page, flow.slot) >= from {
			sum.Entered += int64(flow.entered)
			sum.Left += int64(flow.left)
		}
	}
	return sum
}

// readFlowPage reads a page, as far as it can be read. A field that comes twice
// counts once.
func (s *Store) readFlowPage(ctx context.Context, key string) (texts map[string][]byte, err error) {
	err = s.retry(ctx, "reading flows", func(ctx context.Context) error {
		texts = map[string][]byte{}
		return eachField(ctx, s.client, key, func(segment, stored string) error {
			text := []byte(stored)
			end := readableFlows(text)
			if end < len(text) {
				s.cfg.Observer.unreadable(key, segment)
			}
			texts[segment] = text[:end]
			return nil
		})
	})
	return texts, err
}
