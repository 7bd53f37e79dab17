package history

import "math"

// estimate says what the sample tells of all objects of an outline.
func (s *sampling) estimate(o *Outline) (*Sample, error) {
	whole, err := s.count(s.results)
	if err != nil {
		return nil, err
	}
	sample := &Sample{Objects: len(s.items), Profiles: whole.profiles}
	for i := range s.items {
		sample.Bytes += s.items[i].Size
		sample.Events += s.results[i].Note.Events
	}
	scale := 1.0
	if sample.Bytes > 0 {
		scale = float64(o.Archive.Chosen.Bytes) / float64(sample.Bytes)
	}
	few, many, err := s.profiles(float64(whole.profiles), scale)
	if err != nil {
		return nil, err
	}
	sample.Estimate = Estimate{
		Events:          scaled(sample.Events, scale),
		FewProfiles:     int64(math.Round(few)),
		ManyProfiles:    int64(math.Round(many)),
		Heaviest:        whole.heaviest,
		RunBytes:        scaled(s.runBytes, scale),
		SliceBytes:      scaled(s.sliceBytes, scale),
		EvaluateSeconds: s.replaying * Seconds(scale*(o.missing(nodeSlices)+o.missing(nodePatches))/float64(o.width.count())),
	}
	if whole.rows > 0 {
		sample.Estimate.HeaviestShare = float64(whole.most) / float64(whole.rows)
	}
	if s.made.Bytes > 0 {
		// What the sample has just read is not read again. Of fewer objects than
		// workers some had nothing to do.
		busy := float64(min(s.made.Objects, s.config.Workers)) / float64(s.config.Workers)
		left := max(0, o.toRead()-s.made.Bytes)
		sample.Estimate.IndexSeconds = s.indexing * Seconds(busy*float64(left)/float64(s.made.Bytes))
	}
	return sample, nil
}

func scaled(n int64, by float64) int64 { return int64(math.Round(float64(n) * by)) }

// profiles is what the number of profiles in an archive lies between that is so
// many times the sample, which has some. Both follow from how many of them each
// half of the sample's objects has. Of a single object that can't be told: then
// all may be known, or every object has its own.
func (s *sampling) profiles(known, scale float64) (few, many float64, err error) {
	if len(s.results) < 2 || known == 0 {
		return known, known * scale, nil
	}
	var halves [2][]indexed
	for i := range s.results {
		halves[i%2] = append(halves[i%2], s.results[i])
	}
	a, err := s.count(halves[0])
	if err != nil {
		return 0, 0, err
	}
	b, err := s.count(halves[1])
	if err != nil {
		return 0, 0, err
	}
	few = recaptured(float64(a.profiles), float64(b.profiles), known, scale)
	many = known * math.Pow(scale, heaps(known, a, b))
	return min(few, many), max(few, many), nil
}

// recaptured takes all profiles to be equally active. Then how many the halves
// have in common tells how many there are (Chapman's estimator), and from that
// follows how many of them come up in the whole.
func recaptured(a, b, known, scale float64) float64 {
	all := max(known, (a+1)*(b+1)/(a+b-known+1)-1)
	return all * (1 - math.Pow(1-known/all, scale))
}

// heaps is the exponent of Heaps' law, by which new profiles come for ever: the
// known ones are so much more than those of each half as the rows are, to the
// power of it. 0 to 1.
func heaps(known float64, a, b census) float64 {
	if a.rows == 0 || b.rows == 0 {
		return 1
	}
	profiles, rows := known*known/float64(a.profiles*b.profiles), float64(a.rows+b.rows)
	return min(1, max(0, math.Log(profiles)/math.Log(rows*rows/float64(a.rows*b.rows))))
}

// missing is how many of a kind of node would be made.
func (o *Outline) missing(id string) float64 {
	for _, n := range o.Nodes {
		if n.ID == id && n.State == Missing {
			return float64(n.Count)
		}
	}
	return 0
}

// toRead is how many bytes of the archive would be read.
func (o *Outline) toRead() int64 {
	n := int64(0)
	for i := range o.Nodes {
		n += o.Nodes[i].Bytes
	}
	return n
}
