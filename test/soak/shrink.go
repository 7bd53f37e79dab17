package soak

import (
	"slices"

	"muster/event"
)

// Shrink returns the smallest case it finds that still fails, by leaving
// out rules, steps, parts of rules and fields of events, one after the
// other, until nothing more can go or maxTries cases were tried. The case
// must fail.
func Shrink(c Case, fails func(*Case) bool) Case {
	s := shrinker{least: c, fails: fails, left: maxTries}
	for s.modes() || s.rules() || s.steps() || s.bodies() || s.texts() {
	}
	return s.least
}

// maxTries bounds the time that shrinking takes to some tens of seconds: a
// mistake that needs a list of a thousand constants is small enough with a
// few too many.
const maxTries = 4000

// shrinker holds the smallest case so far. Its methods report whether they
// made it smaller.
type shrinker struct {
	least Case
	fails func(*Case) bool
	left  int // tries
}

// try keeps a case if it fails.
func (s *shrinker) try(c Case) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	if !s.fails(&c) {
		return false
	}
	s.least = c
	return true
}

// modes prefers a case that nothing is stored in, no sample is taken of and
// the oracle is asked no more than it must: only such a case fails as a
// script.
func (s *shrinker) modes() bool {
	plain, unstored, unsampled, exact := s.least, s.least, s.least, s.least
	plain.Stored, plain.Sampled, plain.Around = false, false, false
	unstored.Stored, unsampled.Sampled, exact.Around = false, false, false
	for _, c := range []Case{plain, unstored, unsampled, exact} {
		if (c.Stored != s.least.Stored || c.Sampled != s.least.Sampled || c.Around != s.least.Around) && s.try(c) {
			return true
		}
	}
	return false
}

func (s *shrinker) rules() bool {
	return leaveOut(s.least.Rules, func(kept []Rule) bool {
		c := s.least
		c.Rules = kept
		return s.try(c)
	})
}

func (s *shrinker) steps() bool {
	return leaveOut(s.least.Steps, func(kept []Step) bool {
		c := s.least
		c.Steps = kept
		return s.try(c)
	})
}

func (s *shrinker) texts() bool {
	smaller := false
	for i := range s.least.Rules {
		again := true
		for again {
			again = false
			for text := range shorter(s.least.Rules[i].Text) {
				c := s.least
				c.Rules = slices.Clone(c.Rules)
				c.Rules[i].Text = text
				if s.try(c) {
					smaller, again = true, true
					break
				}
			}
		}
	}
	return smaller
}

// bodies leaves out fields of events, those on top only.
func (s *shrinker) bodies() bool {
	smaller := false
	for i := range s.least.Steps {
		if s.least.Steps[i].Event == nil {
			continue
		}
		body := s.least.Steps[i].Event.Body
		fields := make([]int, body.Len())
		for k := range fields {
			fields[k] = k
		}
		smaller = leaveOut(fields, func(kept []int) bool {
			c, ev := s.least, *s.least.Steps[i].Event
			ev.Body = only(body, kept)
			c.Steps = slices.Clone(c.Steps)
			c.Steps[i].Event = &ev
			return s.try(c)
		}) || smaller
	}
	return smaller
}

// only is an object with some of its fields.
func only(body event.Value, kept []int) event.Value {
	var pairs []event.Value
	for _, k := range kept {
		key, value := body.Field(k)
		pairs = append(pairs, event.StringOf(key), value)
	}
	return event.ObjectOf(pairs)
}

// leaveOut offers list without some of its elements, first halves, then
// smaller and smaller pieces, and goes on from what was taken. It reports
// whether any was.
func leaveOut[T any](list []T, take func([]T) bool) bool {
	taken := false
	for size := (len(list) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(list); {
			kept := slices.Delete(slices.Clone(list), at, at+size)
			if take(kept) {
				list, taken = kept, true
			} else {
				at += size
			}
		}
	}
	return taken
}
