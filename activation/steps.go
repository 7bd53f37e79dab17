package activation

import (
	"maps"
	"slices"
	"sync"
)

// steps gathers what a round changes. It is safe for concurrent use.
type steps struct {
	mu   sync.Mutex
	step Step
	held map[string][]int64 // by profile: the messages that hold it back, as far as they are known
	// known are the messages that waited before.
	known map[int64]bool
	gone  string // why the destination wants nothing any more, "" if it does
}

func newSteps(then Standing, held map[string][]int64) *steps {
	s := &steps{held: map[string][]int64{}, known: map[int64]bool{}}
	maps.Copy(s.held, held)
	s.step = Step{Standing: then, Wait: map[int64][]byte{}, Due: map[int64]int64{}, Held: map[string][]int64{}, Add: map[string]int64{}}
	return s
}

// behind reports whether an older message holds one of a message's profiles.
func (s *steps) behind(p *parcel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(p.profiles(), func(id string) bool {
		numbers := s.held[id]
		return len(numbers) > 0 && numbers[0] != p.number
	})
}

// queue has a message wait until an instant, ms since 1970 UTC, or with 0
// until those that hold it back are gone.
func (s *steps) queue(p *parcel, due int64) error {
	text, err := p.encode()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step.Wait[p.number] = text
	if due > 0 {
		s.step.Due[p.number] = due
	}
	for _, id := range p.profiles() {
		if !slices.Contains(s.held[id], p.number) {
			s.hold(id, append(slices.Clone(s.held[id]), p.number))
		}
	}
	return nil
}

// release counts the changes of a message that is done, and has the next one
// of each of its profiles sent.
func (s *steps) release(p *parcel, as string, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step.Add[as] += int64(len(p.changes))
	for _, id := range p.profiles() {
		numbers := s.held[id]
		if len(numbers) == 0 || numbers[0] != p.number {
			continue
		}
		s.step.Wait[p.number] = nil
		s.hold(id, numbers[1:])
		if len(numbers) > 1 {
			s.step.Due[numbers[1]] = now
		}
	}
}

// more returns how many more messages wait than before.
func (s *steps) more() int64 {
	n := int64(0)
	for number, text := range s.step.Wait {
		switch {
		case text == nil:
			n--
		case !s.known[number]:
			n++
		}
	}
	return n
}

// next reports whether a message became due by the end of another.
func (s *steps) next(now int64) bool {
	for _, due := range s.step.Due {
		if due <= now {
			return true
		}
	}
	return false
}

func (s *steps) hold(profile string, numbers []int64) {
	s.held[profile], s.step.Held[profile] = numbers, numbers
}

func (s *steps) bury(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step.Dead = append(s.step.Dead, text)
}

func (s *steps) log(entries [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step.Log = append(s.step.Log, entries...)
}

func (s *steps) count(as string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step.Add[as] += n
}

func (s *steps) disable(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = reason
}
