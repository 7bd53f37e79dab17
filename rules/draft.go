package rules

// Draft is a rule set in which there is no mistake, and that is not built: it
// can tell everything about its segments, but match nothing.
type Draft struct {
	set   *Set
	known *Checks
}

// Check returns the Draft of segments, or what Compile would refuse them with.
// It takes a small part of the time if most rules are known.
func Check(segments []Segment, known *Checks) (*Draft, error) {
	known.begin()
	c, err := arrange(segments, false, known, false)
	if err != nil {
		return nil, err
	}
	// How many different conditions there are is known once they are built. It
	// matters only where they would be too many if all were different.
	if checkCount(len(segments)+c.conditions) != nil {
		if _, err := compile(segments, false, Options{Checks: known}); err != nil {
			return nil, err
		}
	}
	return &Draft{c.set, known}, nil
}

// Len is the number of segments.
func (d *Draft) Len() int { return d.set.Len() }

// Segment returns the segment at a position: that of a Set of all.
func (d *Draft) Segment(position int) *Segment { return d.set.Segment(position) }

// Mentions is Set.Mentions.
func (d *Draft) Mentions(position int) []int { return d.set.Mentions(position) }

// Subset compiles some segments, by position, with those that they mention.
func (d *Draft) Subset(positions []int) (*Set, error) {
	return compile(d.set.with(positions), false, Options{Checks: d.known})
}

// Asks lists the catalogues that the rule of a position asks.
func (d *Draft) Asks(position int) []string {
	if d.set.asked[position].all == 0 {
		return nil
	}
	one, _ := d.known.check(d.Segment(position).Rule)
	var ids []string
	for _, asked := range one.Lookups {
		ids = append(ids, asked.Catalogue)
	}
	return ids
}
