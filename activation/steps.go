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
	done  []ending
}

func newSteps(then Standing, held map[string][]int64) *steps {
	s := &steps{held: map[string][]int64{}, known: map[int64]bool{}}
	maps.Copy(s.held, held)
	s.step = Step{Standing: then, Wait: map[int64][]byte{}, Due: map[int64]int64{}, Held: map[string][]int64{}, Add: map[string]int64{}}
	return s
}

// behind reports whether an older message holds one of a message's profiles.
// If so it has the message wait for that one. Both is done at once, as the
// older one may be done at any moment.
func (s *steps) behind(p *parcel) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := slices.ContainsFunc(p.profiles(), func(id string) bool {
		numbers := s.held[id]
		return len(numbers) > 0 && numbers[0] != p.number
	})
	if !held {
		return false, nil
	}
	return true, s.put(p, 0)
}

// queue has a message wait until an instant, ms since 1970 UTC, or with 0
// until those that hold it back are gone.
func (s *steps) queue(p *parcel, due int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(p, due)
}

// postpone has a message wait that was not sent now and is due. One that waited
// before stays as it is.
func (s *steps) postpone(p *parcel, due int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[p.number] {
		return nil
	}
	return s.put(p, due)
}

func (s *steps) put(p *parcel, due int64) error {
	text, err := p.encode()
	if err != nil {
		return err
	}
	s.step.Wait[p.number] = text
	if due > 0 || s.known[p.number] {
		s.step.Due[p.number] = due
	}
	s.join(p)
	return nil
}

// take says that a message waited before. One that was put back by hand, which
// holds back nobody yet, joins those that its profiles wait for.
func (s *steps) take(p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[p.number] = true
	s.join(p)
}

// join puts a message behind those that hold back its profiles, behind all of
// them at once: so no two messages ever wait for each other.
func (s *steps) join(p *parcel) {
	for _, id := range p.profiles() {
		if !slices.Contains(s.held[id], p.number) {
			s.hold(id, append(slices.Clone(s.held[id]), p.number))
		}
	}
}

// remove takes a message back that waits and was never sent.
func (s *steps) remove(p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[p.number] = true
	s.step.Wait[p.number] = nil
	delete(s.step.Due, p.number)
	for _, id := range p.profiles() {
		s.hold(id, slices.DeleteFunc(slices.Clone(s.held[id]), func(n int64) bool { return n == p.number }))
	}
}

// release counts the changes of a message that is done, and has the next one
// of each of its profiles sent.
func (s *steps) release(p *parcel, as string, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step.Add[as] += int64(len(p.changes))
	s.done = append(s.done, ending{p, as == CountDead})
	for _, id := range p.profiles() {
		numbers := s.held[id]
		if len(numbers) == 0 || numbers[0] != p.number {
			continue
		}
		s.step.Wait[p.number] = nil
		delete(s.step.Due, p.number)
		s.hold(id, numbers[1:])
		if len(numbers) > 1 {
			s.step.Due[numbers[1]] = now
		}
	}
}

// ending is a message that is done.
type ending struct {
	*parcel
	dead bool
}

// settle brings the snapshot run that is carried out to where messages are. Those
// of runs before it do not count any more, but for what they may have told.
func (s *steps) settle() {
	own := &s.step.Standing
	for _, p := range s.done {
		switch {
		case own.Run == "":
		case p.owed && p.changes[0].Run == own.Run:
			own.Owed--
			if p.dead {
				own.Lost += int64(len(p.changes))
			}
		case own.Gap > 0 && own.Mark != allNamed && p.isBefore(own):
			own.Torn++
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
		if due > 0 && due <= now {
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
