package sink

import (
	"cmp"
	"context"
	"slices"
	"time"

	"muster/pipeline"
)

// Bounds of reach.
const (
	reachChunk   = 1000 // profiles in one PFADD
	maxReachSpan = 1100 // days in one Reach, about three years
)

// addReach adds profiles to their daily keys. It is not part of the
// transaction, as these keys are in other slots: adding twice is adding once,
// so a batch that is replayed does no harm.
func (s *Store) addReach(ctx context.Context, reach []pipeline.Reach) error {
	if len(reach) == 0 {
		return nil
	}
	return s.retry(ctx, "adding reach", func(ctx context.Context) error {
		d := s.draft()
		defer s.release(d)
		round := s.expiries.begin()
		told := s.draftReach(ctx, d, reach)
		pipe := s.client.Pipeline()
		_ = pipe.BatchProcess(ctx, d.commands...) // queues them and can't fail
		if _, err := pipe.Exec(ctx); err != nil {
			s.expiries.forget()
			return err
		}
		s.expiries.learn(round, told)
		return nil
	})
}

// draftReach adds to one segment and day after the other, and returns the
// keys that are told their expiry.
func (s *Store) draftReach(ctx context.Context, d *draft, reach []pipeline.Reach) (told []daily) {
	d.sort(len(reach), func(i, j int) int {
		a, b := &reach[i], &reach[j]
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Day, b.Day))
	})
	for rest := d.order; len(rest) > 0; {
		first, n := &reach[rest[0]], 1
		for n < len(rest) && reach[rest[n]].Segment == first.Segment && reach[rest[n]].Day == first.Day {
			n++
		}
		key := daily{first.Segment, first.Day}
		if s.draftDay(ctx, d, key, reach, rest[:n]) {
			told = append(told, key)
		}
		rest = rest[n:]
	}
	return told
}

// draftDay adds the profiles of one segment and day, and reports whether the
// key is told its expiry.
func (s *Store) draftDay(ctx context.Context, d *draft, of daily, reach []pipeline.Reach, places []int) bool {
	key := d.piece(s.keys.appendReach(d.letters, of.segment, of.day))
	for chunk := range slices.Chunk(places, reachChunk) {
		d.begin("pfadd", key)
		for _, i := range chunk {
			d.add(&reach[i].Profile)
		}
		d.end(ctx)
	}
	expiry := endOf(of.day + int64(s.cfg.ReachDays))
	again := of.day <= s.reachOver(s.now()) // the key goes when the day is packed, and may be made anew
	if s.cfg.ReachDays == 0 || !again && !s.expiries.due(of, expiry) {
		return false
	}
	d.begin("expireat", key, d.int(expiry.Unix()))
	d.end(ctx)
	return true
}

// endOf returns the last instant of a day plus one, in days since 1970 UTC.
func endOf(day int64) time.Time { return time.Unix((day+1)*86400, 0) }
