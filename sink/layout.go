package sink

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Layout is how the profiles of a deployment are spread over shards. A
// deployment begins with layout 1; every reshard makes the next one, under
// keys of its own.
type Layout struct {
	Number int    // 1, 2, 3, ...
	Shards int    // at least 1
	Topic  string // the keyed topic; "" for a layout 1 that was never resharded
}

// String names the layout for people.
func (l Layout) String() string {
	text := fmt.Sprintf("layout %d of %d shards", l.Number, l.Shards)
	if l.Topic != "" {
		text += " on topic " + l.Topic
	}
	return text
}

// Layouts are the layouts that Redis holds.
type Layouts struct {
	Current Layout
	Next    *Layout // what a reshard that is under way leads to; nil for none
	Old     *Layout // what the reshard before left to be dropped; nil for none
}

// Fields of the deployment's hash that only a reshard writes.
const (
	fieldLayout = "layout" // number of the current layout; absent for 1
	fieldTopic  = "topic"  // its keyed topic
	fieldNext   = "next"   // the layout that is being made
	fieldOld    = "old"    // the layout that is left to be dropped
	fieldCopied = "copied" // how far the reshard under way is, see checkpoint
)

// format writes a layout as a field's value.
func (l Layout) format() string { return fmt.Sprintf("%d %d %s", l.Number, l.Shards, l.Topic) }

// parseLayout reads what format wrote; nil for "".
func parseLayout(key, field, text string) (*Layout, error) {
	if text == "" {
		return nil, nil
	}
	var l Layout
	number, rest, _ := strings.Cut(text, " ")
	shards, topic, found := strings.Cut(rest, " ")
	var err error
	if l.Number, err = strconv.Atoi(number); err == nil {
		l.Shards, err = strconv.Atoi(shards)
	}
	if err != nil || !found || l.Shards < 1 {
		return nil, final("%s holds %q in field %s, which is not a layout", key, text, field)
	}
	l.Topic = topic
	return &l, nil
}

// parseLayouts reads them from the deployment's hash.
func parseLayouts(key string, stored map[string]string) (Layouts, error) {
	l := Layouts{Current: Layout{Number: 1, Topic: stored[fieldTopic]}}
	var err error
	if l.Current.Shards, err = strconv.Atoi(stored[fieldShards]); err != nil || l.Current.Shards < 1 {
		return l, fmt.Errorf("%s has %q shards: %w", key, stored[fieldShards], ErrMismatch)
	}
	if text := stored[fieldLayout]; text != "" {
		if l.Current.Number, err = strconv.Atoi(text); err != nil {
			return l, final("%s holds %q in field %s, which is not a number", key, text, fieldLayout)
		}
	}
	if l.Next, err = parseLayout(key, fieldNext, stored[fieldNext]); err != nil {
		return l, err
	}
	l.Old, err = parseLayout(key, fieldOld, stored[fieldOld])
	return l, err
}

// Layouts returns the layouts that Redis holds, or ErrNotInitialised.
func (s *Store) Layouts(ctx context.Context) (Layouts, error) { return s.deployment(ctx) }

// CheckTopic returns ErrMismatch when the deployment was resharded onto
// another keyed topic: offsets are those of its own, and a process with an
// old configuration must not use them. A deployment that was never resharded
// fits every topic.
func (s *Store) CheckTopic(ctx context.Context, topic string) error {
	l, err := s.deployment(ctx)
	if err != nil {
		return err
	}
	if l.Current.Topic != "" && l.Current.Topic != topic {
		return fmt.Errorf("%s holds %s since a reshard, and the configuration says %s: set `kafka.keyed: %s`: %w",
			s.keys.deployment(), l.Current, topic, l.Current.Topic, ErrMismatch)
	}
	return nil
}
