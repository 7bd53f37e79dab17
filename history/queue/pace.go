package queue

import "time"

// paceSpan is the time that a rate is of, and paceSamples bounds what is
// remembered of it.
const (
	paceSpan    = time.Minute
	paceSamples = 32
)

// pace follows the stages of one attempt: how fast each goes, and when it
// began. It is not safe for concurrent use.
type pace struct {
	name    string
	began   time.Time
	samples []sample // of the stage at hand, oldest first, some seconds apart
	past    map[string]float64
}

type sample struct {
	at   time.Time
	done int64
}

// take fills in what can be told of the stages at a moment: only the last one
// goes on.
func (p *pace) take(stages []Stage, now time.Time) {
	if p.past == nil {
		p.past = map[string]float64{}
	}
	for i := range stages {
		s := &stages[i]
		if i < len(stages)-1 {
			if s.Name == p.name { // it has just ended
				p.past[s.Name] = now.Sub(p.began).Seconds()
			}
			s.Took = p.past[s.Name]
			continue
		}
		if s.Name != p.name {
			p.name, p.began, p.samples = s.Name, now, p.samples[:0]
		}
		s.Took = now.Sub(p.began).Seconds()
		p.rate(s, now)
	}
}

// rate adds a sample and tells the rate since the oldest that is kept.
func (p *pace) rate(s *Stage, now time.Time) {
	last := len(p.samples) - 1
	if last < 0 || now.Sub(p.samples[last].at) >= paceSpan/paceSamples {
		p.samples = append(p.samples, sample{now, s.Done})
	}
	if len(p.samples) > paceSamples {
		p.samples = p.samples[1:]
	}
	from := p.samples[0]
	span := now.Sub(from.at).Seconds()
	if span <= 0 || s.Done <= from.done {
		return
	}
	s.Rate = float64(s.Done-from.done) / span
	s.Left = max(0, float64(s.All-s.Done)/s.Rate)
}
