package rehearsal

// player plays a sample from its beginning, again and again.
type player struct {
	sample *Sample
	play   int64
	record int // of the sample, the next to play
	batch  []byte
	ends   []int // of the batch's records
	lines  []int // in the sample, of the batch's records
}

// prepare writes the next records, at most so many, into the player's memory.
// It returns false when times can't be moved on any further.
func (p *player) prepare(records int) bool {
	p.batch, p.ends, p.lines = p.batch[:0], p.ends[:0], p.lines[:0]
	for len(p.ends) < records {
		moved := p.play * p.sample.span()
		if p.sample.last/1000+moved > lastSecond {
			return false
		}
		r := &p.sample.records[p.record]
		p.batch = r.appendPlay(p.batch, p.play, moved)
		p.ends, p.lines = append(p.ends, len(p.batch)), append(p.lines, r.line)
		if p.record++; p.record == len(p.sample.records) {
			p.play, p.record = p.play+1, 0
		}
	}
	return true
}

// read copies the records out of the player's memory into that of a batch.
func (p *player) read(to *batch) {
	to.bytes = append(to.bytes[:0], p.batch...)
	to.records = to.records[:0]
	start := 0
	for _, end := range p.ends {
		to.records = append(to.records, to.bytes[start:end:end])
		start = end
	}
}

// plays is how often the sample was played.
func (p *player) plays() float64 {
	return float64(p.play) + float64(p.record)/float64(len(p.sample.records))
}

// batch is some records as the engine reads them.
type batch struct {
	bytes   []byte
	records [][]byte
}
