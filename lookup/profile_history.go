package lookup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"muster/pipeline"
	"muster/sink"
)

// historyScan bounds the entries of the chronicle that one page of a history
// looks through, besides those of eight days. Beyond it the page ends, with or
// without a change in it, and says where to go on.
const historyScan = 200_000

// Changed is one entry or exit of a profile.
type Changed struct {
	Segment string         `json:"segment"`
	Entered bool           `json:"entered" doc:"Whether the membership began; else it ended."`
	At      Instant        `json:"at"`
	Version uint64         `json:"version" doc:"The number of the change among all of the profile."`
	Cause   pipeline.Cause `json:"cause" doc:"Why: event, time, rules, backfill or erased."`
	Run     string         `json:"run,omitempty" doc:"The id of the run that brought history, of the cause backfill."`
}

// ProfileHistory is a page of what has changed for a profile.
type ProfileHistory struct {
	Profile string    `json:"profile"`
	Since   Instant   `json:"since" doc:"Changes later than that are told; what was before is not kept."`
	Changes []Changed `json:"changes" doc:"The newest first."`
	Next    string    `json:"next" doc:"The cursor to go on with; empty when these were all. A page may have fewer changes than asked for, or none."`
}

// ProfileHistory tells of up to limit changes of a profile, the newest first, from a
// cursor on, "" for the beginning. A cursor is good as long as changes are kept,
// and for every evaluator.
func (r *Reader) ProfileHistory(ctx context.Context, id, cursor string, limit int) (*ProfileHistory, error) {
	shard, err := r.ShardOf(id)
	if err != nil {
		return nil, err
	}
	c, err := r.store.Chronicle(ctx, shard)
	if err != nil {
		return nil, err
	}
	since, err := begins(shard, c, time.Now())
	if err != nil {
		return nil, err
	}
	p := &historyPage{reader: r, id: id, shard: shard, limit: limit, before: Changed{At: Instant((newest(c) + 1) * dayMillis)}}
	if cursor != "" {
		if p.before, err = parseHistoryPlace(cursor); err != nil {
			return nil, err
		}
	}
	h := &ProfileHistory{Profile: id, Since: Instant(since), Changes: []Changed{}}
	if c.Keep > 0 {
		if h.Next, err = p.read(ctx, h, min(int64(p.before.At)/dayMillis, newest(c))); err != nil {
			return nil, chronicleError(err)
		}
	}
	return h, nil
}

// historyPage is one page that is read.
type historyPage struct {
	reader *Reader
	id     string
	shard  int
	limit  int
	before Changed // the place: older changes than this one are told
}

// historyDays is how many days are asked for at a time.
const historyDays = 8

func (p *historyPage) read(ctx context.Context, h *ProfileHistory, from int64) (next string, err error) {
	scanned, first := 0, int64(h.Since)/dayMillis
	for day := from; day >= first; day -= historyDays {
		last := max(first, day-historyDays+1)
		var found []Changed
		err := p.reader.store.Chronicled(ctx, p.shard, sink.ChroniclePart(p.id), day, last, func(c *pipeline.Change) error {
			scanned++
			one := Changed{c.Segment, c.Entered, Instant(c.At), c.Version, c.Cause, c.Run}
			if c.Profile == p.id && one.At > h.Since && older(one, p.before) < 0 {
				found = append(found, one)
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		slices.SortFunc(found, func(a, b Changed) int { return older(b, a) })
		found = slices.CompactFunc(found, func(a, b Changed) bool { return a.Version == b.Version })
		room := p.limit - len(h.Changes)
		h.Changes = append(h.Changes, found[:min(room, len(found))]...)
		switch {
		case len(found) > room || len(h.Changes) == p.limit && last > first:
			return historyPlace(h.Changes[len(h.Changes)-1]), nil
		case scanned >= historyScan && last > first:
			return historyPlace(Changed{At: Instant(last * dayMillis)}), nil
		}
	}
	return "", nil
}

// older compares changes of one profile by time, and then by version.
func older(a, b Changed) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Version, b.Version))
}

func historyPlace(c Changed) string { return fmt.Sprintf("%d.%d", int64(c.At), c.Version) }

func parseHistoryPlace(text string) (c Changed, err error) {
	var at int64
	_, err = fmt.Sscanf(text, "%d.%d", &at, &c.Version)
	if c.At = Instant(at); err != nil || at < 0 || historyPlace(c) != text {
		return c, input("%s is no cursor; take it from the answer before, or begin without one", Shown(text))
	}
	return c, nil
}
