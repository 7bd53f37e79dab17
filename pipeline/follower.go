package pipeline

import "muster/profile"

// follower takes one profile through what happens to it and the time between,
// as a Shard does, for since when its conditions of held(...) are true. It tells
// nobody of memberships.
type follower struct {
	matcher   Matcher
	profile   *profile.Profile
	changed   profile.Changed
	evaluated bool // whether the rules were ever evaluated
}

// follow goes on with a profile. One that exists is evaluated at stream time
// now, in ms.
func (f *follower) follow(p *profile.Profile, now int64) {
	f.profile, f.evaluated = p, false
	if p.Exists() {
		f.evaluate(now)
	}
}

// step serves what is due by now, and evaluates what apply changes. Apply
// reports false for what was refused. What is not concerning is not evaluated,
// but the first time; see Matcher.Concerns.
func (f *follower) step(now int64, concerning bool, apply func(changed *profile.Changed) bool) {
	f.pass(now)
	if f.evaluated && concerning {
		f.matcher.Prepare(f.profile, now)
	}
	f.changed.Reset()
	if apply(&f.changed) && (concerning || !f.evaluated) {
		f.evaluate(now)
	}
}

// evaluate evaluates what has changed, and everything the first time.
func (f *follower) evaluate(now int64) {
	if f.evaluated {
		f.matcher.Update(f.profile, &f.changed, now)
	} else {
		f.matcher.Full(f.profile, now)
		f.evaluated = true
	}
	f.profile.Deadline = f.matcher.Deadline(f.profile, now)
}

// pass lets time pass.
func (f *follower) pass(until int64) {
	for at := f.profile.Deadline; at != 0 && at <= until; at = f.profile.Deadline {
		f.matcher.Prepare(f.profile, at-1)
		f.matcher.Wake(f.profile, at)
		f.profile.Deadline = f.matcher.Deadline(f.profile, at)
	}
}
