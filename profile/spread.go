package profile

import (
	"slices"

	"muster/event"
)

// novelty is a distinct value of all time that an event brought to a series.
type novelty struct {
	series int
	key    string
}

// addSpread takes an event whose list of values counts value by value, and
// reports whether the points changed. To fresh it appends the values of all
// time that are new.
func (p *points) addSpread(s *Series, ev *event.Event, now int64, cfg *Config, fresh *[]novelty) bool {
	if s.Keep == KeepTotalDistinct {
		before, limit := len(p.vals), min(cfg.Entries, cfg.StateBytes/distinctShare)
		eachValue(s.Project(ev), func(v event.Value) {
			if key := encodeKey(v); p.addDistinct(key, limit) {
				*fresh = append(*fresh, novelty{p.series, key})
			}
		})
		return len(p.vals) > before
	}
	p.expire(now - s.Window)
	if ev.Time <= now-s.Window {
		return false
	}
	var own []string // a value counts once, however often it stands in the list
	eachValue(s.Project(ev), func(v event.Value) {
		own = append(own, encodeValue(v))
	})
	slices.Sort(own)
	own = slices.Compact(own)
	for _, text := range own {
		p.insertValue(p.insertTime(ev.Time), text)
		p.shrink(cfg.Entries)
	}
	return len(own) > 0
}

// removeFresh takes back what addSpread took of the series.
func (p *points) removeFresh(fresh []novelty) {
	for _, one := range fresh {
		if one.series == p.series {
			p.removeDistinct(one.key)
		}
	}
}

// eachValue calls visit with what is in a list, and in lists in it. What is
// no list is visited itself.
func eachValue(v event.Value, visit func(event.Value)) {
	if v.Kind() != event.KindArray {
		visit(v)
		return
	}
	for _, one := range v.Elements() {
		eachValue(one, visit)
	}
}
